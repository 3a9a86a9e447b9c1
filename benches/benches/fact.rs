//! A fact and a progress of a run: inside one, where they are kept, and outside, where nothing happens.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use pipeline_notify::{fact, notify, progress};
use pipeline_notify_benches::{Place, group, install};

/// What is done with a value in any case.
#[inline(never)]
fn look(name: &str, value: u64) {
    black_box((name, value));
}

fn measure(criterion: &mut Criterion, name: &str, call: impl Fn(u64)) {
    let mut pair = group(criterion, name);
    let mut rows = 0;
    pair.bench_function("floor", |bencher| {
        bencher.iter(|| {
            rows += 1;
            look(black_box("rows"), rows);
        });
    });
    pair.bench_function("library", |bencher| {
        bencher.iter(|| {
            rows += 1;
            call(rows);
        });
    });
    pair.finish();
}

fn measure_both(criterion: &mut Criterion, place: &Place, where_: &str) {
    let name = |what: &str| place.measurement(&format!("{what}{where_}"));
    measure(criterion, &name("fact"), |rows| {
        fact(black_box("rows"), rows);
    });
    measure(criterion, &name("progress"), |rows| {
        progress(black_box(rows), u64::MAX / 2);
    });
}

#[notify(name = "facts")]
fn inside(criterion: &mut Criterion, place: &Place) {
    measure_both(criterion, place, "");
}

fn facts(criterion: &mut Criterion) {
    let place = Place::new().expect("a folder");
    install(&place);
    inside(criterion, &place);
    measure_both(criterion, &place, "-outside");
    let status = std::fs::read_to_string(place.status().join("facts"));
    assert!(status.expect("a status file").contains("\nfact.rows: "));
    place.clear();
}

criterion_group!(benches, facts);
criterion_main!(benches);
