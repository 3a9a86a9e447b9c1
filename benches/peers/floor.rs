//! The floor: bare system calls, and nothing that decides or sends.

use std::fs::{self, File, OpenOptions};
use std::hint::black_box;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

mod common;

const STATUS: &str = "OK
2026-11-22 13:00:00:123456 UTC
etl::load :: run
took: 252.118 s
since: 2026-11-22 11:00:00:000000 UTC
runs: 3
alerted: 2026-11-22 11:00:00:120000 UTC
host: worker-3
pid: 4242
exe: /opt/etl/bin/etl
source: src/load.rs:42
";

/// Open, lock, read, write the time in place, close.
fn silent(folder: &Path) -> io::Result<()> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(folder.join("status"))?;
    file.lock()?;
    let mut content = [0; 1024];
    black_box(file.read_at(&mut content, 0)?);
    file.write_all_at(b"2026-11-22 13:00:00:123456 UTC", 3)
}

/// Lock, read, journal, queue file, status, unlock, with two syncs of files and one of a folder.
fn alert(folder: &Path, number: u64) -> io::Result<()> {
    let alert = [STATUS, STATUS].concat();
    let journal = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(folder.join("journal"))?;
    journal.lock()?;
    black_box(fs::read(folder.join("status"))?);
    journal.write_all_at(alert.as_bytes(), 0)?;
    journal.set_len(alert.len() as u64)?;
    journal.sync_data()?;

    let queue = folder.join("queue");
    let mut file = File::create(queue.join(".new"))?;
    file.write_all(alert.as_bytes())?;
    file.sync_data()?;
    fs::rename(queue.join(".new"), queue.join(number.to_string()))?;
    File::open(&queue)?.sync_all()?;

    fs::write(folder.join("new"), STATUS)?;
    fs::rename(folder.join("new"), folder.join("status"))?;
    journal.set_len(0)?;
    journal.unlock()
}

fn main() {
    let mode = std::env::args().nth(1);
    if mode.as_deref() == Some("once") {
        return;
    }
    let folder = common::folder();
    fs::create_dir_all(folder.join("queue")).unwrap();
    fs::write(folder.join("status"), STATUS).unwrap();
    let mut number = 0;
    common::run(|_| {
        if mode.as_deref() == Some("silent") {
            silent(&folder).unwrap();
        } else {
            number += 1;
            alert(&folder, number).unwrap();
        }
    });
}
