#!/usr/bin/env bash
# Guess: the programs of one host show the same local time for one value of TZ, or refuse it.
# Seen: for a zone's name they do. A rule as POSIX has it (`CET-1CEST,M3.5.0,M10.5.0/3`) is UTC to Go, and Node
# reads neither it nor the path of a zone's file. Without tzdata, as in a slim image, Node knows
# `Europe/Berlin`, and the others take it for UTC. Not one says a word.
# Why it matters: a Node scheduler and its shell jobs are two hours apart in their logs, in "due at 02:30", and in
# "no alerts at night".
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian golang-1.19-go=1.19.8-2 golang-1.19-src=1.19.8-2
echo "node $(node --version), $(python3 --version), $(date --version | sed -n 1p)"
cat > "$work/main.go" << 'GO'
package main

import (
	"fmt"
	"time"
)

func main() { fmt.Println(time.Unix(1782864000, 0).Format("15:04")) }
GO
go_root="$work/root/usr/lib/go-1.19"
# The package's own links lead outside of the folder.
for part in src test api misc; do rm -rf "${go_root:?}/$part"; done
ln -s "$work/root/usr/share/go-1.19/src" "$go_root/src"
install_by 300 env -C "$work" GOROOT="$go_root" GO111MODULE=off GOCACHE="$work/cache" CGO_ENABLED=0 \
    "$go_root/bin/go" build -trimpath -o "$work/local" main.go
cat > "$work/show" << 'SHOW'
[ -z "$1" ] || mount --bind "$1" /usr/share/zoneinfo
printf 'date %s, Python %s, Go %s, Node %s\n' "$(date --date=@1782864000 +%H:%M)" \
    "$(python3 -c 'import time; print(time.strftime("%H:%M", time.localtime(1782864000)))')" "$(./local)" \
    "$(node -p 'new Date(1782864000000).toTimeString().slice(0, 5)')"
SHOW
mkdir "$work/none"
show() { # the value, the folder of zones
    echo "$1${2:+, no tzdata}: $(TZ=$1 timeout 60 unshare --map-root-user --mount env -C "$work" sh "$work/show" "${2:-}")"
}
seen=$(
    for zone in Europe/Berlin /usr/share/zoneinfo/Europe/Berlin CET-1CEST,M3.5.0,M10.5.0/3; do show "$zone"; done
    show Europe/Berlin "$work/none"
)
expect 'Europe/Berlin: date 02:00, Python 02:00, Go 02:00, Node 02:00
/usr/share/zoneinfo/Europe/Berlin: date 02:00, Python 02:00, Go 02:00, Node 01:00
CET-1CEST,M3.5.0,M10.5.0/3: date 02:00, Python 02:00, Go 00:00, Node 00:00
Europe/Berlin, no tzdata: date 00:00, Python 00:00, Go 00:00, Node 02:00' "$seen"
