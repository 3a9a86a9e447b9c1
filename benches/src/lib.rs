//! What the measurements share: where they write, what a run costs by hand, and figures that are
//! no times.
//!
//! Every time is a ratio to a floor: the same files, in the same folder, by hand-written code that
//! makes the bare system calls, measured in the same run.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use pipeline_notify::{Alert, Config, Notifier, Refusal};

/// How often two pieces of code are timed in turn.
#[derive(Debug, Clone, Copy)]
pub struct Rounds {
    /// How often each has its turn; at least once.
    pub number: usize,
    /// How often it is called then.
    pub calls: u32,
}

impl Rounds {
    /// Returns the nanoseconds of a call.
    fn time(self, call: &mut impl FnMut()) -> f64 {
        let begun = Instant::now();
        (0..self.calls).for_each(|_| call());
        begun.elapsed().as_secs_f64() * 1e9 / f64::from(self.calls)
    }
}

/// A file system on which is measured.
#[derive(Debug, Clone)]
pub struct Place {
    /// What the table calls it: `tmpfs` or `disk`.
    pub name: String,
    /// A folder of this process alone.
    pub folder: PathBuf,
}

impl Place {
    /// Takes the place from the environment (`benches/run.sh` sets it), the temp folder if it says
    /// nothing.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be made.
    pub fn new() -> io::Result<Self> {
        let name = env::var("BENCH_PLACE").unwrap_or_else(|_| "disk".to_owned());
        let above = env::var_os("BENCH_FOLDER").map_or_else(env::temp_dir, PathBuf::from);
        let folder = above.join(format!("pipeline-notify-bench-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self { name, folder })
    }

    /// Returns a folder in it, which is there afterwards.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be made.
    pub fn folder(&self, name: &str) -> io::Result<PathBuf> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Returns the folder of the status files.
    #[must_use]
    pub fn status(&self) -> PathBuf {
        self.folder.join("status")
    }

    /// Names a measurement at this place.
    #[must_use]
    pub fn measurement(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    /// Writes down a figure that is no time, for the table.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn figure(&self, name: &str, value: f64) -> io::Result<()> {
        let folder = results().join("figures");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(self.measurement(name)), value.to_string())
    }

    /// Times two pieces of code in turn, some calls each, and writes down the median and the fastest
    /// of both, in nanoseconds a call, for the table.
    ///
    /// # Errors
    ///
    /// Where that cannot be written.
    pub fn in_turn(
        &self,
        name: &str,
        rounds: Rounds,
        mut floor: impl FnMut(),
        mut library: impl FnMut(),
    ) -> io::Result<()> {
        let (mut of_floor, mut of_library) = (Vec::new(), Vec::new());
        for _ in 0..rounds.number {
            of_floor.push(rounds.time(&mut floor));
            of_library.push(rounds.time(&mut library));
        }
        for (what, mut times) in [("floor", of_floor), ("library", of_library)] {
            times.sort_unstable_by(f64::total_cmp);
            self.figure(&format!("{name}-{what}-median"), times[times.len() / 2])?;
            self.figure(&format!("{name}-{what}-fastest"), times[0])?;
        }
        Ok(())
    }

    /// Removes the folder.
    pub fn clear(&self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder of the results.
#[must_use]
pub fn results() -> PathBuf {
    env::var_os("CRITERION_HOME").map_or_else(|| PathBuf::from("target/criterion"), PathBuf::from)
}

/// Begins a group of measurements: the floor and the library, close together in time.
pub fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(50);
    group
}

/// A destination that takes everything at once.
#[derive(Debug, Clone, Copy)]
pub struct Taken;

impl Notifier for Taken {
    fn notify(&self, _alerts: &[Alert], _timeout: Duration) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Installs the settings of a program whose alerts all are taken at once.
///
/// # Panics
///
/// Where they are installed already: the figures would be those of other settings.
pub fn install(place: &Place) {
    Config::new()
        .directory(place.status())
        .channel("alerts", Taken)
        .install()
        .expect("nothing is installed yet");
}

/// A status file of the usual size.
pub const STATUS: &str = "OK
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

const TIME: &[u8] = b"2026-11-22 13:00:00:123456 UTC";

/// The floor of a silent run inside another: open, lock, read, write the time in place, close.
///
/// # Errors
///
/// Where a call fails.
pub fn silent_by_hand(path: &Path) -> io::Result<usize> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    file.lock()?;
    let mut content = [0; 1024];
    let length = file.read_at(&mut content, 0)?;
    file.write_all_at(TIME, 3)?;
    Ok(length)
}

/// The slot of a run in the record of runs under way, by hand.
#[derive(Debug)]
pub struct Slot(File);

impl Slot {
    /// Makes the record.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn new(path: &Path) -> io::Result<Self> {
        let file = File::create(path)?;
        file.write_all_at(&[b' '; 512], 0)?;
        Ok(Self(file))
    }

    /// Writes that the run has begun.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn begin(&self) -> io::Result<()> {
        self.0.write_all_at(&[b'o'; 512], 0)
    }

    /// Writes that the run has ended.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn end(&self) -> io::Result<()> {
        self.0.write_all_at(b"e", 0)
    }
}

/// Counts the open descriptors of this process.
///
/// # Errors
///
/// Where the system does not list them.
pub fn descriptors() -> io::Result<usize> {
    Ok(fs::read_dir("/proc/self/fd")?.count())
}
