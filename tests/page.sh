#!/usr/bin/env bash
# Draws the page of `pipeline-notify page` in headless Chromium, with a few jobs and with ten thousand,
# light and dark, wide and as on a phone, and walks each with the keys alone: `tests/page.py` says where it
# fails. It is passed over where there is no Chromium or Python. Everything is in a temporary folder; nothing listens.
#
#     tests/page.sh [FOLDER [PICTURES]]
#
# FOLDER is a notify directory to draw instead of one made here, PICTURES where to leave the pictures.
set -euo pipefail
cd "$(dirname "$0")/.."
chromium="$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)"
[ -n "$chromium" ] && command -v python3 > /dev/null || { echo "passed over: install chromium and python3"; exit 0; }

[ -n "${BUILT:-}" ] || nice cargo build --quiet --features cli --bin pipeline-notify --example incidents
built="${CARGO_TARGET_DIR:-target}/debug"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# Chromium leaves folders of its own there.
export TMPDIR="$work"
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
    printf 'OK\n2020-01-01 00:00:00:000000 UTC\nx\nevery-hours: 24\n\n' > "$folder/missed"
fi
timeout 60 "$built/pipeline-notify" silence --dir "$folder" 'etl.load.*' --for 2h --because 'the <database> moves' > "$work/log"
timeout 60 "$built/pipeline-notify" page --dir "$folder" --output "$work/page.html" --title 'Jobs & <others>'

python3 tests/page.py "$chromium" "$work/page.html" "$pictures"

# As many jobs as the page is made for: most of them are one job's status under other names.
if [ $# -eq 0 ]; then
    python3 - "$folder" 10000 << 'PYTHON'
import pathlib, sys
folder, number = pathlib.Path(sys.argv[1]), int(sys.argv[2])
ok = (folder / "etl.load.orders").read_bytes()
failed = (folder / "pipeline-notify.incidents.load").read_bytes()
for n in range(number):
    (folder / f"many.job.{n:05}").write_bytes(failed if n % 1000 == 0 else ok)
PYTHON
    mkdir -p "$pictures/many"
    timeout 60 "$built/pipeline-notify" page --dir "$folder" --output "$work/many.html"
    python3 tests/page.py "$chromium" "$work/many.html" "$pictures/many"
fi
echo "the page fits 360, 900 and 1,600 pixels, light and dark, needs no script, and is used by keys alone"
