//! The status of a job: what its status file says after the latest run.

use std::fmt;
use std::time::Duration;

use crate::fields::{Fields, split_line};
use crate::text;
use crate::time::{self, Time};

/// Whether a job works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its latest run succeeded.
    Ok,
    /// Its latest run failed.
    Error,
}

impl State {
    /// Returns the status file's first line: `OK` or `ERROR`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Error => "ERROR",
        }
    }

    fn parse(line: &str) -> Option<Self> {
        [Self::Ok, Self::Error]
            .into_iter()
            .find(|state| state.as_str() == line.trim())
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a status file says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Status {
    pub(crate) state: State,
    /// When the latest run began, as in the article.
    pub(crate) begun: Time,
    /// `module :: function`.
    pub(crate) location: String,
    pub(crate) took: Option<Duration>,
    /// When the first run of the present state began.
    pub(crate) since: Time,
    /// How many runs the present state has lasted.
    pub(crate) runs: u64,
    /// When people were last told; `None` where nobody was.
    pub(crate) alerted: Option<Time>,
    /// The id of the incident that is open.
    pub(crate) incident: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) pid: Option<u32>,
    pub(crate) exe: Option<String>,
    /// `file:line` of the function.
    pub(crate) source: Option<String>,
    /// The error that `errors(…)` or `when` left out.
    pub(crate) passed_over: Option<String>,
    /// When a run inside another one was last cancelled.
    pub(crate) cancelled: Option<Time>,
    pub(crate) text: String,
}

impl Status {
    /// Reads a status file, ours or the article's; `None` where it cannot be understood.
    pub(crate) fn parse(content: &str) -> Option<Self> {
        let (state, rest) = split_line(content)?;
        let (begun, rest) = split_line(rest)?;
        let (location, rest) = split_line(rest).unwrap_or_default();
        let state = State::parse(state)?;
        let begun = time::parse(begun)?;
        let fields = Fields::parse(rest);
        let get = |key| fields.get(key);
        let time = |key| get(key).and_then(time::parse);
        let since = time("since");
        Some(Self {
            state,
            begun,
            location: text::unescape(location),
            took: get("took").and_then(parse_seconds),
            since: since.unwrap_or(begun),
            runs: get("runs").and_then(|runs| runs.parse().ok()).unwrap_or(1),
            // The article's own file does not say when people were told; it told them then.
            alerted: if since.is_some() {
                time("alerted")
            } else {
                Some(begun)
            },
            incident: get("incident").map(str::to_owned),
            host: get("host").map(str::to_owned),
            pid: get("pid").and_then(|pid| pid.parse().ok()),
            exe: get("exe").map(str::to_owned),
            source: get("source").map(str::to_owned),
            passed_over: get("passed-over").map(str::to_owned),
            cancelled: time("cancelled"),
            text: fields.text,
        })
    }

    /// Writes the status file.
    pub(crate) fn render(&self) -> String {
        format!("{}\n{}", self.state, self.render_after_state())
    }

    /// Writes the status file but for its first line.
    pub(crate) fn render_after_state(&self) -> String {
        let mut fields = Fields::default();
        fields.put_some(
            "took",
            self.took.map(|took| format!("{:.3} s", took.as_secs_f64())),
        );
        fields.put("since", time::show(self.since));
        fields.put("runs", self.runs.to_string());
        fields.put_some("alerted", self.alerted.map(time::show));
        fields.put_some("incident", self.incident.as_deref());
        fields.put_some("host", self.host.as_deref());
        fields.put_some("pid", self.pid.map(|pid| pid.to_string()));
        fields.put_some("exe", self.exe.as_deref());
        fields.put_some("source", self.source.as_deref());
        fields.put_some("passed-over", self.passed_over.as_deref());
        fields.put_some("cancelled", self.cancelled.map(time::show));
        fields.text.clone_from(&self.text);
        format!(
            "{}\n{}\n{}",
            time::show(self.begun),
            text::escape(&self.location),
            fields.render()
        )
    }

    /// Tells whether nothing but times and counts sets this status apart from `previous`, so that
    /// its file need not be written anew.
    pub(crate) fn says_the_same_as(&mut self, previous: &Self) -> bool {
        // Lent for the comparison, for a copy of all texts would cost more than all the rest.
        let own = (self.begun, self.took, self.runs, self.pid);
        (self.begun, self.took, self.runs, self.pid) =
            (previous.begun, previous.took, previous.runs, previous.pid);
        let is_same = self == previous;
        (self.begun, self.took, self.runs, self.pid) = own;
        is_same
    }
}

fn parse_seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.strip_suffix(" s")?.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FULL: &str = "ERROR
2026-11-22 13:00:00:123456 UTC
etl::load :: run
took: 252.118 s
since: 2026-11-22 11:00:00:000000 UTC
runs: 3
alerted: 2026-11-22 11:00:00:120000 UTC
incident: 7f3a91c2
host: worker-3
pid: 4242
exe: /opt/etl/bin/etl
source: src/load.rs:42

connection refused
  caused by: no route to host
";

    #[test]
    fn a_status_file_is_read_and_written_back_to_the_letter() {
        let status = Status::parse(FULL).unwrap();
        assert_eq!(status.runs, 3);
        assert_eq!(
            status.text,
            "connection refused\n  caused by: no route to host\n"
        );
        assert_eq!(status.render(), FULL);
    }

    #[test]
    fn a_file_of_the_articles_own_code_is_understood() {
        let file = "ERROR\n2018-08-12 09:05:01:000007 UTC\nabc :: func1\n\nTraceback (most recent call last):\nMySpecialError: omg!\n\n";
        let status = Status::parse(file).unwrap();
        assert_eq!(
            (status.state, status.location.as_str(), status.runs),
            (State::Error, "abc :: func1", 1)
        );
        assert_eq!(status.alerted, Some(status.begun));
        assert!(status.text.starts_with("Traceback") && status.text.contains("omg!"));

        let file = "OK\n2018-08-12 09:05:01:000007 UTC\nabc :: func1\n";
        assert_eq!(Status::parse(file).unwrap().state, State::Ok);
    }

    #[test]
    fn a_damaged_file_is_no_status() {
        for file in [
            "",
            "\n",
            "OK",
            "OK\n",
            "OK\nyesterday\n",
            "FINE\n2018-08-12 09:05:01:000007 UTC\n",
            "\0\0\0",
        ] {
            assert_eq!(Status::parse(file), None, "{file:?}");
        }
    }

    #[test]
    fn unknown_keys_and_bad_values_do_not_make_a_file_unreadable() {
        let file = FULL.replace("runs: 3", "runs: many\nmood: good");
        let status = Status::parse(&file).unwrap();
        assert_eq!((status.runs, status.pid), (1, Some(4242)));
    }

    proptest! {
        #[test]
        fn any_content_can_be_read(content in any::<String>()) {
            let _ = Status::parse(&content);
        }

        #[test]
        fn whatever_follows_the_first_two_lines_the_status_is_read(rest in any::<String>()) {
            let file = format!("OK\n2018-08-12 09:05:01:000007 UTC\n{rest}");
            prop_assert_eq!(Status::parse(&file).unwrap().state, State::Ok);
        }
    }
}
