//! A call that alerts, as its caller sees it, whatever the receiver does; in turn with the same by
//! hand, for the syncs of a disk vary more from minute to minute than the two differ.

use std::fs::{self, File, OpenOptions};
use std::hint::black_box;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pipeline_notify::{Config, Slack, notify};
use pipeline_notify_benches::{Place, Rounds, STATUS};
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

/// Fewer alerts than the outbox's first bound: a queue that overflows is another measurement.
const ROUNDS: Rounds = Rounds {
    number: 900,
    calls: 1,
};

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

fn main() {
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

    let calls = [
        ("1ms", fast as fn(&mut bool) -> _),
        ("10s", late),
        ("never", never),
    ];
    for (name, call) in calls {
        let folder = place.folder(&format!("by-hand-{name}")).expect("a folder");
        let mut by_hand = ByHand::new(&folder).expect("files");
        let mut fails = false;
        around(&mut || {
            let mut library = || {
                let _ = black_box(call(&mut fails));
            };
            // The first call makes folders and starts the thread.
            library();
            place
                .in_turn(
                    &format!("alert-{name}"),
                    ROUNDS,
                    || by_hand.alert().expect("files"),
                    library,
                )
                .expect("a file");
        });
    }
    place.clear();
}
