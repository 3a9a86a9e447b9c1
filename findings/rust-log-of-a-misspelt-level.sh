#!/usr/bin/env bash
# Guess: a level in RUST_LOG that there is not, `warning` as in Python and syslog, is complained of, and errors are still shown.
# Seen: env_logger, pretty_env_logger, flexi_logger and tracing-subscriber take it for the name of a crate, and so switch off all others: not one error is
# logged, and not one word of complaint. `my-crate=debug`, the crate's name as Cargo has it, does the same. With a crate before it, `program=warning`,
# the same word is complained of, and the error is shown. simple_logger shows errors for all of them.
# Why it matters: one word in a unit file or a Helm chart, and a service logs nothing from then on; what counts its error lines sees a good day.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'log = "=0.4.35"' 'tracing = "=0.1.44"' 'tracing-subscriber = { version = "=0.3.23", features = ["env-filter"] }' \
    'env_logger = "=0.11.12"' 'pretty_env_logger = "=0.5.0"' 'flexi_logger = "=0.31.10"' 'simple_logger = "=5.2.0"' << 'RUST'
use tracing_subscriber::EnvFilter;

fn main() {
    match std::env::args().nth(1).unwrap().as_str() {
        "env_logger" => env_logger::init(),
        "pretty_env_logger" => pretty_env_logger::init(),
        "flexi_logger" => match flexi_logger::Logger::try_with_env() {
            Ok(logger) => std::mem::forget(logger.start().unwrap()),
            Err(refusal) => return eprintln!("refused: {refusal}"),
        },
        "simple_logger" => simple_logger::SimpleLogger::new().env().init().unwrap(),
        "tracing fmt::init" => tracing_subscriber::fmt::init(),
        "tracing EnvFilter" => {
            let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
            tracing_subscriber::fmt().with_env_filter(filter).init()
        }
        _ => unreachable!(),
    }
    log::error!("the load failed");
}
RUST
seen=$(
    for level in warn warning fatal my-crate=debug program=warning; do
        for logger in env_logger pretty_env_logger flexi_logger 'tracing fmt::init' 'tracing EnvFilter' simple_logger; do
            said=$(RUST_LOG=$level NO_COLOR=1 "$work/program" "$logger" 2>&1)
            case $said in
                '') how='nothing' ;;
                refused*) how='refused' ;;
                *'the load failed') how='the error' ;;
            esac
            echo "$level, $logger: $how"
        done
    done
)
expect 'warn, env_logger: the error
warn, pretty_env_logger: the error
warn, flexi_logger: the error
warn, tracing fmt::init: the error
warn, tracing EnvFilter: the error
warn, simple_logger: the error
warning, env_logger: nothing
warning, pretty_env_logger: nothing
warning, flexi_logger: nothing
warning, tracing fmt::init: nothing
warning, tracing EnvFilter: nothing
warning, simple_logger: the error
fatal, env_logger: nothing
fatal, pretty_env_logger: nothing
fatal, flexi_logger: nothing
fatal, tracing fmt::init: nothing
fatal, tracing EnvFilter: nothing
fatal, simple_logger: the error
my-crate=debug, env_logger: nothing
my-crate=debug, pretty_env_logger: nothing
my-crate=debug, flexi_logger: nothing
my-crate=debug, tracing fmt::init: nothing
my-crate=debug, tracing EnvFilter: nothing
my-crate=debug, simple_logger: the error
program=warning, env_logger: the error
program=warning, pretty_env_logger: the error
program=warning, flexi_logger: refused
program=warning, tracing fmt::init: the error
program=warning, tracing EnvFilter: the error
program=warning, simple_logger: the error' "$seen"
