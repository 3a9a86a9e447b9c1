#!/usr/bin/env bash
# Guess: `luigi` exits with 1 where a task has failed, and `scrapy` where a spider's code has raised an error or
# its page could not be had.
# Seen: both exit with 0, and print the failure. Luigi's codes are all 0 until `[retcode]` sets them. Scrapy counts
# errors (`log_count/ERROR`) and has no exit code for them.
# Why it matters: cron, systemd, Airflow's BashOperator and whoever else goes by the exit code see a job that
# never fails.
set -euo pipefail
. "$(dirname "$0")/common.bash"

python luigi==3.8.1 Scrapy==2.19.0
cat > "$work/load.py" << 'PYTHON'
import luigi

class Load(luigi.Task):
    def run(self):
        raise OSError("disk full")
PYTHON
cat > "$work/spider.py" << 'PYTHON'
import sys
import scrapy

class Prices(scrapy.Spider):
    name = "prices"

    async def start(self):
        yield scrapy.Request(self.page)

    def parse(self, response):
        raise OSError("disk full")
PYTHON
printf '[retcode]\ntask_failed=30\n' > "$work/retcode.cfg"
export PYTHONPATH=$work
cd "$work"
port=$(free_port)
run() { # the title, the command
    local code=0 title=$1 errors
    shift
    timeout 240 "$@" > "$work/said" 2>&1 || code=$?
    errors=$(grep -cE 'ERROR|: disk full' "$work/said" || true)
    ((errors > 0)) && errors='prints an error' || errors='prints no error'
    echo "$title: $errors, exit code $code"
}
seen=$(
    run luigi luigi --module load Load --local-scheduler
    LUIGI_CONFIG_PATH=$work/retcode.cfg run 'luigi, [retcode]' luigi --module load Load --local-scheduler
    run 'scrapy, its code raises' scrapy runspider spider.py -a "page=file://$work/load.py"
    run 'scrapy, nobody listens' scrapy runspider spider.py -a "page=http://127.0.0.1:$port/" -s RETRY_ENABLED=0
)
expect 'luigi: prints an error, exit code 0
luigi, [retcode]: prints an error, exit code 30
scrapy, its code raises: prints an error, exit code 0
scrapy, nobody listens: prints an error, exit code 0' "$seen"
