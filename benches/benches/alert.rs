//! A call that alerts, as its caller sees it, whatever the receiver does.

use std::fs::{self, File, OpenOptions};
use std::hint::black_box;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use pipeline_notify::{Config, Slack, notify};
use pipeline_notify_benches::{Place, STATUS, group};
use receiver::{Answer, Receiver};

#[path = "../../tests/support/receiver.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::allow_attributes,
    reason = "the tests use all of it"
)]
mod receiver;

/// Each call changes the status, and so alerts.
fn alternate(fails: &mut bool) -> Result<(), String> {
    *fails = !*fails;
    if *fails {
        Err("connection refused".to_owned())
    } else {
        Ok(())
    }
}

#[notify(channel = "fast")]
fn fast(fails: &mut bool) -> Result<(), String> {
    alternate(fails)
}

#[notify(channel = "late")]
fn late(fails: &mut bool) -> Result<(), String> {
    alternate(fails)
}

#[notify(channel = "never")]
fn never(fails: &mut bool) -> Result<(), String> {
    alternate(fails)
}

/// So that what it calls is nested, and keeps no record of its own.
#[notify(channel = "")]
fn around(body: &mut dyn FnMut()) {
    body();
}

/// The same by hand: lock, read, journal, queue file, status, unlock.
struct ByHand {
    lock: PathBuf,
    status: PathBuf,
    queue: PathBuf,
    number: u64,
}

impl ByHand {
    fn new(folder: &Path) -> io::Result<Self> {
        let queue = folder.join("queue");
        fs::create_dir_all(&queue)?;
        let status = folder.join("etl.load.run");
        fs::write(&status, STATUS)?;
        Ok(Self {
            lock: folder.join("lock"),
            status,
            queue,
            number: 0,
        })
    }

    fn alert(&mut self) -> io::Result<()> {
        let alert = [STATUS, STATUS].concat();
        let lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.lock)?;
        lock.lock()?;
        black_box(fs::read(&self.status)?);
        lock.write_all_at(alert.as_bytes(), 0)?;
        lock.set_len(alert.len() as u64)?;
        lock.sync_data()?;

        self.number += 1;
        let new = self.queue.join(".new");
        let mut file = File::create(&new)?;
        file.write_all(alert.as_bytes())?;
        file.sync_data()?;
        fs::rename(&new, self.queue.join(self.number.to_string()))?;
        File::open(&self.queue)?.sync_all()?;

        let new = self.status.with_extension("new");
        fs::write(&new, STATUS)?;
        fs::rename(&new, &self.status)?;
        lock.set_len(0)?;
        lock.unlock()
    }
}

fn alert(criterion: &mut Criterion) {
    let place = Place::new().expect("a folder");
    let answers = [
        Answer::Late(Duration::from_millis(1)),
        Answer::Late(Duration::from_secs(10)),
        Answer::Hang,
    ];
    let receivers = answers.map(|answer| Receiver::answering(move |_| answer.clone()));
    let slack = |number: usize| Slack::new(&receivers[number].webhook()).expect("a webhook");
    Config::new()
        .directory(place.status())
        .exit_timeout(Duration::ZERO)
        .channel("fast", slack(0))
        .channel("late", slack(1))
        .channel("never", slack(2))
        .install()
        .expect("nothing is installed yet");

    let mut by_hand = ByHand::new(&place.folder("by-hand").expect("a folder")).expect("files");
    let calls = [
        ("1ms", fast as fn(&mut bool) -> _),
        ("10s", late),
        ("never", never),
    ];
    for (name, call) in calls {
        let mut pair = group(criterion, &place.measurement(&format!("alert-{name}")));
        pair.bench_function("floor", |bencher| {
            bencher.iter(|| by_hand.alert().expect("files"));
        });
        let mut fails = false;
        pair.bench_function("library", |bencher| {
            around(&mut || bencher.iter(|| call(&mut fails)));
        });
        pair.finish();
    }
    place.clear();
}

criterion_group!(benches, alert);
criterion_main!(benches);
