#!/usr/bin/env bash
# Guess: the line that a job logs before it ends with `exit(1)`, which says why, is in its log.
# Seen: it is missing, most times or always, with tracing-appender's `non_blocking` (its guard is held, but `process::exit` drops nothing), slog-async,
# ftlog, fast_log, flexi_logger's `BufferAndFlush`, log4js of Node, and `QueueListener` of Python without a `stop()`. The lines before it are there, so
# that the log looks whole. It is there with fern, spdlog-rs, plain flexi_logger, pino, winston, bunyan, Loguru's `enqueue=True`.
# Why it matters: the one line that is looked for in the morning is the one that is lost. Return from `main` with the error, and stop or flush before an `exit`.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'tracing = "=0.1.44"' 'tracing-appender = "=0.2.5"' 'tracing-subscriber = "=0.3.23"' 'slog = "=2.8.2"' 'slog-async = "=2.8.0"' 'slog-term = "=2.9.2"' \
    'log = "=0.4.35"' 'flexi_logger = "=0.31.10"' 'ftlog = "=0.2.18"' 'fern = "=0.7.1"' 'fast_log = "=1.7.10"' \
    'spdlog-rs = { version = "=0.5.3", features = ["multi-thread"] }' << 'RUST'
use std::fs::File;

fn job(log: impl Fn(&str)) -> ! {
    log("begun");
    std::thread::sleep(std::time::Duration::from_millis(200));
    log("the disk is full");
    std::process::exit(1)
}

fn main() {
    match std::env::args().nth(1).unwrap().as_str() {
        "tracing-appender" => {
            let (writer, _guard) = tracing_appender::non_blocking(File::create("log").unwrap());
            tracing_subscriber::fmt().with_writer(writer).init();
            job(|text| tracing::error!("{text}"))
        }
        "slog-async" => {
            use slog::Drain;
            let file = slog_term::PlainDecorator::new(File::create("log").unwrap());
            let drain = slog_async::Async::new(slog_term::FullFormat::new(file).build().fuse()).build().fuse();
            let logger = slog::Logger::root(drain, slog::o!());
            job(|text| slog::error!(logger, "{text}"))
        }
        "fern" => fern::Dispatch::new().chain(fern::log_file("log").unwrap()).apply().unwrap(),
        "ftlog" => std::mem::forget(ftlog::builder().root(File::create("log").unwrap()).try_init().unwrap()),
        "fast_log" => drop(fast_log::init(fast_log::Config::new().file("log")).unwrap()),
        "spdlog-rs" => {
            use spdlog::{Logger, sink::{AsyncPoolSink, FileSink}};
            let file = FileSink::builder().path("log").build().unwrap();
            let sink = AsyncPoolSink::builder().sink(std::sync::Arc::new(file)).build().unwrap();
            spdlog::set_default_logger(std::sync::Arc::new(Logger::builder().sink(std::sync::Arc::new(sink)).build().unwrap()));
            job(|text| spdlog::error!("{text}"))
        }
        mode => {
            use flexi_logger::{FileSpec, Logger, WriteMode};
            let mode = if mode == "flexi_logger" { WriteMode::Direct } else { WriteMode::BufferAndFlush };
            let logger = Logger::try_with_str("info").unwrap().log_to_file(FileSpec::default().basename("log").suppress_timestamp());
            std::mem::forget(logger.write_mode(mode).start().unwrap());
        }
    }
    job(|text| log::error!("{text}"))
}
RUST
node_modules pino@10.4.0 winston@3.19.0 bunyan@2.0.5 log4js@6.9.1
python loguru==0.7.3
cd "$work"
cat > job.js << 'JS'
const loggers = {
    pino: () => require("pino")(require("pino").transport({ target: "pino/file", options: { destination: "log" } })),
    winston: () => {
        const { createLogger, transports } = require("winston");
        return createLogger({ transports: [new transports.File({ filename: "log" })] });
    },
    bunyan: () => require("bunyan").createLogger({ name: "job", streams: [{ path: "log" }] }),
    log4js: () => require("log4js").configure({
        appenders: { file: { type: "file", filename: "log" } },
        categories: { default: { appenders: ["file"], level: "info" } },
    }).getLogger(),
};
const logger = loggers[process.argv[2]]();
logger.error("begun");
setTimeout(() => {
    logger.error("the disk is full");
    process.exit(1);
}, 400);
JS
cat > job.py << 'PYTHON'
import logging, logging.handlers, queue, sys, time

if sys.argv[1] == "QueueListener":
    lines = queue.SimpleQueue()
    logging.handlers.QueueListener(lines, logging.FileHandler("log")).start()
    logging.getLogger().addHandler(logging.handlers.QueueHandler(lines))
    error = logging.error
else:
    import loguru
    loguru.logger.remove()
    loguru.logger.add("log", enqueue=True)
    error = loguru.logger.error
error("begun")
time.sleep(0.2)
error("the disk is full")
sys.exit(1)
PYTHON
end() { # the title, the command: six times
    local title=$1 run kept=0
    shift
    for run in {1..6}; do
        rm -f log log.log
        timeout 30 "$@" > out 2>&1 < /dev/null && return 1
        grep -qs 'the disk is full' log log.log && ((kept += 1))
    done
    if ((kept == 6)); then echo "$title: there each time"; else echo "$title: not each time"; fi
}
seen=$(
    for name in tracing-appender slog-async ftlog fast_log 'flexi_logger, BufferAndFlush' flexi_logger fern spdlog-rs; do
        end "$name" ./program "$name"
    done
    for name in log4js pino winston bunyan; do end "$name" node job.js "$name"; done
    for name in QueueListener Loguru; do end "$name" python3 job.py "$name"; done
)
expect 'tracing-appender: not each time
slog-async: not each time
ftlog: not each time
fast_log: not each time
flexi_logger, BufferAndFlush: not each time
flexi_logger: there each time
fern: there each time
spdlog-rs: there each time
log4js: not each time
pino: there each time
winston: there each time
bunyan: there each time
QueueListener: not each time
Loguru: there each time' "$seen"
