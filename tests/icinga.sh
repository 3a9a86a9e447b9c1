#!/usr/bin/env bash
# A real Icinga 2 that scans a notify directory: OK, then CRITICAL, then the recovery, as `check`
# says it, and as the first line of the status file does. It needs Debian's icinga2-bin, and is
# passed over where that is not installed. Everything is in a temporary folder; nothing listens.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v icinga2 > /dev/null || { echo "passed over: install icinga2-bin"; exit 0; }

[ -n "${BUILT:-}" ] || nice cargo build --quiet --features cli --bin pipeline-notify --example incidents
built="${CARGO_TARGET_DIR:-target}/debug"
folder="$(mktemp -d)"
icinga=
# Only what was started here is ended here: Icinga's own processes are one group. It may take long to
# end, and is killed after half a minute.
finish() {
    if [ -n "$icinga" ]; then
        kill -- "-$icinga" 2> /dev/null || true
        for _ in $(seq 300); do
            kill -0 -- "-$icinga" 2> /dev/null || break
            sleep 0.1
        done
        kill -KILL -- "-$icinga" 2> /dev/null || true
    fi
    rm -rf "$folder"
}
trap finish EXIT
chmod 755 "$folder"
mkdir -m 777 "$folder"/{data,log,cache,spool,run}
mkdir "$folder/jobs"
cp "$built/pipeline-notify" "$folder/"
job=pipeline-notify.incidents.load

cat > "$folder/icinga2.conf" <<CONF
$(sed -n '/^```icinga2$/,/^```$/p' docs/icinga.md | sed '/^```/d; s,/usr/local/bin/,'"$folder"'/,; s,/var/lib/notify,'"$folder"'/jobs,; s/check_interval = .*/check_interval = 500ms/; s/retry_interval = .*/retry_interval = 500ms/')

object CheckerComponent "checker" { }
object NotificationComponent "notification" { }
object Host "here" {
  check_command = "nothing"
  enable_active_checks = false
  vars.notify_dir = "$folder/jobs"
  vars.notify_files = [ "$job" ]
}
object CheckCommand "nothing" { command = [ "/bin/true" ] }
object User "anna" { }
object NotificationCommand "write" {
  command = [ "/bin/sh", "-c", "echo \"\$\$NAME \$\$KIND \$\$STATE\" >> $folder/log/sent" ]
  env.NAME = "\$service.name\$"
  env.KIND = "\$notification.type\$"
  env.STATE = "\$service.state\$"
}
apply Notification "anna" to Service {
  command = "write"
  users = [ "anna" ]
  types = [ Problem, Recovery ]
  assign where true
}
CONF

run() {
    NOTIFYDIR="$folder/jobs" NOTIFY_CHANNEL= timeout 60 "$built/examples/incidents" "$1"
}
expect() {
    for _ in $(seq 300); do
        if grep -qx "$1" "$folder/log/sent" 2> /dev/null; then
            echo "sent: $1"
            return
        fi
        sleep 0.1
    done
    echo "never sent: $1"
    tail -n 40 "$folder/log/daemon"
    exit 1
}

run ok
user="$(id -un)"
[ "$user" != root ] || user="$(stat -c %U /var/lib/icinga2 2> /dev/null || echo nagios)"
group="$(id -gn "$user")"
[ "$(id -un)" != root ] || chown "$user:$group" "$folder"/{data,log,cache,spool,run}
set -m
icinga2 daemon -c "$folder/icinga2.conf" \
    --define RunAsUser="$user" --define RunAsGroup="$group" \
    --define NodeName=here --define ZoneName=here \
    --define DataDir="$folder/data" --define LogDir="$folder/log" --define CacheDir="$folder/cache" \
    --define SpoolDir="$folder/spool" --define InitRunDir="$folder/run" > "$folder/log/daemon" 2>&1 &
icinga=$!
set +m
# Each service is checked some times; nothing may be sent of what works.
begun=
for _ in $(seq 300); do
    if grep -qs "Activated all objects" "$folder/log/daemon"; then
        begun=yes
        break
    fi
    sleep 0.1
done
[ -n "$begun" ] || { echo "Icinga has not begun within half a minute"; tail -n 40 "$folder/log/daemon"; exit 1; }
sleep 2
[ ! -s "$folder/log/sent" ] || { cat "$folder/log/told"; exit 1; }
echo "quiet: OK"
run "disk full"
expect "pipelines PROBLEM CRITICAL"
expect "first line $job PROBLEM CRITICAL"
run ok
expect "pipelines RECOVERY OK"
expect "first line $job RECOVERY OK"
