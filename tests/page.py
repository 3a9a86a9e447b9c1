#!/usr/bin/env python3
"""Looks at a page of `pipeline-notify page` in headless Chromium, over its debugging pipe.

    page.py CHROMIUM PAGE.html PICTURES

It leaves pictures at 360, 900 and 1,600 pixels, light and dark, and fails where the page must be
scrolled sideways, asks for anything but itself, runs another script than its own, has a text of too
little contrast, or cannot be used with the keys alone. Without its script all must be there to read.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time

BOUND = 120

# Ours: a key is answered within as many seconds, also of ten thousand rows on a machine that is busy.
KEY = 10

# The contrast of each text with what is behind it, as WCAG 2.1 (1.4.3) has it.
CONTRAST = r"""(() => {
    const rgb = text => text.match(/[\d.]+/g).map(Number);
    const light = text => {
        const [r, g, b] = rgb(text).map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const behind = e => {
        for (; e; e = e.parentElement) {
            const back = getComputedStyle(e).backgroundColor;
            if ((rgb(back)[3] ?? 1) > 0) return back;
        }
        return 'rgb(255, 255, 255)';
    };
    let least = [21, ''];
    for (const e of [...document.querySelectorAll('body *')].slice(0, 3000)) {
        const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
        if (!own || !e.offsetParent) continue;
        const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
        const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (contrast < least[0]) least = [contrast, e.textContent.slice(0, 40)];
    }
    return least;
})()"""

# What the keys have reached: an element's name, and the text or the id by which one knows it.
FOCUSED = r"""(() => {
    const e = document.activeElement;
    const box = e.getBoundingClientRect();
    return [e.localName, e.id || e.textContent.trim(), box.width > 0 && box.height > 0 && getComputedStyle(e).outlineStyle !== 'none'];
})()"""

SHOWN = "[...document.querySelectorAll('tbody tr')].filter(r => !r.hidden).length"
FIRST = "[...document.querySelectorAll('tbody tr')].slice(0, 3).map(r => r.cells[1].firstChild.data)"


class Browser:
    """Chromium, by its debugging pipe: JSON, each message ended by a zero byte."""

    def __init__(self, chromium, profile):
        to_browser, write = os.pipe()
        read, from_browser = os.pipe()

        high = [os.dup2(fd, fd + 40) for fd in (to_browser, from_browser)]

        def place():
            # The browser reads from 3 and writes to 4.
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             "--no-first-run", "--disable-extensions", "--disable-background-networking",
             f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=place, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for fd in (to_browser, from_browser, *high):
            os.close(fd)
        self.write, self.read = write, read
        os.set_blocking(self.read, False)
        self.buffer, self.number, self.events, self.session = b"", 0, [], None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write, data):]
        return self.wait(lambda m: m.get("id") == self.number, method).get("result", {})

    def wait(self, is_it, what):
        end = time.monotonic() + BOUND
        while time.monotonic() < end:
            while b"\0" in self.buffer:
                message, self.buffer = self.buffer.split(b"\0", 1)
                message = json.loads(message)
                if "error" in message:
                    sys.exit(f"{what}: {message['error']}")
                self.events.append(message)
                if is_it(message):
                    return message
            try:
                self.buffer += os.read(self.read, 1 << 20)
            except BlockingIOError:
                time.sleep(0.01)
        sys.exit(f"{what}: no answer within {BOUND} s")

    def value(self, expression):
        result = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            sys.exit(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def load(self, page, width, scheme, script=True):
        self.ask("Emulation.setScriptExecutionDisabled", value=not script)
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        self.ask("Page.navigate", url=page)
        self.wait(lambda m: m.get("method") == "Page.loadEventFired", "the page")

    def key(self, key, code, text=None):
        begun = time.monotonic()
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **more)
        took = time.monotonic() - begun
        check(took < KEY, f"{key} is answered after {took:.0f} s")

    def tab(self):
        self.key("Tab", 9)
        return self.value(FOCUSED)

    def enter(self):
        self.key("Enter", 13, "\r")


def check(is_so, what):
    if not is_so:
        sys.exit(f"page.py: {what}")


def look(browser, page, pictures, width, scheme):
    browser.load(page, width, scheme)
    wide, shown, scripts = browser.value(
        "[document.documentElement.scrollWidth, " + SHOWN + ", document.scripts.length]")
    check(wide <= width, f"at {width} pixels, {scheme}, it is {wide} wide")
    check(scripts <= 1, f"{scripts} scripts")
    contrast, text = browser.value(CONTRAST)
    check(contrast >= 4.5, f"at {width} pixels, {scheme}: a contrast of {contrast:.1f} at `{text}`")
    picture = browser.ask("Page.captureScreenshot", format="png")["data"]
    with open(os.path.join(pictures, f"{width}-{scheme}.png"), "wb") as file:
        file.write(base64.b64decode(picture))
    asked = [m["params"]["request"]["url"] for m in browser.events if m.get("method") == "Network.requestWillBeSent"]
    check(asked == [page], f"it asks for {asked}")
    logs = [m["params"] for m in browser.events if m.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]
    check(not logs, f"the browser complains: {logs}")
    print(f"{width} pixels, {scheme}: {shown} rows, least contrast {contrast:.1f}")


def walk(browser, page, width):
    """Walks the page with the keys alone."""
    browser.load(page, width, "light")
    all_rows = browser.value(SHOWN)
    reached = []
    while len(reached) < 40:
        name, label, is_seen = browser.tab()
        if name == "body":
            break
        check(is_seen, f"at {width} pixels the keys reach {name} {label}, which nobody sees")
        reached.append((name, label))
        if label == "search":
            browser.ask("Input.insertText", text="no such job at all")
            check(browser.value(SHOWN) == 0, "the filter leaves rows that do not fit")
            check(browser.value("count.value").startswith("0 of "), "the count of rows is not said")
            browser.value("search.select()")
            browser.key("Delete", 46)
            check(browser.value(SHOWN) == all_rows, "the filter does not give the rows back")
        elif label == "only":
            for kind, what in (("e", "fail"), ("m", "have missed a run")):
                browser.key("ArrowDown", 40)
                number = browser.value(f"document.querySelectorAll('tbody tr.{kind}').length")
                check(number and browser.value(SHOWN) == number, f"the key down does not show those that {what} alone")
            browser.key("ArrowUp", 38)
            browser.key("ArrowUp", 38)
        elif label == "sort":
            browser.key("ArrowDown", 40)
            check(browser.value("sort.value") == "name", "the key down does not choose how to sort")
            names = browser.value(FIRST)
            check(names == sorted(names, key=str.lower), f"by name they are {names}")
            if width <= 1200:
                browser.key("ArrowUp", 38)
        elif name == "button":
            before = browser.value("sort.value")
            browser.enter()
            check(browser.value("sort.value") != before, f"Enter on {label} does not sort by it")
            ways = [browser.value("document.querySelector('th[aria-sort]').ariaSort")]
            browser.enter()
            ways.append(browser.value("document.querySelector('th[aria-sort]').ariaSort"))
            check(sorted(ways) == ["ascending", "descending"], f"Enter on {label}: {ways}")
            sorts = browser.value("document.querySelectorAll('th[aria-sort]').length")
            check(sorts == 1, f"{sorts} columns say that they are sorted by")
        elif name == "summary":
            browser.enter()
            check(browser.value("document.activeElement.parentElement.open"), "Enter opens no list of runs")
            break
    names = [name for name, _ in reached]
    for name in ("input", "select", "summary") + (("button",) if width > 1200 else ()):
        check(name in names, f"at {width} pixels the keys reach {reached}, and no {name}")
    print(f"{width} pixels, by keys: {', '.join(f'{name} {label[:12]}' for name, label in reached)}")


def grow(browser):
    """Shows more rows of a page that has more than a browser lays out at once, by the key."""
    shown, is_hidden = browser.value("[" + SHOWN + ", more.hidden]")
    all_rows = browser.value("document.querySelectorAll('tbody tr').length")
    check(is_hidden == (shown == all_rows), f"{shown} of {all_rows} rows are shown, and the button says otherwise")
    if not is_hidden:
        browser.value("more.focus()")
        browser.enter()
        check(browser.value(SHOWN) == 2 * shown, "Enter on `Show more` does not show as many again")


def main():
    chromium, page, pictures = sys.argv[1:]
    page = "file://" + os.path.abspath(page)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(chromium, profile)
        try:
            for width in (360, 900, 1600):
                for scheme in ("light", "dark"):
                    look(browser, page, pictures, width, scheme)
                walk(browser, page, width)
                grow(browser)
            browser.load(page, 900, "light", script=False)
            browser.ask("Emulation.setScriptExecutionDisabled", value=False)
            without = browser.value("[" + SHOWN + ", tools.hidden, document.querySelectorAll('thead button').length]")
            check(without[0] > 0 and without[1:] == [True, 0], f"without its script: {without}")
        finally:
            browser.process.kill()
            browser.process.wait()


main()
