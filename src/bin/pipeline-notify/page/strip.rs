//! A strip of a job's latest runs, drawn as bars.

use std::fmt::Write as _;
use std::time::Duration;

use notify_core::__cli::Recent;
use notify_core::State;

use crate::words::{self, count};

/// The runs of a strip.
pub(super) const RUNS: usize = 50;

/// The height of the longest bar, and of the foot that shows a failure without its colour.
const HEIGHT: f64 = 22.0;
const FOOT: f64 = 4.0;

/// The room of a bar, and how much of it is left free.
const BAR: usize = 4;

/// Draws runs as bars, the newest to the right.
pub(super) fn draw(runs: &[Recent]) -> String {
    if runs.is_empty() {
        return String::new();
    }
    let longest = runs.iter().filter_map(|run| run.took).max();
    let longest = longest.unwrap_or_default().max(Duration::from_millis(1));
    let all: u64 = runs.iter().map(|run| run.runs).sum();
    let failed = runs.iter().filter(|run| run.state == State::Error);
    let failed: u64 = failed.map(|run| run.runs).sum();
    let label = format!(
        "the last {}: {failed} failed, at most {}",
        count(all, "run"),
        words::took(longest)
    );
    let width = RUNS * BAR;
    let foot = HEIGHT + FOOT;
    let mut strip = format!(
        "<svg role=img aria-label=\"{label}\" viewBox=\"0 0 {width} {foot}\" preserveAspectRatio=none><line x2={width} y1={HEIGHT} y2={HEIGHT} stroke-width=.5 />"
    );
    for (number, run) in runs.iter().enumerate() {
        let x = (RUNS - runs.len() + number) * BAR;
        let share = run
            .took
            .map_or(0.0, |took| took.as_secs_f64() / longest.as_secs_f64());
        let height = (share * HEIGHT).max(3.0);
        let top = HEIGHT - height;
        let (class, height) = match run.state {
            State::Error => (" class=f", height + FOOT),
            _ => ("", height),
        };
        let title = words(run);
        let wide = BAR - 1;
        // It cannot fail: it writes into a text.
        let _ = write!(
            strip,
            "<rect{class} x={x} y={top:.1} width={wide} height={height:.1}><title>{title}</title></rect>"
        );
    }
    strip + "</svg>"
}

/// Says when a run began, how it ended, and how long it took.
pub(super) fn words(run: &Recent) -> String {
    let mut title = format!("{} {}", words::moment(run.begun), run.state.as_str());
    if let Some(took) = run.took {
        title += &format!(", {}", words::took(took));
    }
    if run.runs > 1 {
        title += &format!(", {} runs", run.runs);
    }
    title
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn the_newest_run_is_the_rightmost_bar_and_a_failure_has_a_foot() {
        let run = |state, seconds| Recent {
            state,
            begun: DateTime::UNIX_EPOCH,
            took: Some(Duration::from_secs(seconds)),
            runs: 1,
            error: String::new(),
            facts: Vec::new(),
        };
        let strip = draw(&[run(State::Ok, 10), run(State::Error, 5)]);
        assert!(
            strip.contains("aria-label=\"the last 2 runs: 1 failed, at most 10 s\""),
            "{strip}"
        );
        assert!(
            strip.contains("<rect x=192 y=0.0 width=3 height=22.0>"),
            "{strip}"
        );
        assert!(
            strip.contains("<rect class=f x=196 y=11.0 width=3 height=15.0>"),
            "{strip}"
        );
        assert_eq!(draw(&[]), "");
    }
}
