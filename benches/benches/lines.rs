//! A log line that is kept for the alert of a run, beside one that is written to nowhere: one field, 60 characters.

use std::hint::black_box;
use std::io;

use criterion::{Criterion, criterion_group, criterion_main};
use log::{Level, Log, Metadata, Record};
use pipeline_notify::{LastLines, notify};
use pipeline_notify_benches::{Place, group, install};
use tracing_subscriber::layer::SubscriberExt as _;

/// A logger that takes nothing: what is kept of a record is all that it costs.
struct Nothing;

impl Log for Nothing {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }
    fn log(&self, _: &Record<'_>) {}
    fn flush(&self) {}
}

fn write(logger: &impl Log, number: u64) {
    let fields = [("rows", number)];
    logger.log(
        &Record::builder()
            .level(Level::Info)
            .target("etl::load")
            .key_values(&fields)
            .args(format_args!(
                "reading the orders of the day from orders.csv, part {:06}",
                black_box(number)
            ))
            .build(),
    );
}

fn event(number: u64) {
    tracing::info!(
        rows = number,
        "reading the orders of the day from orders.csv, part {:06}",
        black_box(number)
    );
}

#[notify(name = "lines")]
fn inside(criterion: &mut Criterion, place: &Place) -> Result<(), &'static str> {
    let mut number = 0;
    let mut next = || {
        number += 1;
        number
    };
    let floor = env_logger::Builder::new()
        .filter_level(log::LevelFilter::Info)
        .target(env_logger::Target::Pipe(Box::new(io::sink())))
        .build();
    let library = LastLines::wrap(Nothing);
    let mut pair = group(criterion, &place.measurement("log-line"));
    pair.bench_function("floor", |bencher| bencher.iter(|| write(&floor, next())));
    pair.bench_function("library", |bencher| {
        bencher.iter(|| write(&library, next()));
    });
    pair.finish();

    let mut pair = group(criterion, &place.measurement("event"));
    let fmt = tracing_subscriber::fmt::layer().with_writer(io::sink);
    let floor = tracing_subscriber::registry().with(fmt);
    tracing::subscriber::with_default(floor, || {
        pair.bench_function("floor", |bencher| bencher.iter(|| event(next())));
    });
    let library = tracing_subscriber::registry().with(LastLines::layer());
    tracing::subscriber::with_default(library, || {
        pair.bench_function("library", |bencher| bencher.iter(|| event(next())));
    });
    pair.finish();
    Err("so that the lines are shown")
}

fn lines(criterion: &mut Criterion) {
    let place = Place::new().expect("a folder");
    install(&place);
    let _ = inside(criterion, &place);
    let status = std::fs::read_to_string(place.status().join("lines"));
    assert!(status.expect("a status file").contains("\nlog-lines: 50\n"));
    place.clear();
}

criterion_group!(benches, lines);
criterion_main!(benches);
