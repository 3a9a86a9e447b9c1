//! A program with a rule and a message of its own. Each argument is a run and its outcome: `ok`, `disk`, `network`,
//! `panic`, or the text of an error. `RULE` and `MESSAGE` say what the two functions do.

use std::io::Write as _;
use std::process::{Command, exit};
use std::time::{Duration, UNIX_EPOCH};
use std::{env, fs, thread};

use pipeline_notify::{Alert, Config, Decision, Message, Occasion, fact, notify};

#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error("the disk is full")]
    Disk,
    #[error("no route to host")]
    Network,
    #[error("{0}")]
    Other(String),
}

fn main() {
    if let Ok(rule) = env::var("CONFIG_RULE") {
        let config = Config::new().rule(move |occasion| decide(&rule, occasion));
        let config = config.message(|alert| write("config", alert));
        let _ = config.install();
    }
    fact("outside", "of every run");
    for outcome in env::args().skip(1) {
        let result = match outcome.split_once(' ') {
            Some(("outer", outcome)) => outer(outcome),
            Some(("plain", outcome)) => plain(outcome),
            Some(("facts", how)) => {
                facts(how);
                Ok(())
            }
            _ => load(&outcome),
        };
        println!("{result:?}");
    }
}

#[notify(name = "load", rule = rule, message = message, runbook = "https://wiki.example.com/load", owner = "team-data")]
fn load(outcome: &str) -> Result<(), LoadError> {
    fact("outcome", outcome);
    match outcome {
        "ok" => Ok(()),
        "disk" => Err(LoadError::Disk),
        "network" => Err(LoadError::Network),
        "panic" => panic!("the job"),
        "hang" => loop {
            thread::sleep(Duration::from_secs(1));
        },
        "exit" => exit(3),
        error => Err(LoadError::Other(error.to_owned())),
    }
}

#[notify(name = "outer")]
fn outer(outcome: &str) -> Result<(), LoadError> {
    let result = load(outcome);
    fact("after", "the inner run");
    result
}

#[notify(name = "plain")]
fn plain(outcome: &str) -> Result<(), LoadError> {
    match outcome {
        "ok" => Ok(()),
        "disk" => Err(LoadError::Disk),
        error => Err(LoadError::Other(error.to_owned())),
    }
}

#[notify(name = "inner")]
fn annotated() {}

fn rule(occasion: &Occasion<'_>) -> Decision {
    decide(&env::var("RULE").unwrap_or_default(), occasion)
}

fn decide(what: &str, occasion: &Occasion<'_>) -> Decision {
    if let Ok(file) = env::var("ASKED") {
        let mut file = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .unwrap();
        let before = occasion.previous().map(|previous| previous.runs());
        writeln!(file, "{} {before:?}", occasion.failures()).unwrap();
    }
    match what {
        "third" => third(occasion),
        "send" => Decision::send("always"),
        "silent" => Decision::silent("never mind"),
        "channels" => match occasion.as_error().and_then(|error| error.downcast_ref()) {
            Some(LoadError::Disk) => Decision::send("a disk").to("platform"),
            Some(LoadError::Network) => occasion.built_in().to("network"),
            _ => occasion.built_in(),
        },
        "type" if occasion.is::<LoadError>() => Decision::send("of that type"),
        "nowhere" => Decision::send("x").to("no channel!"),
        "far" => Decision::send("x").to("y".repeat(100 << 20)),
        "slow" => {
            thread::sleep(Duration::from_secs(3));
            occasion.built_in()
        }
        "panic" => panic!("the rule"),
        "huge" => Decision::send("x".repeat(100 << 20)),
        "log" => {
            log::error!("the rule logs");
            eprintln!("the rule prints");
            occasion.built_in()
        }
        "annotated" => {
            annotated();
            fact("from", "the rule");
            occasion.built_in()
        }
        "exit" => exit(7),
        "overtaken" => {
            let mut other = Command::new(env::current_exe().unwrap());
            let other = other.arg("network").env("RULE", "send").env_remove("ASKED");
            other.output().unwrap();
            Decision::silent("whatever the other process does")
        }
        other => match other.strip_prefix("to ") {
            Some(channel) => occasion.built_in().to(channel),
            None => occasion.built_in(),
        },
    }
}

/// The third failure on a working day from 8 to 18 h, and a full disk at any time. `WEEKDAY` and `HOUR` are now.
fn third(occasion: &Occasion<'_>) -> Decision {
    if matches!(
        occasion.as_error().and_then(|error| error.downcast_ref()),
        Some(LoadError::Disk)
    ) {
        return Decision::send("a full disk is urgent");
    }
    let number = |name: &str| env::var(name).unwrap().parse::<u32>().unwrap();
    assert!(occasion.now() > UNIX_EPOCH && occasion.begun() <= occasion.now());
    let at_work = number("WEEKDAY") < 5 && (8..18).contains(&number("HOUR"));
    match occasion.failures() {
        3 if at_work => Decision::send("the third failure"),
        _ => Decision::silent("not the third failure at work"),
    }
}

fn message(alert: &Alert) -> Message {
    write(&env::var("MESSAGE").unwrap_or_default(), alert)
}

fn write(what: &str, alert: &Alert) -> Message {
    let huge = || "x".repeat(100 << 20);
    match what {
        "config" => Message::new().line("written by all"),
        "line" => Message::new()
            .headline(format!("load: {} <!here> @all", alert.error()))
            .text("")
            .link("the run", "https://runs.example.com/1"),
        "add" => Message::new()
            .line("a *line*")
            .fact("host", "not the library's")
            .link("bad", "https://anna:pass@wiki/"),
        "text" => Message::new().text(format!("{}\nand so on", alert.fact("outcome").unwrap())),
        "panic" => panic!("the message"),
        "huge" => Message::new()
            .headline(huge())
            .text(huge())
            .line(huge())
            .fact("f", huge()),
        "annotated" => {
            annotated();
            Message::new()
        }
        "exit" => exit(8),
        _ => Message::new(),
    }
}

#[notify(name = "facts")]
fn facts(how: &str) {
    match how {
        "thread" => {
            let run = pipeline_notify::current();
            thread::spawn(move || {
                fact("lost", "no run is on this thread");
                run.fact("rows", 44);
            })
            .join()
            .unwrap();
        }
        "tasks" => {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_time().build().unwrap();
            runtime.block_on(async { tokio::join!(task(1), task(2)) });
        }
        "many" => (0..40).for_each(|number| fact(&format!("f{number}"), number)),
        rows if rows.starts_with("rows ") => fact("rows", &rows[5..]),
        "long" => fact("long", "é".repeat(1 << 20)),
        "bad" => {
            fact("No Name", 1);
            fact("No Name", 2);
            fact("fine", "a\nb \x1b[31mred\x1b[0m");
        }
        _ => {}
    }
}

#[notify(name = format!("task{number}"))]
async fn task(number: u32) {
    for round in 0..3 {
        fact("round", round);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    fact("number", number);
}
