#!/usr/bin/env python3
"""Draws the payloads that the library sends as Slack would show them: light.png and dark.png.

    apt-get install chromium
    docs/slack/draw.py

The payloads are those that a test prints; the page only imitates Slack's looks.
"""

import html
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
WIDTH, HEIGHT = 760, 2000
COLORS = {
    "light": {"page": "#fff", "text": "#1d1c1d", "faint": "#616061", "line": "#ddd", "code": "#f8f8f8", "link": "#1264a3", "mention": "#fff4cf"},
    "dark": {"page": "#1a1d21", "text": "#d1d2d3", "faint": "#9a9b9e", "line": "#45474b", "code": "#222529", "link": "#1d9bd1", "mention": "#4a3f16"},
}
STYLE = """
* { box-sizing: border-box; margin: 0 }
body { background: PAGE; color: TEXT; font: 15px/1.46 Lato, "DejaVu Sans", sans-serif; padding: 14px 20px; width: WIDTHpx }
.message { display: flex; gap: 10px; padding: 9px 0 }
.icon { flex: none; width: 36px; height: 36px; border-radius: 6px; background: #4a5a8a; color: #fff; font-weight: bold; text-align: center; line-height: 36px }
.body { flex: 1; min-width: 0 }
.name { font-weight: bold } .app { font-size: 10px; background: LINE; border-radius: 2px; padding: 1px 3px; margin: 0 5px; color: FAINT } .at { font-size: 12px; color: FAINT }
.attachment { display: flex; margin-top: 5px } .edge { flex: none; width: 4px; border-radius: 8px; margin-right: 12px }
.blocks { flex: 1; min-width: 0 } .blocks > * { margin-bottom: 6px; white-space: pre-wrap; overflow-wrap: anywhere }
pre { font: 12px/1.5 "DejaVu Sans Mono", monospace; border: 1px solid LINE; border-radius: 4px; background: CODE; padding: 8px }
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 6px 16px } .context { font-size: 12px; color: FAINT } .context span { margin-right: 10px }
.mention { background: MENTION; color: LINK; border-radius: 3px; padding: 0 2px } a { color: LINK; text-decoration: none }
"""


def payloads():
    test = "print_the_payloads_that_are_drawn"
    command = ["cargo", "test", "-q", "-p", "pipeline-notify-core", "--lib", test, "--", "--ignored", "--nocapture"]
    printed = subprocess.run(command, cwd=HERE, check=True, capture_output=True, text=True).stdout
    return json.loads(next(line for line in printed.splitlines() if line.startswith("[{")))


def mrkdwn(text):
    """Reads the part of Slack's markup that the library writes."""
    out = ""
    for token in re.split(r"(<[^>]*>)", text):
        if not token.startswith("<"):
            token = html.escape(html.unescape(token), quote=False)
            out += re.sub(r"`([^`]+)`", r"<code>\1</code>", token)
        elif token.startswith("<!date"):
            out += "Today 2:04:12 PM"
        elif token.startswith(("<@", "<!")):
            out += '<span class="mention">@anna</span>'
        else:
            out += f"<a>{token[1:-1]}</a>"
    return out


def words(text):
    """Shows a text in which nothing has a meaning."""
    return html.escape(text, quote=False)


def rich_text(element):
    if element["type"] == "rich_text_preformatted":
        return f"<pre>{words(element['elements'][0]['text'])}</pre>"
    parts = []
    for part in element["elements"]:
        shown = f"<a>{words(part.get('text', part['url']))}</a>" if part["type"] == "link" else words(part["text"])
        parts.append(f"<b>{shown}</b>" if part.get("style", {}).get("bold") else shown)
    return f"<div>{''.join(parts)}</div>"


def text(element):
    return words(element["text"]) if element["type"] == "plain_text" else mrkdwn(element["text"])


def block(block):
    if block["type"] == "rich_text":
        return "".join(rich_text(element) for element in block["elements"])
    if block["type"] == "context":
        spans = "".join(f"<span>{text(element)}</span>" for element in block["elements"])
        return f'<div class="context">{spans}</div>'
    fields = "".join(f"<div>{text(field)}</div>" for field in block["fields"])
    return f'<div class="fields">{fields}</div>'


def message(payload):
    attachments = "".join(
        f'<div class="attachment"><div class="edge" style="background:{attachment["color"]}"></div>'
        f'<div class="blocks">{"".join(block(one) for one in attachment["blocks"])}</div></div>'
        for attachment in payload["attachments"]
    )
    head = '<span class="name">alerts</span><span class="app">APP</span><span class="at">2:04 PM</span>'
    return f'<div class="message"><div class="icon">!</div><div class="body">{head}<div>{mrkdwn(payload["text"])}</div>{attachments}</div></div>'


def rows(data):
    """Reads the picture that chromium writes: its rows of (red, green, blue)."""
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert depth == 8 and kind in (2, 6), "not the PNG of chromium"
    size = 3 if kind == 2 else 4
    packed, at = b"", 8
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        packed += data[at + 8 : at + 8 + length] if name == b"IDAT" else b""
        at += length + 12
    raw, above = zlib.decompress(packed), bytearray(width * size)
    for y in range(height):
        start = y * (width * size + 1)
        method, row = raw[start], bytearray(raw[start + 1 : start + 1 + width * size])
        for x in range(len(row)):
            left, corner = (row[x - size], above[x - size]) if x >= size else (0, 0)
            guess = left + above[x] - corner
            paeth = min((left, above[x], corner), key=lambda value: abs(guess - value))
            row[x] = (row[x] + (0, left, above[x], (left + above[x]) // 2, paeth)[method]) % 256
        above = row
        yield [tuple(row[x : x + 3]) for x in range(0, len(row), size)]


def shrink(path):
    """Cuts off the empty end of a picture, and writes it with few colours: a quarter of the bytes."""
    picture = list(rows(path.read_bytes()))
    while all(pixel == picture[-1][0] for pixel in picture[-2]):
        picture.pop()
    rounded = [[tuple(round(value / 17) * 17 for value in pixel) for pixel in row] for row in picture]
    colors = sorted({pixel for row in rounded for pixel in row})
    assert len(colors) <= 256, len(colors)
    number = {color: index for index, color in enumerate(colors)}
    raw = b"".join(b"\0" + bytes(number[pixel] for pixel in row) for row in rounded)
    head = struct.pack(">IIBBBBB", len(picture[0]), len(picture), 8, 3, 0, 0, 0)
    parts = [(b"IHDR", head), (b"PLTE", bytes(value for color in colors for value in color))]
    parts += [(b"IDAT", zlib.compress(raw, 9)), (b"IEND", b"")]
    written = [struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part)) for name, part in parts]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(written))


def draw(messages, theme, folder):
    style = STYLE.replace("WIDTH", str(WIDTH))
    for name, color in COLORS[theme].items():
        style = style.replace(name.upper(), color)
    page = folder / f"{theme}.html"
    page.write_text(f'<!doctype html><meta charset="utf-8"><style>{style}</style>{"".join(messages)}')
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-lcd-text", f"--user-data-dir={folder}/profile"]
    command += [f"--screenshot={HERE / theme}.png", f"--window-size={WIDTH},{HEIGHT}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    shrink(HERE / f"{theme}.png")


def main():
    messages = [message(payload) for payload in payloads()]
    with tempfile.TemporaryDirectory() as folder:
        for theme in COLORS:
            draw(messages, theme, pathlib.Path(folder))
            size = (HERE / f"{theme}.png").stat().st_size
            if size > 150_000:
                sys.exit(f"{theme}.png has {size} bytes")


if __name__ == "__main__":
    main()
