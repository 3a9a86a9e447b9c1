//! A call where `NOTIFY_DISABLE` is set, in a process of its own: the variable is read once.

use std::env;
use std::hint::black_box;
use std::process::Command;

use criterion::{Criterion, criterion_group};
use pipeline_notify::notify;
use pipeline_notify_benches::{Place, group, install};

#[inline(never)]
fn bare(number: u64) -> u64 {
    number + 1
}

#[notify]
#[inline(never)]
fn annotated(number: u64) -> u64 {
    number + 1
}

fn disabled(criterion: &mut Criterion) {
    let place = Place::new().expect("a folder");
    install(&place);
    let mut pair = group(criterion, &place.measurement("disabled"));
    pair.bench_function("floor", |bencher| bencher.iter(|| bare(black_box(1))));
    pair.bench_function("library", |bencher| {
        bencher.iter(|| annotated(black_box(1)));
    });
    pair.finish();
    assert!(!place.status().exists(), "nothing was reported");
    place.clear();
}

criterion_group!(benches, disabled);

fn main() {
    if env::var_os("NOTIFY_DISABLE").is_some() {
        benches();
        return;
    }
    let mut again = Command::new(env::current_exe().expect("this program"));
    let status = again
        .args(env::args_os().skip(1))
        .env("NOTIFY_DISABLE", "1")
        .status();
    assert!(status.expect("it starts").success());
}
