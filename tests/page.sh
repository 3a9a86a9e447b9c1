#!/usr/bin/env bash
# Draws the page of `pipeline-notify page` in headless Chromium, light and dark, wide and as on a
# phone, and fails where it must be scrolled sideways, or holds anything that is loaded or run. It is
# passed over where there is no Chromium. Everything is in a temporary folder; nothing listens.
#
#     tests/page.sh [FOLDER [PICTURES]]
#
# FOLDER is a notify directory to draw instead of one made here, PICTURES where to leave the pictures.
set -euo pipefail
cd "$(dirname "$0")/.."
chromium="$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)"
[ -n "$chromium" ] || { echo "passed over: install chromium"; exit 0; }

nice cargo build --quiet --features cli --bin pipeline-notify --example incidents
built="${CARGO_TARGET_DIR:-target}/debug"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
folder="${1:-$work/jobs}"
pictures="${2:-$work/pictures}"
mkdir -p "$pictures"

if [ $# -eq 0 ]; then
    mkdir "$folder"
    long="$(printf 'etl.load.%.0s' {1..25})"
    wide="$(printf 'a-path-without-blanks/%.0s' {1..12})"
    for outcome in ok ok "no route" ok "<script>document.title = 'run'</script> $wide"; do
        env -i NOTIFYDIR="$folder" timeout 60 "$built/examples/incidents" "$outcome" 2> "$work/log"
    done
    for job in etl.load.orders "$long"; do
        sed '1s/.*/OK/; /^$/,$d' "$folder/pipeline-notify.incidents.load" > "$folder/$job"
    done
    echo "no status" > "$folder/broken"
fi
timeout 60 "$built/pipeline-notify" page --dir "$folder" --output "$work/page.html" --title 'Jobs & <others>'

browse() {
    nice timeout 120 "$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars \
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
    const some = [...page.querySelectorAll('body *')].slice(0, 2000);
    const wide = some.filter(e => e.getBoundingClientRect().right > $1 + 1);
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
