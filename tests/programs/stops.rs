//! A program that is asked to end by a signal: its first argument names what it makes of it.

use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use pipeline_notify::{Config, notify};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long a run goes on that nobody stops.
const LONG: Duration = Duration::from_secs(30);

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<ExitCode, Failure> {
    let way = std::env::args().nth(1).unwrap_or_default();
    match way.as_str() {
        "sleeps" => sleeps(),
        "tokio before" => runtime()?.block_on(async {
            let term = signal(SignalKind::terminate())?;
            orderly(Some(term)).await
        })?,
        "tokio after" => runtime()?.block_on(orderly(None))?,
        "ctrlc before" => {
            let (sender, stopped) = mpsc::channel();
            ctrlc::try_set_handler(move || {
                let _ = sender.send(());
            })?;
            stops(Some(stopped))?;
        }
        "ctrlc after" => stops(None)?,
        "ctrlc after, given back" => given_back()?,
        "exits slowly" => {
            let _ = fails();
            println!("running");
            return Ok(ExitCode::from(3));
        }
        way => return Err(format!("there is no way `{way}`").into()),
    }
    println!("in good order");
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

#[notify]
fn sleeps() {
    println!("running");
    thread::sleep(LONG);
}

#[notify]
fn fails() -> Result<(), String> {
    Err("the disk is full".to_owned())
}

#[notify]
async fn orderly(term: Option<Signal>) -> Result<(), Failure> {
    let mut term = match term {
        Some(term) => term,
        None => signal(SignalKind::terminate())?,
    };
    println!("running");
    tokio::time::timeout(LONG, term.recv()).await?;
    // What is done last takes its time.
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok(())
}

#[notify]
fn stops(stopped: Option<Receiver<()>>) -> Result<(), Failure> {
    let stopped = match stopped {
        Some(stopped) => stopped,
        None => {
            let (sender, stopped) = mpsc::channel();
            ctrlc::set_handler(move || {
                let _ = sender.send(());
            })?;
            stopped
        }
    };
    println!("running");
    stopped.recv_timeout(LONG)?;
    thread::sleep(Duration::from_millis(100));
    Ok(())
}

/// The way for those who must have `try_set_handler` inside a run.
#[notify]
fn given_back() -> Result<(), Failure> {
    Config::new().signals(false).install()?;
    let (sender, stopped) = mpsc::channel();
    ctrlc::try_set_handler(move || {
        let _ = sender.send(());
    })?;
    println!("running");
    stopped.recv_timeout(LONG)?;
    Ok(())
}
