#!/usr/bin/env bash
# Guess: a job of `30 2 * * *` in Europe/Berlin is due once on the day when summer time ends, as Debian's cron
# has it.
# Seen: croniter, on which many Python schedulers stand, has it due twice, an hour apart, and so has PHP's
# cron-expression, which is Laravel's. cronsim, cron-parser and croner have it due once.
# Why it matters: the nightly job that sends invoices runs twice on one night of the year. A monitor that reads the
# line as cron does sees a run that is not planned; one that reads it as croniter does sees a missed one.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python croniter==7.0.0 cronsim==2.8
node_modules cron-parser@5.10.6 croner@11.0.1
debian php8.2-cli=8.2.36-1~deb12u1 php-dragonmantank-cron-expression=3.3.1-2 php-webmozart-assert=1.11.0-1
cat > "$work/due.py" << 'PYTHON'
from datetime import datetime
from zoneinfo import ZoneInfo
from croniter import croniter
from cronsim import CronSim

begin = datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Berlin"))
later = croniter("30 2 * * *", begin)
for name, due in ("croniter", [later.get_next(datetime) for _ in range(3)]), ("cronsim", CronSim("30 2 * * *", begin)):
    print(f"{name}:", *(at.astimezone(ZoneInfo("UTC")).strftime("%dT%H:%MZ") for at, _ in zip(due, range(3))))
PYTHON
cat > "$work/due.js" << 'JS'
const begin = new Date("2026-10-24T22:00:00Z"), zone = "Europe/Berlin";
const parsed = require("cron-parser").CronExpressionParser.parse("30 2 * * *", { currentDate: begin, tz: zone });
const show = (name, due) => console.log(`${name}:`, ...due.map((at) => at.toISOString().slice(8, 16) + "Z"));
show("cron-parser", [1, 2, 3].map(() => parsed.next().toDate()));
show("croner", new (require("croner").Cron)("30 2 * * *", { timezone: zone, paused: true }).nextRuns(3, begin));
JS
cat > "$work/due.php" << 'PHP'
<?php
spl_autoload_register(function ($class) {
    require getenv("work") . "/root/usr/share/php/" . str_replace("\\", "/", $class) . ".php";
});
$at = new DateTime("2026-10-25 00:00", new DateTimeZone("Europe/Berlin"));
$line = new Cron\CronExpression("30 2 * * *");
echo "cron-expression:";
for ($run = 0; $run < 3; $run++) {
    $at = $line->getNextRunDate($at, 0, false, "Europe/Berlin");
    echo " ", (clone $at)->setTimezone(new DateTimeZone("UTC"))->format("d\\TH:i\\Z");
}
echo "\n";
PHP
export work
seen=$(
    timeout 60 python3 "$work/due.py"
    timeout 60 node "$work/due.js"
    timeout 60 php8.2 -n -d error_reporting=0 -d date.timezone=UTC "$work/due.php"
)
expect 'croniter: 25T00:30Z 25T01:30Z 26T01:30Z
cronsim: 25T00:30Z 26T01:30Z 27T01:30Z
cron-parser: 25T00:30Z 26T01:30Z 27T01:30Z
croner: 25T00:30Z 26T01:30Z 27T01:30Z
cron-expression: 25T00:30Z 25T01:30Z 26T01:30Z' "$seen"
