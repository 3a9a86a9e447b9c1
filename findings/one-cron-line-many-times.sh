#!/usr/bin/env bash
# Guess: a library that takes a line of a crontab runs it when cron does, or refuses it.
# Seen: `0 3 */2 * 1`, in cron the odd days that are Mondays, is each odd day and each Monday, 18 days in place of two, to croniter and five of npm. Of `5-7`,
# Friday to Sunday, pycron and later leave Sunday out; `fri-mon` is Saturday alone to later, four days to some, two to pycron, and refused by the rest. `5/15` is
# each 15 minutes to eight, once an hour to cron-schedule and cron-converter, never to pycron, and refused by two.
# Why it matters: a line that moves from one program to another runs nine times as often, or not on Sundays, or never, and nothing is said. Lists, as
# `5,20,35,50` and `5,6,0`, mean the same to all.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python croniter==7.0.0 cronsim==2.8 crontab==1.0.5 pycron==3.3.0 cron-converter==2.0.2 huey==3.5.4
node_modules cron-parser@5.10.6 croner@11.0.1 cron@4.4.0 cron-schedule@6.0.0 cronosjs@1.7.1 later@1.2.0 @breejs/later@4.2.0
cd "$work"
export TZ=UTC
cat > lines.tsv << 'LINES'
5/15 * * * *
5,20,35,50 * * * *
0 3 * * 5-7
0 3 * * 5,6,0
0 3 * * fri-mon
0 3 */2 * 1
LINES
cat > times.py << 'PYTHON'
import datetime, warnings
import cron_converter, croniter, cronsim, crontab, huey, pycron

warnings.simplefilter("ignore")
utc = datetime.timezone.utc
START = datetime.datetime(2026, 11, 1, tzinfo=utc)
BEFORE = START - datetime.timedelta(seconds=1)
END = START + datetime.timedelta(days=30)

def by_croniter(line):
    times = croniter.croniter(line, BEFORE)
    while True:
        yield times.get_next(datetime.datetime)

def by_crontab(line):
    entry, time = crontab.CronTab(line), BEFORE
    while True:
        time = entry.next(time, default_utc=True, return_datetime=True).replace(tzinfo=utc)
        yield time

def by_converter(line):
    schedule = cron_converter.Cron(line).schedule(BEFORE)
    while True:
        yield schedule.next()

def minutes(is_due):
    time = START
    while time < END:
        if is_due(time):
            yield time
        time += datetime.timedelta(minutes=1)

def by_huey(line):
    minute, hour, day, month, weekday = line.split()
    is_due = huey.crontab(minute, hour, day, month, weekday)
    return minutes(lambda time: is_due(time.replace(tzinfo=None)))

ways = {
    "croniter": by_croniter,
    "cronsim": lambda line: cronsim.CronSim(line, BEFORE),
    "crontab": by_crontab,
    "cron-converter": by_converter,
    "pycron": lambda line: minutes(lambda time: pycron.is_now(line, time)),
    "huey": by_huey,
}
for line in open("lines.tsv").read().splitlines():
    for name, times in ways.items():
        try:
            seen = []
            for time in times(line):
                if time >= END:
                    break
                seen.append(f"{time:%M}" if line[0] == "5" else f"{time:%d}")
            print(line, " ".join(sorted(set(seen))) or "never", name, sep="\t")
        except (ValueError, cronsim.CronSimError):
            print(line, "refused", name, sep="\t")
PYTHON
cat > times.cjs << 'NODE'
const START = new Date("2026-11-01T00:00:00Z"), BEFORE = new Date(START - 1000), END = new Date("2026-12-01T00:00:00Z");
const one_by_one = (next) => {
    let time = BEFORE;
    return () => (time = next(time));
};
const by_later = (later) => (line) => {
    const times = later.schedule(later.parse.cron(line)).next(3000, START);
    return () => times.shift() ?? END;
};
const ways = {
    "cron-parser"(line) {
        const times = require("cron-parser").CronExpressionParser.parse(line, { currentDate: BEFORE, tz: "UTC" });
        return () => times.next().toDate();
    },
    croner(line) {
        const job = new (require("croner").Cron)(line, { timezone: "UTC", paused: true });
        return one_by_one((time) => job.nextRun(time));
    },
    cron(line) {
        const time = new (require("cron").CronTime)(line, "UTC");
        return one_by_one((before) => time.getNextDateFrom(before, "UTC").toJSDate());
    },
    "cron-schedule"(line) {
        const schedule = require("cron-schedule").parseCronExpression(line);
        return one_by_one((before) => schedule.getNextDate(before));
    },
    cronosjs(line) {
        const expression = require("cronosjs").CronosExpression.parse(line, { timezone: "UTC" });
        return one_by_one((before) => expression.nextDate(before));
    },
    later: by_later(require("later")),
    "@breejs/later": by_later(require("@breejs/later")),
};
for (const line of require("fs").readFileSync("lines.tsv", "utf8").trim().split("\n"))
    for (const [name, way] of Object.entries(ways)) {
        const seen = new Set();
        try {
            const next = way(line);
            for (let time = next(); time < END; time = next()) seen.add(time.toISOString().slice(...(line[0] === "5" ? [14, 16] : [8, 10])));
            console.log(`${line}\t${[...seen].sort().join(" ") || "never"}\t${name}`);
        } catch {
            console.log(`${line}\trefused\t${name}`);
        }
    }
NODE
timeout 100 python3 times.py > times.tsv
timeout 60 node times.cjs >> times.tsv
seen=$(
    cut -f 1 lines.tsv | while read -r line; do
        echo "$line"
        awk -F '\t' -v line="$line" '$1 == line { by[$2] = by[$2] " " $3 } END { for (days in by) print "  " days ":" by[days] }' times.tsv | sort
    done
)
expect '5/15 * * * *
  05 20 35 50: croniter cronsim crontab cron-parser cron cronosjs later @breejs/later
  05: cron-converter cron-schedule
  never: pycron
  refused: huey croner
5,20,35,50 * * * *
  05 20 35 50: croniter cronsim crontab cron-converter pycron huey cron-parser croner cron cron-schedule cronosjs later @breejs/later
0 3 * * 5-7
  01 06 07 08 13 14 15 20 21 22 27 28 29: croniter cronsim crontab cron-converter huey cron-parser croner cron cron-schedule cronosjs
  06 07 13 14 20 21 27 28: pycron later @breejs/later
0 3 * * 5,6,0
  01 06 07 08 13 14 15 20 21 22 27 28 29: croniter cronsim crontab cron-converter pycron huey cron-parser croner cron cron-schedule cronosjs later @breejs/later
0 3 * * fri-mon
  01 02 06 07 08 09 13 14 15 16 20 21 22 23 27 28 29 30: croniter cronosjs
  06 07 13 14 20 21 27 28: pycron
  07 14 21 28: later @breejs/later
  refused: cronsim crontab cron-converter huey cron-parser croner cron cron-schedule
0 3 */2 * 1
  01 02 03 05 07 09 11 13 15 16 17 19 21 23 25 27 29 30: croniter cron-parser croner cron cron-schedule cronosjs
  09 23: cronsim crontab cron-converter pycron huey later @breejs/later' "$seen"
