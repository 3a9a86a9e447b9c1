//! A program that logs to the file `LOG` what `LEVEL` asks for, shows whatever can be shown, and
//! fails in the way that its first argument names.

use std::fs::File;
use std::io::Write as _;
use std::process::exit;
use std::sync::Mutex;
use std::time::Duration;

use pipeline_notify::{Config, Json, Slack, drain, notify};

fn main() {
    let logger = File::create(variable("LOG")).map(|file| Logger {
        file: Mutex::new(file),
        // What other libraries trace is for the program's author to choose.
        others: variable("LEVEL") == "debug of all",
        ours: variable("LEVEL") != "the program's own",
        panics: variable("LEVEL") == "panics",
    });
    if let Ok(logger) = logger
        && log::set_logger(Box::leak(Box::new(logger))).is_ok()
    {
        log::set_max_level(match variable("LEVEL").as_str() {
            // What `env_logger` shows where nothing is set.
            "errors alone" => log::LevelFilter::Error,
            _ => log::LevelFilter::Trace,
        });
    }
    let mut out = std::io::stdout();
    let json = Json::new(&variable("JSON")).and_then(|json| json.secret(&variable("KEY")));
    let _ = writeln!(out, "{json:?}");
    let webhook = variable("SLACK_ALERTS_WEBHOOK_URL");
    match Slack::new(&webhook) {
        Ok(slack) => {
            let shown = format!("{slack:?}");
            let config = Config::new().channel("alerts", slack);
            let config = match variable("HEARTBEAT").as_str() {
                "" => config,
                url => config.heartbeat(url),
            };
            let _ = writeln!(out, "{shown} {config:?}");
            if variable("INSTALL") == "yes" {
                let twice = config.install().and_then(|()| Config::new().install());
                let _ = writeln!(out, "{twice:?}");
            }
        }
        Err(error) => {
            let _ = writeln!(out, "{error} {error:?}");
        }
    }
    let way = std::env::args().nth(1).unwrap_or_default();
    let failed = std::panic::catch_unwind(|| fail(&way)).is_err();
    let left = drain(Duration::from_millis(200));
    let _ = writeln!(out, "{failed} {left:?}");
    exit(7)
}

#[notify]
fn fail(way: &str) -> Result<(), String> {
    assert!(way != "panic", "it broke");
    Err("the disk is full".to_owned())
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

struct Logger {
    file: Mutex<File>,
    others: bool,
    ours: bool,
    panics: bool,
}

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        if self.others {
            metadata.level() <= log::Level::Debug
        } else {
            self.ours && metadata.target().starts_with("pipeline_notify")
        }
    }

    fn log(&self, record: &log::Record<'_>) {
        let is_ours = record.target().starts_with("pipeline_notify");
        assert!(!self.panics || !is_ours, "the logger broke");
        if self.enabled(record.metadata())
            && let Ok(mut file) = self.file.lock()
        {
            let _ = writeln!(
                file,
                "{} {}: {}",
                record.level(),
                record.target(),
                record.args()
            );
        }
    }

    fn flush(&self) {}
}
