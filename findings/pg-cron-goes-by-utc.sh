#!/usr/bin/env bash
# Guess: pg_cron runs `0 3 * * *` at 03:00 of the server's TimeZone, keeps what the first of a job's two statements did when the second fails, and
# says in the server's log that the job failed.
# Seen: at 03:00 of UTC, whatever the zone of the server. Both statements are one transaction, so that nothing is kept, and a VACUUM beside another statement
# is refused each night. Its line in the log is "COMMAND completed: INSERT 0 1" of a job that failed; cron.job_run_details alone says "failed".
# Why it matters: the clean-up runs in the working hours of Kolkata, its VACUUM never; and whoever watches the log for pg_cron's own lines reads that
# it went well. Write the hour of UTC, one statement a job, and look at cron.job_run_details.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian postgresql-15=15.20-0+deb12u1 postgresql-client-15=15.20-0+deb12u1 libpq5=15.20-0+deb12u1 postgresql-15-cron=1.4.2-2+b1
nobody=()
[ "$(id -u)" != 0 ] || nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --)
export PATH="$work/root/usr/lib/postgresql/15/bin:$PATH" PGDATABASE=postgres PGUSER=job PGHOST=127.0.0.1
export PGPORT
PGPORT=$(free_port)
mkdir "$work/data"
[ "$(id -u)" != 0 ] || chown 65534:65534 "$work/data"
timeout 120 "${nobody[@]}" initdb --pgdata="$work/data" --username=job --auth=trust --no-sync > "$work/install.log" 2>&1
start postgres env TZ=Asia/Kolkata "${nobody[@]}" postgres -D "$work/data" -p "$PGPORT" -h 127.0.0.1 -k '' -F -c timezone=Asia/Kolkata -c log_timezone=Asia/Kolkata \
    -c shared_preload_libraries=pg_cron
within 60 psql --command='SELECT 1'
ask() {
    timeout 30 psql --no-psqlrc --quiet --tuples-only --no-align --command="$1"
}
hours() { echo "$(TZ=$1 date +%-H),$(TZ=$1 date -d '+1 hour' +%-H)"; } # this one, and the next
schedule() { # the name, the line, the statements
    timeout 30 psql --no-psqlrc --quiet --output=/dev/null --set=name="$1" --set=line="$2" --set=command="$3" <<< "SELECT cron.schedule(:'name', :'line', :'command')"
}
ended() { [ "$(ask "SELECT count(DISTINCT jobid) FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')")" = 3 ]; }
ask 'CREATE EXTENSION pg_cron; CREATE TABLE seen (name text)'
schedule server "* $(hours Asia/Kolkata) * * *" "INSERT INTO seen VALUES ('03:00 of the server')"
schedule utc "* $(hours UTC) * * *" "INSERT INTO seen VALUES ('03:00 of UTC')"
schedule two '* * * * *' "INSERT INTO seen VALUES ('the first of two'); SELECT 1 / 0"
schedule vacuum '* * * * *' "DELETE FROM seen WHERE name = 'old'; VACUUM seen"
seen=$(
    within 100 ended
    echo "TimeZone: $(ask 'SHOW timezone')"
    ask 'SELECT DISTINCT name FROM seen'
    ask 'SELECT DISTINCT jobname, status, return_message FROM cron.job_run_details JOIN cron.job USING (jobid) ORDER BY 1' | grep .
    two=$(ask "SELECT jobid FROM cron.job WHERE jobname = 'two'")
    grep -o "cron job $two COMMAND completed.*" "$work/postgres.log" | sed "s/job $two/job two/" | head -n 1
)
expect 'TimeZone: Asia/Kolkata
03:00 of UTC
two|failed|ERROR:  division by zero
utc|succeeded|INSERT 0 1
vacuum|failed|ERROR:  VACUUM cannot run inside a transaction block
cron job two COMMAND completed: INSERT 0 1 1' "$seen"
