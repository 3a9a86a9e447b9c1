#!/usr/bin/env bash
# Guess: the libraries that say a cron line in words say when it runs.
# Seen: `*/45 * * * *`, which is at minutes 0 and 45, is "every 45 minutes" to both; `*/90 * * * *`, which cron runs each hour,
# "every 90 minutes"; and `0 */5 * * *`, which leaves 4 hours between 20:00 and midnight, "every 5 hours". Of `30 2 1 * 1`, which
# cron runs on the 1st and on each Monday, cron-descriptor says "or", cronstrue "and".
# Why it matters: such words stand beside the line in dashboards, and are how a reviewer checks it. A job that reckons with the distance
# starts while the last run goes on.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python cron-descriptor==2.2.1
node_modules cronstrue@3.39.0
cd "$work"
words() {
    python3 -c 'import sys, cron_descriptor; print("cron-descriptor:", cron_descriptor.get_description(sys.argv[1]))' "$1"
    node -e 'console.log("cronstrue:", require("cronstrue").toString(process.argv[1]))' "$1"
}
seen=$(
    for line in '*/45 * * * *' '*/90 * * * *' '0 */5 * * *' '30 2 1 * 1'; do
        echo "$line"
        words "$line"
    done
)
expect '*/45 * * * *
cron-descriptor: Every 45 minutes
cronstrue: Every 45 minutes
*/90 * * * *
cron-descriptor: Every 90 minutes
cronstrue: Every 90 minutes
0 */5 * * *
cron-descriptor: Every 5 hours
cronstrue: On the hour, every 5 hours
30 2 1 * 1
cron-descriptor: At 02:30 AM, on day 1 of the month, or on Monday
cronstrue: At 02:30 AM, on day 1 of the month, and on Monday' "$seen"
