//! A program that runs one job for each of its arguments, with the outcome that the argument names:
//! `ok`, or the text of an error. `sleep N` waits N milliseconds between two, and `await F` until the file F is there. The job that is asked for
//! `around E` runs itself twice, the one in the other, both with success, and then fails with E; one that is asked for
//! `long O` takes a while, says when it is over, and ends with O. Where `TIMES` is set, it prints how many microseconds
//! each took. One that is asked for `abreast E` is another job: two runs of it inside a third, of which the second fails
//! with E before the first, and the third, work.

use std::future::poll_fn;
use std::path::Path;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use std::{env, thread};

use pipeline_notify::notify;

fn main() {
    for outcome in env::args().skip(1) {
        match outcome.split_once(' ') {
            Some(("sleep", time)) => {
                thread::sleep(Duration::from_millis(time.parse().unwrap_or(0)));
            }
            Some(("await", file)) => {
                let begun = Instant::now();
                while !Path::new(file).exists() && begun.elapsed() < Duration::from_secs(60) {
                    thread::sleep(Duration::from_millis(5));
                }
            }
            Some(("abreast", error)) => {
                let mut runs = pin!(abreast(Place::Around(error.to_owned())));
                let mut context = Context::from_waker(Waker::noop());
                while runs.as_mut().poll(&mut context).is_pending() {}
            }
            _ => {
                let begun = Instant::now();
                let _ = load(&outcome);
                if env::var_os("TIMES").is_some() {
                    println!("{}", begun.elapsed().as_micros());
                }
            }
        }
    }
}

#[notify(
    after = number("AFTER"),
    mention = env::var("MENTION").unwrap_or_default(),
    every_hours = number("EVERY")
)]
fn load(outcome: &str) -> Result<(), String> {
    match outcome.split_once(' ') {
        Some(("inside", outcome)) => load(outcome),
        Some(("long", outcome)) => {
            thread::sleep(Duration::from_millis(1500));
            println!("over");
            end(outcome)
        }
        Some(("around", error)) => {
            load("inside ok")?;
            Err(error.to_owned())
        }
        _ => end(outcome),
    }
}

fn end(outcome: &str) -> Result<(), String> {
    match outcome {
        "ok" => Ok(()),
        error => Err(error.to_owned()),
    }
}

fn number(name: &str) -> u64 {
    env::var(name)
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(1)
}

/// Of several runs of a job.
enum Place {
    Around(String),
    First,
    Second(String),
}

#[notify]
async fn abreast(place: Place) -> Result<(), String> {
    let error = match place {
        Place::Around(error) => error,
        Place::Second(error) => return Err(error),
        Place::First => {
            once().await;
            return Ok(());
        }
    };
    let inside =
        |place| -> Pin<Box<dyn Future<Output = Result<(), String>>>> { Box::pin(abreast(place)) };
    let mut first = inside(Place::First);
    let _ = poll_fn(|context| Poll::Ready(first.as_mut().poll(context))).await;
    let _ = inside(Place::Second(error)).await;
    first.await
}

/// Has whoever polls it go on with something else, once.
async fn once() {
    let mut is_over = false;
    poll_fn(|_| {
        if std::mem::replace(&mut is_over, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}
