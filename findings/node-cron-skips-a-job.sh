#!/usr/bin/env bash
# Guess: a job that is due while the program is busy for three seconds, or while its clock is set forward by a minute, is run as soon as that is over.
# Seen: node-cron and APScheduler's asyncio scheduler do not run it at all: a daily job is run the day after. cron, node-schedule and croner run it once the
# program has time; where the clock was set forward by a minute, a minute late. node-cron and APScheduler log a warning. With
# `misfire_grace_time=None` APScheduler runs it.
# Why it matters: a job that parses a large file keeps another one, which is due in these seconds, from being run that day; a clock that is set right after
# boot moves or drops what was planned.
set -euo pipefail
. "$(dirname "$0")/common.bash"

node_modules node-cron@4.6.0 cron@4.4.0 node-schedule@2.1.1 croner@11.0.1
python APScheduler==3.11.0
debian libfaketime=0.9.10-2.1
cd "$work"
cat > job.mjs << 'NODE'
import { CronJob } from "cron";
import { Cron } from "croner";
import { writeFileSync } from "fs";
import nodeCron from "node-cron";
import schedule from "node-schedule";

// Due some seconds from now, once a day.
const due = new Date(Math.ceil(Date.now() / 1000) * 1000 + 8000);
const line = `${due.getSeconds()} ${due.getMinutes()} ${due.getHours()} * * *`;
const late = {};
const note = (name) => () => { late[name] = (Date.now() - due) / 1000; };
nodeCron.schedule(line, note("node-cron"));
new CronJob(line, note("cron"), null, true);
schedule.scheduleJob(line, note("node-schedule"));
new Cron(line, note("croner"));
if (process.argv[2] === "busy") {
    setTimeout(() => { while (Date.now() < +due + 2500); }, 7000);
} else {
    setTimeout(() => writeFileSync(process.env.FAKETIME_TIMESTAMP_FILE, "+60"), 2000);
}
setTimeout(() => {
    for (const name of ["node-cron", "cron", "node-schedule", "croner"]) {
        const how = !(name in late) ? "never" : late[name] < 30 ? "when it has time" : "a minute late";
        console.log(`${process.argv[2]}: ${name}: ${how}`);
    }
    process.exit();
}, 20000);
NODE
cat > job.py << 'PYTHON'
import asyncio, datetime, time
from apscheduler.schedulers.asyncio import AsyncIOScheduler

async def main():
    due = datetime.datetime.now().replace(microsecond=0) + datetime.timedelta(seconds=5)
    ran = []
    scheduler = AsyncIOScheduler()
    at = dict(hour=due.hour, minute=due.minute, second=due.second)
    scheduler.add_job(ran.append, "cron", ["APScheduler"], **at)
    scheduler.add_job(ran.append, "cron", ["misfire_grace_time=None"], misfire_grace_time=None, **at)
    scheduler.start()
    await asyncio.sleep(due.timestamp() - time.time() - 1)
    time.sleep(4)
    await asyncio.sleep(5)
    for name in "APScheduler", "misfire_grace_time=None":
        print(f"busy: {name}: {'when it has time' if name in ran else 'never'}")

asyncio.run(main())
PYTHON
echo +0 > clock
export FAKETIME_TIMESTAMP_FILE=$work/clock
start busy node job.mjs busy
start forward env FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 \
    LD_PRELOAD="$work/root/usr/lib/$(uname -m)-linux-gnu/faketime/libfaketime.so.1" node job.mjs forward
start python python3 job.py
within 60 grep -q 'busy: croner' busy.log
within 60 grep -q 'forward: croner' forward.log
within 60 grep -q None: python.log
expect 'busy: node-cron: never
busy: cron: when it has time
busy: node-schedule: when it has time
busy: croner: when it has time
forward: node-cron: never
forward: cron: a minute late
forward: node-schedule: a minute late
forward: croner: a minute late
busy: APScheduler: never
busy: misfire_grace_time=None: when it has time' "$(grep -h -e '^busy: ' -e '^forward: ' busy.log forward.log python.log)"
