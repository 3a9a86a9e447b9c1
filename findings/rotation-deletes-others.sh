#!/usr/bin/env bash
# Guess: a log library that is to keep two old logs deletes logs that it has written itself, no other file.
# Seen: tracing-appender with a prefix `load` deletes whatever begins so, at its start: the job's data `load-orders.csv` and the log of
# another job; with a suffix `log`, what also ends so. Loguru with `load.log` deletes `load.errors.log`, another logger's, and `load.log.gz`.
# Python's TimedRotatingFileHandler leaves all of them.
# Why it matters: two jobs whose names begin alike share a folder of logs, and one of them has no history any more when somebody looks for
# why it failed; and where the data are beside the log, they are gone.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'tracing-appender = "=0.2.5"' << 'RUST'
use tracing_appender::rolling::{RollingFileAppender, Rotation};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap();
    let mut builder = RollingFileAppender::builder().rotation(Rotation::DAILY).filename_prefix("load").max_log_files(2);
    if let Some(suffix) = arguments.next() {
        builder = builder.filename_suffix(suffix);
    }
    builder.build(folder).unwrap();
}
RUST
python loguru==0.7.3
cat > "$work/with_loguru.py" << 'PYTHON'
import sys, loguru

loguru.logger.remove()
loguru.logger.add(sys.argv[1] + "/load.log", rotation="1 KB", retention=2)
for _ in range(60):
    loguru.logger.info("x" * 60)
PYTHON
cat > "$work/with_handler.py" << 'PYTHON'
import logging, logging.handlers, sys, time

handler = logging.handlers.TimedRotatingFileHandler(sys.argv[1] + "/load.log", when="S", backupCount=2)
for _ in range(3):
    handler.emit(logging.makeLogRecord({"msg": "x"}))
    time.sleep(1.1)
PYTHON
others=(load-orders.csv load.errors.log load-report.2026-11-01.log load.log.gz orders.csv)
rotate() { # the title, the command, the arguments after the folder
    local title=$1 command=$2 file gone=''
    shift 2
    rm -rf "$work/logs"
    mkdir "$work/logs"
    for file in "${others[@]}"; do echo old > "$work/logs/$file"; sleep 0.02; done
    timeout 60 $command "$work/logs" "$@" > "$work/out" 2>&1
    for file in "${others[@]}"; do [ -e "$work/logs/$file" ] || gone+=" $file"; done
    echo "$title deleted:${gone:- nothing}"
}
seen=$(
    rotate 'tracing-appender, prefix' "$work/program"
    rotate 'tracing-appender, prefix and suffix' "$work/program" log
    rotate 'loguru' "python3 $work/with_loguru.py"
    rotate 'TimedRotatingFileHandler' "python3 $work/with_handler.py"
)
expect 'tracing-appender, prefix deleted: load-orders.csv load.errors.log load-report.2026-11-01.log
tracing-appender, prefix and suffix deleted: load.errors.log
loguru deleted: load.errors.log load.log.gz
TimedRotatingFileHandler deleted: nothing' "$seen"
