#!/usr/bin/env bash
# Draws the page of `pipeline-notify page` in headless Chromium, light and dark, wide and as on a
# phone, and fails where it must be scrolled sideways or holds what it should not.
#
#     tests/page.sh COMMAND FOLDER [PICTURES]
#
# COMMAND is the built command, FOLDER a notify directory, PICTURES where to leave the pictures.
set -euo pipefail

command=$1 folder=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pictures=${3:-$work}
mkdir -p "$pictures"

chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$chromium" ]; then
    echo "there is no Chromium here: nothing is checked"
    exit 0
fi

"$command" page --dir "$folder" --output "$work/page.html" --title 'Jobs & <others>'

browse() {
    timeout 120 "$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars \
        --allow-file-access-from-files --user-data-dir="$work/profile" \
        --virtual-time-budget=5000 "$@" 2> "$work/log" || { cat "$work/log"; exit 1; }
}

# A window is never narrower than 500 pixels; a frame in it is.
frame() {
    cat > "$work/frame-$1.html" <<HTML
<!doctype html><meta charset=utf-8><title>wait</title>
<style>html{color-scheme:$2}body{margin:0}iframe{border:0;width:$1px;height:900px;color-scheme:$2}</style>
<iframe id=page src=page.html></iframe>
<script>
onload = () => {
    const page = document.getElementById('page').contentDocument.documentElement;
    const wide = [...page.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > $1 + 1);
    document.title = [page.scrollWidth, wide.length, page.querySelectorAll('script,img,link,iframe').length].join(' ');
};
</script>
HTML
}

for width in 360 390 768 1280; do
    for scheme in light dark; do
        frame "$width" "$scheme"
        size=$(( width < 500 ? 500 : width )),900
        title=$(browse --window-size="$size" --dump-dom "file://$work/frame-$width.html" |
            sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p' | head -1)
        if [ "$title" != "$width 0 0" ]; then
            echo "at $width pixels, $scheme: the page's width, what sticks out, and what is foreign: $title"
            exit 1
        fi
        browse --window-size="$size" --screenshot="$pictures/$width-$scheme.png" \
            "file://$work/frame-$width.html" > "$work/out"
    done
done
echo "the page fits 360, 390, 768 and 1280 pixels, light and dark"
