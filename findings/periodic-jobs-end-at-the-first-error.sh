#!/usr/bin/env bash
# Guess: what calls a function each second or each night calls it again at its next time after it has raised an error, once.
# Seen: timeloop, Twisted's LoopingCall, discord.py's `tasks.loop` and reactivex's `interval` never do; the program goes on, and Twisted's says nothing.
# discord.py calls it again after an OSError. Tornado's and aiomisc's PeriodicCallback, aiocron and APScheduler do.
# Why it matters: one night with a bad row, and the job of no later night is run; the process is there, and what looks at processes is content. The job has
# to catch its errors itself, and somebody has to notice a run that does not come.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python timeloop==1.0.2 Twisted==26.10.0 discord.py==2.7.1 reactivex==6.1.0 tornado==6.6.1 aiomisc==18.0.37 aiocron==2.1 APScheduler==3.11.0
cat > "$work/periodic.py" << 'PYTHON'
import asyncio, datetime, logging, os, sys, time

logging.basicConfig()
which = sys.argv[1]
runs = 0
error = OSError if which.endswith("OSError") else ValueError

def job(*_):
    global runs
    runs += 1
    if runs == 1:
        raise error("row 7")

async def job_async():
    job()

def stop():
    print(f"{which}: {'once' if runs == 1 else 'again and again'}", flush=True)
    os._exit(0)

def in_asyncio(begin):
    async def main():
        begin()
        await asyncio.sleep(5)
        stop()
    asyncio.run(main())

if which == "timeloop":
    import timeloop
    loop = timeloop.Timeloop()
    loop.job(interval=datetime.timedelta(seconds=1))(job)
    loop.start()
    time.sleep(5)
elif which == "Twisted":
    from twisted.internet import reactor, task
    task.LoopingCall(job).start(1)
    reactor.callLater(5, stop)
    reactor.run()
elif which.startswith("discord.py"):
    from discord.ext import tasks
    in_asyncio(tasks.loop(seconds=1)(job_async).start)
elif which == "reactivex":
    import reactivex
    reactivex.interval(1).subscribe(job)
    time.sleep(5)
elif which == "tornado":
    import tornado.ioloop
    in_asyncio(tornado.ioloop.PeriodicCallback(job, 1000).start)
elif which == "aiomisc":
    import aiomisc
    in_asyncio(lambda: aiomisc.PeriodicCallback(job_async).start(1))
elif which == "aiocron":
    import aiocron
    in_asyncio(lambda: aiocron.crontab("* * * * * */1", func=job_async))
else:
    from apscheduler.schedulers.background import BackgroundScheduler
    scheduler = BackgroundScheduler()
    scheduler.add_job(job, "interval", seconds=1)
    scheduler.start()
    time.sleep(5)
stop()
PYTHON
cd "$work"
each="timeloop Twisted discord.py discord.py,OSError reactivex tornado aiomisc aiocron APScheduler"
for which in $each; do start "$which" timeout 60 python3 periodic.py "$which"; done
for which in $each; do within 60 grep -q "^$which: " "$which.log"; done
expect 'timeloop: once, said
Twisted: once, not said
discord.py: once, said
discord.py,OSError: again and again, said
reactivex: once, said
tornado: again and again, said
aiomisc: again and again, said
aiocron: again and again, said
APScheduler: again and again, said' "$(for which in $each; do tail -n 1 "$which.log" | sed "s/\$/, $(grep -q 'row 7' "$which.log" && echo said || echo not said)/"; done)"
