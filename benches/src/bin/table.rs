//! Prints one table of ratios to floors from the results of `cargo bench`.

use std::fs;
use std::path::Path;

use pipeline_notify_benches::results;
use serde_json::Value;

/// What is measured as a floor and the library, and how often the floor it may cost.
const RATIOS: &[(&str, &str, f64)] = &[
    ("ok-nested", "silent `OK`, inside a run", 1.5),
    ("ok-outermost", "silent `OK`, outermost", 1.5),
    ("error-nested", "silent `ERROR`, inside a run", 1.5),
    ("error-outermost", "silent `ERROR`, outermost", 1.5),
    ("alert-1ms", "alert, receiver answers in 1 ms", 1.3),
    ("alert-10s", "alert, receiver answers in 10 s", 1.3),
    ("alert-never", "alert, receiver never answers", 1.3),
    (
        "log-line",
        "a record in `LastLines`; floor: in `env_logger`, to a sink",
        0.3,
    ),
    (
        "event",
        "an event in the layer; floor: in `fmt`'s, to a sink",
        0.5,
    ),
    (
        "many-jobs",
        "a call among 100,000 jobs; floor: among ten",
        1.2,
    ),
];

/// What is measured as a floor and the library, for how many calls, and what each may cost more.
const DIFFERENCES: &[(&str, &str, f64, Option<f64>)] = &[
    (
        "disabled",
        "`NOTIFY_DISABLE`: ns over the bare function",
        1.0,
        Some(20.0),
    ),
    ("polls", "`async fn`: ns added to a poll", 1000.0, None),
    ("fact", "`fact`: ns", 1.0, Some(200.0)),
    ("fact-outside", "`fact` outside a run: ns", 1.0, None),
    ("progress", "`progress`: ns", 1.0, Some(30.0)),
    (
        "progress-outside",
        "`progress` outside a run: ns",
        1.0,
        None,
    ),
];

/// Figures that are no times.
const FIGURES: &[(&str, &str, Option<f64>)] = &[
    (
        "descriptors",
        "descriptors that are open after 1000 jobs",
        Some(14.0),
    ),
    (
        "future-bytes",
        "`async fn`: bytes added to the future",
        None,
    ),
    (
        "allocations-plain",
        "allocations of a silent call inside a run",
        None,
    ),
    (
        "allocations-async",
        "allocations of a silent `async` call inside a run",
        None,
    ),
    (
        "allocations-outermost",
        "allocations of a silent outermost call",
        None,
    ),
    (
        "drain-memory",
        "MB at most while 10,000 alerts are drained",
        Some(20.0),
    ),
    (
        "drain-left",
        "alerts that still wait after 30 s of draining",
        None,
    ),
    (
        "threads-one-job-2",
        "2 threads, one job: throughput of one",
        None,
    ),
    (
        "threads-one-job-4",
        "4 threads, one job: throughput of one",
        None,
    ),
    (
        "threads-one-job-8",
        "8 threads, one job: throughput of one",
        None,
    ),
    (
        "threads-own-jobs-2",
        "2 threads, 2 jobs: throughput of one",
        None,
    ),
    (
        "threads-own-jobs-4",
        "4 threads, 4 jobs: throughput of one",
        None,
    ),
    (
        "threads-own-jobs-8",
        "8 threads, 8 jobs: throughput of one",
        None,
    ),
    (
        "processes-one-job-2",
        "2 processes, one job: throughput of one",
        None,
    ),
    (
        "processes-one-job-4",
        "4 processes, one job: throughput of one",
        None,
    ),
    (
        "processes-one-job-8",
        "8 processes, one job: throughput of one",
        None,
    ),
    (
        "processes-own-jobs-2",
        "2 processes, 2 jobs: throughput of one",
        None,
    ),
    (
        "processes-own-jobs-4",
        "4 processes, 4 jobs: throughput of one",
        None,
    ),
    (
        "processes-own-jobs-8",
        "8 processes, 8 jobs: throughput of one",
        None,
    ),
];

/// A measurement, in nanoseconds.
struct Time {
    median: f64,
    /// The fastest sample: what others do on the machine slows the rest.
    fastest: f64,
}

fn main() {
    let results = results();
    println!("| place | what | floor | library | ratio | of the fastest samples | bound | |");
    println!("|---|---|---|---|---|---|---|---|");
    for place in ["tmpfs", "disk"] {
        let figure = |name: &str| {
            let file = results.join("figures").join(format!("{place}-{name}"));
            fs::read_to_string(file).ok()?.parse::<f64>().ok()
        };
        let times = |name: &str| {
            let group = results.join(format!("{place}-{name}"));
            let time = |what: &str| {
                in_turn(figure, &format!("{name}-{what}"))
                    .or_else(|| by_criterion(&group.join(what).join("new")))
            };
            Some((time("floor")?, time("library")?))
        };
        for (name, text, bound) in RATIOS {
            if let Some((floor, library)) = times(name) {
                let ratio = library.median / floor.median;
                println!(
                    "| {place} | {text} | {} | {} | {ratio:.2} | {:.2} | {bound} | {} |",
                    show(floor.median),
                    show(library.median),
                    library.fastest / floor.fastest,
                    verdict(ratio, *bound)
                );
            }
        }
        for (name, text, calls, bound) in DIFFERENCES {
            if let Some((floor, library)) = times(name) {
                let more = (library.median - floor.median) / calls;
                println!(
                    "| {place} | {text} | {} | {} | {more:.1} | {:.1} | {} |",
                    show(floor.median / calls),
                    show(library.median / calls),
                    (library.fastest - floor.fastest) / calls,
                    bounded(more, *bound)
                );
            }
        }
        for (name, text, bound) in FIGURES {
            if let Some(value) = figure(name) {
                println!(
                    "| {place} | {text} | | | {value:.2} | | {} |",
                    bounded(value, *bound)
                );
            }
        }
    }
}

/// Reads what was measured in turn.
fn in_turn(figure: impl Fn(&str) -> Option<f64>, name: &str) -> Option<Time> {
    Some(Time {
        median: figure(&format!("{name}-median"))?,
        fastest: figure(&format!("{name}-fastest"))?,
    })
}

/// Reads what criterion has written of a measurement.
fn by_criterion(folder: &Path) -> Option<Time> {
    let read = |name| -> Option<Value> {
        serde_json::from_str(&fs::read_to_string(folder.join(name)).ok()?).ok()
    };
    let samples = read("sample.json")?;
    let numbers = |key: &str| -> Option<Vec<f64>> {
        samples[key].as_array()?.iter().map(Value::as_f64).collect()
    };
    let each = numbers("times")?.into_iter().zip(numbers("iters")?);
    Some(Time {
        median: read("estimates.json")?["median"]["point_estimate"].as_f64()?,
        fastest: each.map(|(time, calls)| time / calls).reduce(f64::min)?,
    })
}

fn bounded(value: f64, bound: Option<f64>) -> String {
    bound.map_or_else(
        || "|".to_owned(),
        |bound| format!("{bound} | {}", verdict(value, bound)),
    )
}

fn verdict(value: f64, bound: f64) -> &'static str {
    if value <= bound { "met" } else { "MISSED" }
}

fn show(nanoseconds: f64) -> String {
    if nanoseconds < 1000.0 {
        format!("{nanoseconds:.1} ns")
    } else {
        format!("{:.2} µs", nanoseconds / 1000.0)
    }
}
