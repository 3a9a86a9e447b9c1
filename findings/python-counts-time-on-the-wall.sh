#!/usr/bin/env bash
# Guess: of two times that know their zone, `end - begin` is the time that passed, and the later one is the greater; an hour later is an hour later.
# Seen: of `datetime` with zoneinfo or dateutil, and of arrow, a run from 02:40 to the second 02:10, half an hour later, took 23:30 less a day; one across the
# beginning of summer time takes an hour more than it did. `end > begin` is False, of pendulum too, and an hour after 02:40 is the second 03:40.
# Python takes the two as on one clock on the wall wherever both have the same tzinfo. pytz and whenever count what passed, and so does UTC.
# Why it matters: "has it run within the last hour", a limit, a report of how long the load took, a sort by time: each is wrong for one night, and the
# deadline of `now + 1 hour` is two hours off. What is compared has to be in UTC; `timestamp()` is right of all of them.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python python-dateutil==4.0.0 arrow==1.4.0 pendulum==3.3.0 whenever==0.11.0 pytz==2026.6
cat > "$work/times.py" << 'PYTHON'
import datetime, zoneinfo
import arrow, dateutil.tz, pendulum, pytz, whenever

BERLIN = "Europe/Berlin"
hour = datetime.timedelta(hours=1)

def utc(*parts):
    return datetime.datetime(*parts, tzinfo=datetime.timezone.utc)

ways = {
    "zoneinfo": (lambda at: at.astimezone(zoneinfo.ZoneInfo(BERLIN)), lambda at: at + hour),
    "dateutil": (lambda at: at.astimezone(dateutil.tz.gettz(BERLIN)), lambda at: at + hour),
    "arrow": (lambda at: arrow.get(at).to(BERLIN), lambda at: at.shift(hours=1)),
    "pendulum": (lambda at: pendulum.instance(at).in_timezone(BERLIN), lambda at: at.add(hours=1)),
    "pytz": (lambda at: at.astimezone(pytz.timezone(BERLIN)), lambda at: at + hour),
    "whenever": (lambda at: whenever.Instant(at).to_tz(BERLIN), lambda at: at.add(hours=1)),
    "UTC": (lambda at: at, lambda at: at + hour),
}

def minutes(length):
    return round(length.total("minutes") if hasattr(length, "total") else length.total_seconds() / 60)

def stamp(at):
    return at.timestamp() if callable(at.timestamp) else at.timestamp

for name, (to_berlin, in_an_hour) in ways.items():
    begin, end = to_berlin(utc(2026, 10, 25, 0, 40)), to_berlin(utc(2026, 10, 25, 1, 10))
    spring = to_berlin(utc(2026, 3, 29, 1, 10)) - to_berlin(utc(2026, 3, 29, 0, 40))
    print(
        f"{name}: {minutes(end - begin)} minutes, and {minutes(spring)} in spring",
        "the later is greater" if end > begin else "the later is not greater",
        f"an hour later is {round((stamp(in_an_hour(begin)) - stamp(begin)) / 60)} minutes",
        sep=", ",
    )
PYTHON
expect 'zoneinfo: -30 minutes, and 90 in spring, the later is not greater, an hour later is 120 minutes
dateutil: -30 minutes, and 90 in spring, the later is not greater, an hour later is 120 minutes
arrow: -30 minutes, and 90 in spring, the later is not greater, an hour later is 120 minutes
pendulum: 30 minutes, and 30 in spring, the later is not greater, an hour later is 60 minutes
pytz: 30 minutes, and 30 in spring, the later is greater, an hour later is 60 minutes
whenever: 30 minutes, and 30 in spring, the later is greater, an hour later is 60 minutes
UTC: 30 minutes, and 30 in spring, the later is greater, an hour later is 60 minutes' "$(python3 "$work/times.py")"
