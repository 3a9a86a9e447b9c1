//! A fact of a run: inside one, where it is kept, and outside, where nothing happens.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use pipeline_notify::{fact, notify};
use pipeline_notify_benches::{Place, group, install};

/// What is done with a value in any case.
#[inline(never)]
fn look(name: &str, value: u64) {
    black_box((name, value));
}

fn measure(criterion: &mut Criterion, name: &str) {
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
            fact(black_box("rows"), rows);
        });
    });
    pair.finish();
}

#[notify(name = "facts")]
fn inside(criterion: &mut Criterion, name: &str) {
    measure(criterion, name);
}

fn facts(criterion: &mut Criterion) {
    let place = Place::new().expect("a folder");
    install(&place);
    inside(criterion, &place.measurement("fact"));
    measure(criterion, &place.measurement("fact-outside"));
    let status = std::fs::read_to_string(place.status().join("facts"));
    assert!(status.expect("a status file").contains("\nfact.rows: "));
    place.clear();
}

criterion_group!(benches, facts);
criterion_main!(benches);
