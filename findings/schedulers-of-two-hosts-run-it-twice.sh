#!/usr/bin/env bash
# Guess: a periodic task of a queue is done once each time it is due, however many workers of the queue run, on one host or two.
# Seen: with two of them Huey does it twice, and so does RQ with two `rq cron`: each puts a task of its own into the queue. arq and SAQ do it once.
# Why it matters: the second host is there so that one may fail, and the bill goes out twice each night. Of Huey all workers but one want `--no-periodic`;
# of RQ `rq cron` may run once; and then nothing is put into the queue while that one host is down.
set -euo pipefail
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/redis.bash"

redis
python huey==3.5.4 rq==3.0.0 arq==0.28.0 saq==0.26.4 redis==5.3.1 typing-extensions==4.15.0
cd "$work"
export REDIS_PORT=$redis_port
cat > done_at.py << 'PYTHON'
import time

def done(tool):
    with open(f"{tool}.done", "a") as file:
        file.write(time.strftime("%H:%M\n"))
PYTHON
cat > of_huey.py << 'PYTHON'
import os
import huey
from done_at import done

app = huey.RedisHuey("jobs", port=int(os.environ["REDIS_PORT"]))

@app.periodic_task(huey.crontab(minute="*"))
def load():
    done("huey")
PYTHON
cat > of_rq.py << 'PYTHON'
from rq import cron
from done_at import done

cron.register(done, args=("rq",), queue_name="default", cron="* * * * *")
PYTHON
cat > of_arq.py << 'PYTHON'
import os
import arq, arq.connections
from done_at import done

async def load(ctx):
    done("arq")

class Settings:
    cron_jobs = [arq.cron(load, second=0)]
    redis_settings = arq.connections.RedisSettings(port=int(os.environ["REDIS_PORT"]), database=1)
PYTHON
cat > of_saq.py << 'PYTHON'
import os
import saq
from done_at import done

async def load(ctx):
    done("saq")

settings = {
    "queue": saq.Queue.from_url(f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/2"),
    "functions": [load],
    "cron_jobs": [saq.CronJob(load, cron="* * * * *")],
}
PYTHON
export TZ=UTC
sleep $(((80 - 10#$(date +%S)) % 60)) # Huey counts its minutes from its start: not where one minute becomes the next
due=$((($(date +%s) / 60 + 1) * 60))
for host in one two; do
    start "huey-$host" huey_consumer of_huey.app
    start "rq-cron-$host" rq cron --url "redis://127.0.0.1:$redis_port/3" of_rq.py
    start "rq-$host" rq worker --url "redis://127.0.0.1:$redis_port/3"
    start "arq-$host" arq of_arq.Settings
    start "saq-$host" saq of_saq.settings
done
sleep $((due + 65 - $(date +%s)))
expect 'huey: 2
rq: 2
arq: 1
saq: 1' "$(for tool in huey rq arq saq; do echo "$tool: $(grep -c "^$(date -d "@$due" +%H:%M)" $tool.done)"; done)"
