#!/usr/bin/env bash
# Guess: the cron library of Kubernetes follows the clock on the wall where clocks change by half an hour.
# Seen: in Lord Howe `30 1 * * *` is due at half past one and once more half an hour later on the day when
# summer time begins, and `0 3 * * *` is not due at all on the day when it ends. The library steps by whole
# hours from the hour in which it stands.
# Why it matters: a CronJob with a time zone runs twice there, or not; who checks for missed runs by the
# clock alone sends an alert for a run that nobody has planned.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian golang-1.19-go=1.19.8-2 golang-1.19-src=1.19.8-2 golang-github-robfig-cron-dev=3.0.1-1
mkdir "$work/program"
cat > "$work/program/main.go" << 'GO'
package main

import (
	"fmt"
	"time"

	"github.com/robfig/cron"
)

func main() {
	zone, _ := time.LoadLocation("Australia/Lord_Howe")
	for _, asked := range []struct{ line, day string }{{"30 1 * * *", "2026-10-04"}, {"0 3 * * *", "2026-04-05"}} {
		schedule, _ := cron.ParseStandard(asked.line)
		at, _ := time.ParseInLocation("2006-01-02", asked.day, zone)
		end := at.AddDate(0, 0, 1)
		fmt.Printf("%s on %s:", asked.line, asked.day)
		for at = schedule.Next(at.Add(-time.Second)); at.Before(end); at = schedule.Next(at) {
			fmt.Printf(" %s", at.UTC().Format("15:04Z"))
		}
		fmt.Println()
	}
}
GO
go_root="$work/root/usr/lib/go-1.19"
# The package's own links lead outside of the folder.
for part in src test api misc; do rm -rf "${go_root:?}/$part"; done
ln -s "$work/root/usr/share/go-1.19/src" "$go_root/src"
install_by 300 env -C "$work/program" GOROOT="$go_root" GOPATH="$work/root/usr/share/gocode" GO111MODULE=off \
    GOCACHE="$work/cache" CGO_ENABLED=0 "$go_root/bin/go" build -o "$work/due" main.go
expect '30 1 * * * on 2026-10-04: 15:00Z 15:30Z
0 3 * * * on 2026-04-05:' "$(timeout 30 "$work/due")"
