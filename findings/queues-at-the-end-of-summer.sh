#!/usr/bin/env bash
# Guess: a queue's scheduler in a zone with summer time runs `*/30` each half hour, and `0 3` at 03:00, also when summer time ends.
# Seen: Celery and RQ rest for 90 minutes, from the first 02:30 to 03:00, and so does arq where it is given a zone. Without one arq "defaults to system
# timezone", which is the difference to UTC at its start: a worker started in summer runs the job of 03:00 at 02:00 until it is started anew. As
# guessed: croniter, given a time with its zone.
# Why it matters: what watches a job of each half hour says that it is overdue, on a Sunday night; and the report of 03:00 is
# made an hour before its data.
set -euo pipefail
. "$(dirname "$0")/common.bash"

debian libfaketime=0.9.10-2.1
python celery==5.7.0 rq==3.0.0 arq==0.28.0 croniter==7.0.0
cd "$work"
cat > cron.py << 'PYTHON'
import datetime, time, zoneinfo
import arq, celery, croniter, rq.cron
from celery.schedules import crontab

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
begin = datetime.datetime(2026, 10, 24, 23, 10, tzinfo=datetime.timezone.utc) # 01:10 in Berlin
end = datetime.datetime(2026, 10, 26, 12, 0, tzinfo=datetime.timezone.utc)

def with_celery(minute, hour):
    app = celery.Celery()
    app.conf.timezone = "Europe/Berlin"
    now = last = begin
    schedule = crontab(minute, hour, app=app, nowfun=lambda: now.astimezone(BERLIN))
    while now < end:
        if schedule.is_due(last.astimezone(BERLIN)).is_due:
            last = now
            yield now
        now += datetime.timedelta(minutes=1)

def with_rq(minute, hour):
    job = rq.cron.CronJob("jobs", func_name="load", cron=f"{minute} {hour} * * *")
    job.set_enqueue_time(begin)
    while job.next_enqueue_time < end:
        yield job.next_enqueue_time
        job.set_enqueue_time(job.next_enqueue_time)

def with_arq(minute, hour, timezone):
    async def load(context): ...
    minutes = {"minute": {0, 30}} if minute == "*/30" else {"minute": int(minute), "hour": int(hour)}
    job = arq.cron(load, **minutes)
    now = begin.astimezone(arq.Worker([load], timezone=timezone, handle_signals=False).timezone)
    while True:
        job.calculate_next(now)
        now = job.next_run
        if now > end:
            return
        yield now

def with_croniter(minute, hour):
    now = begin
    while True:
        now = datetime.datetime.fromtimestamp(croniter.croniter(f"{minute} {hour} * * *", now.astimezone(BERLIN)).get_next(), datetime.timezone.utc)
        if now > end:
            return
        yield now

print("the clock says", time.strftime("%F %Z"))
for name, runs in {
    "celery": with_celery, "rq": with_rq, "arq": lambda *line: with_arq(*line, None),
    "arq, timezone=": lambda *line: with_arq(*line, BERLIN), "croniter": with_croniter,
}.items():
    half_hours = [run.astimezone(BERLIN) for run in runs("*/30", "*")]
    rest = max(half_hours[n + 1].timestamp() - half_hours[n].timestamp() for n in range(8)) / 60
    daily = [run.astimezone(BERLIN).strftime("%d. %H:%M") for run in runs("0", "3")]
    print(f"{name}: {rest:.0f} minutes between two runs; daily: {', '.join(daily)}")
PYTHON
expect 'the clock says 2026-10-24 CEST
celery: 90 minutes between two runs; daily: 25. 03:00, 26. 03:00
rq: 90 minutes between two runs; daily: 25. 03:00, 26. 03:00
arq: 30 minutes between two runs; daily: 25. 02:00, 26. 02:00
arq, timezone=: 90 minutes between two runs; daily: 25. 03:00, 26. 03:00
croniter: 30 minutes between two runs; daily: 25. 03:00, 26. 03:00' "$(
    TZ=Europe/Berlin FAKETIME='@2026-10-24 12:00:00' LD_PRELOAD="$work/root/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1" \
        timeout 60 python3 cron.py 2> errors || cat errors
)"
