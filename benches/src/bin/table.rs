//! Prints the table of ratios to floors from the results of `cargo bench`.

use std::fs;
use std::path::Path;

use pipeline_notify_benches::results;

/// What is measured as a floor and the library, and how often the floor it may cost.
const RATIOS: &[(&str, &str, f64)] = &[
    ("ok-nested", "silent `OK`, inside a run", 1.5),
    ("ok-outermost", "silent `OK`, outermost", 1.5),
    ("error-nested", "silent `ERROR`, inside a run", 1.5),
    ("error-outermost", "silent `ERROR`, outermost", 1.5),
];

/// Other figures: name, text, unit, bound.
const FIGURES: &[(&str, &str, &str, f64)] = &[(
    "descriptors",
    "descriptors that 1000 jobs leave open",
    "",
    9.0,
)];

fn main() {
    let results = results();
    println!("| place | what | floor | library | ratio or figure | bound | |");
    println!("|---|---|---|---|---|---|---|");
    for place in ["tmpfs", "disk"] {
        for (name, text, bound) in RATIOS {
            let group = results.join(format!("{place}-{name}"));
            let (Some(floor), Some(library)) = (median(&group, "floor"), median(&group, "library"))
            else {
                continue;
            };
            let ratio = library / floor;
            println!(
                "| {place} | {text} | {} | {} | {ratio:.2} x | {bound} x | {} |",
                time(floor),
                time(library),
                verdict(ratio, *bound)
            );
        }
        for (name, text, unit, bound) in FIGURES {
            let file = results.join("figures").join(format!("{place}-{name}"));
            let Some(value) = fs::read_to_string(file)
                .ok()
                .and_then(|value| value.parse::<f64>().ok())
            else {
                continue;
            };
            println!(
                "| {place} | {text} | | | {value:.1}{unit} | {bound}{unit} | {} |",
                verdict(value, *bound)
            );
        }
    }
}

/// Reads the median of a measurement, in nanoseconds.
fn median(group: &Path, function: &str) -> Option<f64> {
    let file = group.join(function).join("new/estimates.json");
    let estimates: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(file).ok()?).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}

fn verdict(value: f64, bound: f64) -> &'static str {
    if value <= bound { "met" } else { "MISSED" }
}

fn time(nanoseconds: f64) -> String {
    if nanoseconds < 1000.0 {
        format!("{nanoseconds:.1} ns")
    } else {
        format!("{:.2} µs", nanoseconds / 1000.0)
    }
}
