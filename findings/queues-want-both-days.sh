#!/usr/bin/env bash
# Guess: a scheduler that is given a day of the month and a day of the week, the 13th and Friday, runs on either, as cron does.
# Seen: Celery's beat, whose `from_string` takes cron's own line, Huey and arq run on Friday the 13th alone: twice in three months, where croniter and
# cronsim, which read the line as cron does, run 13 times.
# Why it matters: a line that moves from a crontab into a task queue, `0 3 1 * mon`, say, loses most of its runs, and a run that is not due is
# missed by nobody.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python celery==5.7.0 huey==3.5.4 arq==0.28.0 croniter==6.0.0 cronsim==2.8
cat > "$work/days.py" << 'PYTHON'
import datetime, itertools
import celery, celery.schedules, croniter, cronsim, huey
from arq.cron import cron

utc = datetime.timezone.utc
start, end = datetime.datetime(2026, 2, 1, tzinfo=utc), datetime.datetime(2026, 5, 1, tzinfo=utc)
three = [start + datetime.timedelta(days=day, hours=3) for day in range((end - start).days)]
LINE = "0 3 13 * fri"

def say(title, days):
    days = [f"{day:%d.%m.}" for day in days]
    print(f"{title}: {len(days)}, {' '.join(days[:4])}")

def with_celery():
    app = celery.Celery(set_as_current=False)
    crontab = celery.schedules.crontab.from_string(LINE)
    for day in three:
        crontab.nowfun, crontab.app = lambda: day, app
        if crontab.is_due(day - datetime.timedelta(minutes=1)).is_due:
            yield day

def with_arq():
    async def load(ctx):
        pass
    job = cron(load, day=13, weekday="fri", hour=3, minute=0)
    now = start
    while True:
        job.calculate_next(now)
        now = job.next_run
        yield now

def until_end(days):
    return itertools.takewhile(lambda day: day < end, days)

say("Celery", with_celery())
due = huey.crontab(minute="0", hour="3", day="13", day_of_week="5")
say("Huey", [day for day in three if due(day)])
say("arq", until_end(with_arq()))
say("croniter", until_end(croniter.croniter(LINE, start, ret_type=datetime.datetime)))
say("cronsim", until_end(cronsim.CronSim(LINE, start)))
PYTHON
expect 'Celery: 2, 13.02. 13.03.
Huey: 2, 13.02. 13.03.
arq: 2, 13.02. 13.03.
croniter: 13, 06.02. 13.02. 20.02. 27.02.
cronsim: 13, 06.02. 13.02. 20.02. 27.02.' "$(timeout 60 python3 "$work/days.py")"
