//! A call that nobody is told of, in a loop: `OK` or `ERROR`, alone or inside another run.

use std::fs;

use criterion::{Criterion, criterion_group, criterion_main};
use pipeline_notify::notify;
use pipeline_notify_benches::{Place, STATUS, Slot, descriptors, group, install, silent_by_hand};

#[notify]
fn works() -> Result<u64, String> {
    Ok(1)
}

#[notify]
fn fails() -> Result<u64, String> {
    Err("connection refused".to_owned())
}

/// So that what it calls is nested.
#[notify]
fn around(body: &mut dyn FnMut()) {
    body();
}

/// Many jobs, to see what they leave open.
#[notify(name = format!("job.{number}"))]
fn one_of_many(number: u32) -> u32 {
    number
}

fn silent(criterion: &mut Criterion) {
    let place = Place::new().expect("a folder");
    let before = descriptors().expect("a list");
    install(&place);
    let by_hand = place.folder("by-hand").expect("a folder");
    let file = by_hand.join("etl.load.run");
    fs::write(&file, STATUS).expect("a file");
    let slot = Slot::new(&by_hand.join("record")).expect("a file");

    let nested_floor = || silent_by_hand(&file).expect("the file is there");
    let outermost_floor = || {
        slot.begin().expect("it can be written");
        let length = silent_by_hand(&file).expect("the file is there");
        slot.end().expect("it can be written");
        length
    };
    for (name, call) in [("ok", works as fn() -> _), ("error", fails)] {
        let mut pair = group(criterion, &place.measurement(&format!("{name}-nested")));
        pair.bench_function("floor", |bencher| bencher.iter(nested_floor));
        pair.bench_function("library", |bencher| around(&mut || bencher.iter(call)));
        pair.finish();
        let mut pair = group(criterion, &place.measurement(&format!("{name}-outermost")));
        pair.bench_function("floor", |bencher| bencher.iter(outermost_floor));
        pair.bench_function("library", |bencher| bencher.iter(call));
        pair.finish();
    }
    for number in 0..1000 {
        one_of_many(number);
    }
    #[expect(clippy::cast_precision_loss, reason = "they are few")]
    let held = (descriptors().expect("a list") - before) as f64;
    place.figure("descriptors", held).expect("a file");
    place.clear();
}

criterion_group!(benches, silent);
criterion_main!(benches);
