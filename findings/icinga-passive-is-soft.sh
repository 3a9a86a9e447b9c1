#!/usr/bin/env bash
# Guess: a job posts its failure to Icinga 2 as a passive result, CRITICAL, and whoever is to be notified is.
# Seen: a first result that is passive makes a soft state, as an active check's does, and nobody is notified; the next
# result of the same kind may be a day away. `max_check_attempts = 1` makes it hard; the default is 3.
# Why it matters: a monthly job that posts once shows red on a page that nobody looks at, and no message leaves.
set -euo pipefail
. "$(dirname "$0")/common.bash"

boost=1.74.0+ds1-21
debian icinga2-bin=2.13.6-2+deb12u2 libboost-coroutine1.74.0=$boost libboost-context1.74.0=$boost libboost-filesystem1.74.0=$boost \
    libboost-iostreams1.74.0=$boost libboost-program-options1.74.0=$boost libboost-regex1.74.0=$boost libboost-thread1.74.0=$boost \
    libedit2=3.1-20221030-2
mkdir -p "$work"/{data,log,cache,run,spool,etc}
cat > "$work/config" << CONFIG
library "checker"
library "notification"
library "compat"
object CheckerComponent "checker" {}
object NotificationComponent "notification" {}
object ExternalCommandListener "commands" { command_path = "$work/commands" }
object CheckCommand "none" { command = [ "/bin/true" ] }
object NotificationCommand "note" { command = [ "/bin/sh", "-c", "echo \$\$1 \$\$2 >> $work/notified", "sh", "\$service.name\$", "\$service.state\$" ] }
object User "ops" {}
object Host "host" { check_command = "none"; enable_active_checks = false }
template Service "passive" { host_name = "host"; check_command = "none"; enable_active_checks = false }
object Service "by-default" { import "passive" }
object Service "one-attempt" { import "passive"; max_check_attempts = 1 }
for (service in [ "by-default", "one-attempt" ]) {
  object Notification "ops-" + service use (service) { host_name = "host"; service_name = service; command = "note"; users = [ "ops" ] }
}
CONFIG
start icinga "$work/root/usr/lib/$(uname -m)-linux-gnu/icinga2/sbin/icinga2" --no-stack-rlimit daemon --config "$work/config" \
    -D RunAsUser="$(id -un)" -D RunAsGroup="$(id -gn)" -D DataDir="$work/data" -D LogDir="$work/log" -D CacheDir="$work/cache" \
    -D InitRunDir="$work/run" -D SpoolDir="$work/spool" -D ConfigDir="$work/etc"
within 60 test -p "$work/commands"
within 30 grep -q 'Activated all objects' "$work/icinga.log"
post() { # the service
    timeout 10 sh -c 'echo "[$(date +%s)] PROCESS_SERVICE_CHECK_RESULT;host;$1;2;load failed" > "$2"' sh "$1" "$work/commands"
}
post by-default
post one-attempt
within 30 grep -q one-attempt "$work/notified"
sleep 3
seen=$(
    echo "results: $(grep -o 'PROCESS_SERVICE_CHECK_RESULT;host;[a-z-]*;2' "$work/icinga.log" | cut -d';' -f3 | paste -sd' ')"
    echo "notified: $(cat "$work/notified")"
)
expect 'results: by-default one-attempt
notified: one-attempt CRITICAL' "$seen"
