//! What runs said of themselves: the latest value of each fact, and a line of the numbers before it.

use std::fmt::Write as _;

use notify_core::__cli::Recent;

use super::escape;
use super::strip::RUNS;
use crate::words::{self, plain};

/// As many facts of a job are shown.
const MOST: usize = 6;

/// The longest value that is shown, in cells.
const VALUE: usize = 40;

/// The room of a line.
const WIDTH: f64 = 60.0;
const HEIGHT: f64 = 12.0;

/// Draws the facts of the latest run, those that are numbers with a line of the runs before it.
pub(super) fn draw(facts: &[(String, String)], runs: &[Recent]) -> String {
    if facts.is_empty() {
        return String::new();
    }
    let mut drawn = String::from("<div class=facts>");
    for (name, value) in facts.iter().take(MOST) {
        let value = escape(&words::cut(&plain(value), VALUE));
        let line = line(name, runs).unwrap_or_default();
        // It cannot fail: it writes into a text.
        let _ = write!(drawn, "<span>{name} {value}{line}</span> ");
    }
    drawn + "</div>"
}

/// Draws the last numbers of a fact, the newest to the right; `None` where there are not two.
fn line(name: &str, runs: &[Recent]) -> Option<String> {
    let number = |run: &Recent| {
        let fact = run.facts.iter().find(|(known, _)| known == name);
        fact.and_then(|(_, value)| value.parse::<f64>().ok())
    };
    let runs = &runs[runs.len().saturating_sub(RUNS)..];
    let numbers = runs.iter().filter_map(number);
    let numbers: Vec<f64> = numbers.filter(|number| number.is_finite()).collect();
    if numbers.len() < 2 {
        return None;
    }
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut points = String::new();
    for (place, number) in numbers.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "at most fifty")]
        let x = WIDTH * place as f64 / (numbers.len() - 1) as f64;
        // Where all are the same the line is in the middle.
        let share = (number / 2.0 - least / 2.0) / (most / 2.0 - least / 2.0);
        let share = if share.is_finite() { share } else { 0.5 };
        let _ = write!(
            points,
            "{x:.1},{:.1} ",
            1.0 + (HEIGHT - 2.0) * (1.0 - share)
        );
    }
    Some(format!(
        "<svg role=img aria-label=\"the last {} values of {name}: from {least} to {most}\" \
         viewBox=\"0 0 {WIDTH} {HEIGHT}\" width={WIDTH} height={HEIGHT}><polyline points=\"{}\" /></svg>",
        numbers.len(),
        points.trim_end()
    ))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use notify_core::State;

    use super::*;

    fn runs(values: &[&str]) -> Vec<Recent> {
        let run = |value: &&str| Recent {
            state: State::Ok,
            begun: DateTime::UNIX_EPOCH,
            took: None,
            runs: 1,
            error: String::new(),
            facts: vec![("rows".to_owned(), (*value).to_owned())],
        };
        values.iter().map(run).collect()
    }

    fn fact(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    /// Issue 17, point 3.
    #[test]
    fn a_fact_that_is_a_number_has_a_line_of_the_last_fifty() {
        let drawn = draw(&fact("rows", "44"), &runs(&["0", "22", "no number", "44"]));
        assert!(drawn.contains("rows 44<svg"), "{drawn}");
        assert!(
            drawn.contains("the last 3 values of rows: from 0 to 44"),
            "{drawn}"
        );
        assert!(
            drawn.contains("points=\"0.0,11.0 30.0,6.0 60.0,1.0\""),
            "{drawn}"
        );
        let many: Vec<_> = (0..80).map(|number| number.to_string()).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert!(
            draw(&fact("rows", "79"), &runs(&many))
                .contains("the last 50 values of rows: from 30 to 79")
        );
    }

    /// Issue 17, point 3: whatever a fact says, the page stays whole.
    #[test]
    fn a_fact_that_is_no_number_is_shown_as_text_alone() {
        let drawn = draw(&fact("file", "<b>a.csv"), &runs(&["1", "2"]));
        assert_eq!(
            drawn,
            "<div class=facts><span>file &lt;b&gt;a.csv</span> </div>"
        );
        assert_eq!(draw(&[], &runs(&["1", "2"])), "");
        for values in [
            &["1e308", "-1e308"][..],
            &["5", "5"],
            &["inf", "NaN"],
            &["1"],
        ] {
            let drawn = draw(&fact("rows", "1"), &runs(values));
            assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
        }
    }
}
