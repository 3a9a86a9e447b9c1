//! A call of which nothing is sent, in a loop: `OK` or `ERROR`, alone or inside another run.

use std::fs;
use std::hint::black_box;

use pipeline_notify::notify;
use pipeline_notify_benches::{Place, Rounds, STATUS, Slot, descriptors, install, silent_by_hand};

/// Two seconds each. Once a second a run that is silent writes its status as a whole, which the median does not show.
const ROUNDS: Rounds = Rounds {
    number: 2000,
    calls: 100,
};

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

fn main() {
    let place = Place::new().expect("a folder");
    let before = descriptors().expect("a list");
    install(&place);
    let by_hand = place.folder("by-hand").expect("a folder");
    let file = by_hand.join("etl.load.run");
    fs::write(&file, STATUS).expect("a file");
    let slot = Slot::new(&by_hand.join("record")).expect("a file");

    let nested_floor = || {
        black_box(silent_by_hand(&file).expect("the file is there"));
    };
    let outermost_floor = || {
        slot.begin().expect("it can be written");
        nested_floor();
        slot.end().expect("it can be written");
    };
    for (name, call) in [("ok", works as fn() -> _), ("error", fails)] {
        let library = || drop(black_box(call()));
        // The first call alerts.
        library();
        let pair = format!("{name}-outermost");
        let outermost = place.in_turn(&pair, ROUNDS, outermost_floor, library);
        outermost.expect("files");
        around(&mut || {
            let pair = format!("{name}-nested");
            let nested = place.in_turn(&pair, ROUNDS, nested_floor, library);
            nested.expect("files");
        });
    }
    for number in 0..1000 {
        one_of_many(number);
    }
    #[expect(clippy::cast_precision_loss, reason = "they are few")]
    let held = (descriptors().expect("a list") - before) as f64;
    place.figure("descriptors", held).expect("a file");
    place.clear();
}
