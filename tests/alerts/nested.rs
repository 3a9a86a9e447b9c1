//! Issue 12, point 0: one event ends a job inside another. Each pair of options and each end, by real
//! programs, against a model of what people are to hear.

use std::collections::{BTreeSet, HashMap};

use crate::support::{Folder, Program, Receiver};

/// What a job's attribute says.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Says {
    Nothing,
    After3,
    Mention,
    Nowhere,
    OtherChannel,
    Silent,
}

const ALL: [Says; 6] = [
    Says::Nothing,
    Says::After3,
    Says::Mention,
    Says::Nowhere,
    Says::OtherChannel,
    Says::Silent,
];

impl Says {
    fn channel(self) -> &'static str {
        match self {
            Self::Nowhere => "",
            Self::OtherChannel => "other",
            _ => "alerts",
        }
    }

    fn setting(self, job: &str) -> Option<(String, String)> {
        let (name, value) = match self {
            Self::Nothing => return None,
            Self::After3 => ("AFTER", "3".to_owned()),
            Self::Mention => ("MENTION", format!("U{}", job.to_uppercase())),
            Self::Nowhere | Self::OtherChannel => ("CHANNEL", self.channel().to_owned()),
            Self::Silent => ("SILENT", "3600".to_owned()),
        };
        Some((format!("{}_{name}", job.to_uppercase()), value))
    }
}

/// What people know of a job.
#[derive(Debug, Clone)]
struct Job {
    name: &'static str,
    says: Says,
    failures: u32,
    /// Whether they know that it fails, and by whose alert.
    is_known: bool,
    is_own: bool,
    errors: BTreeSet<String>,
}

impl Job {
    fn new(name: &'static str, says: Says) -> Self {
        Self {
            name,
            says,
            failures: 0,
            is_known: false,
            is_own: false,
            errors: BTreeSet::new(),
        }
    }

    /// It works: people hear so if they heard of its failure by its name.
    fn works(&mut self) -> Option<String> {
        let delivered = self.is_own.then(|| format!("{} recovered []", self.name));
        *self = Self::new(self.name, self.says);
        delivered
    }

    /// It fails; `spoken` says on which channels the event was sent, or is known to last.
    fn fails(
        &mut self,
        error: &str,
        spoken: &mut HashMap<&'static str, bool>,
        others: &[Says],
    ) -> Option<String> {
        let channel = self.says.channel();
        self.failures += 1;
        if channel.is_empty() {
            return None;
        }
        let cover = spoken.get(channel).copied();
        let is_other = !self.errors.is_empty() && !self.errors.contains(error);
        let is_silent = self.is_known && self.says == Says::Silent && !is_other;
        if is_silent && (self.is_own || cover.is_some()) {
            spoken.entry(channel).or_insert(false);
            return None;
        }
        if cover == Some(true) {
            self.is_known = true;
            self.errors.insert(error.to_owned());
            return None;
        }
        if cover == Some(false) && self.is_known && !is_silent {
            return None;
        }
        if self.says == Says::After3 && self.failures < 3 && !self.is_known {
            return None;
        }
        spoken.insert(channel, true);
        let kind = if self.is_own {
            "still_failing"
        } else {
            "failed"
        };
        // By whatever name, it is the second failure in a row that is sent now.
        let kind = if self.failures > 1 && !self.is_known && self.says != Says::After3 {
            "still_failing"
        } else {
            kind
        };
        (self.is_known, self.is_own) = (true, true);
        self.errors.insert(error.to_owned());
        let mentions = [(self.says, self.name)].into_iter();
        let mentions = mentions.chain(others.iter().map(|says| (*says, "outer")));
        let mentions = mentions.filter(|(says, _)| *says == Says::Mention && channel == "alerts");
        let mentions: Vec<_> = mentions
            .map(|(_, name)| format!("U{}", name.to_uppercase()))
            .collect();
        Some(format!("{} {kind} [{}]", self.name, mentions.join(" ")))
    }
}

/// What people are to hear of each run.
fn expected(inner: Says, outer: Says, ends: &[&str]) -> Vec<Vec<String>> {
    let (mut inner, mut outer) = (Job::new("inner", inner), Job::new("outer", outer));
    let of_run = |end: &&str| {
        let mut spoken = HashMap::new();
        let delivered = match *end {
            "ok" => [inner.works(), outer.works()],
            "outer" => [inner.works(), outer.fails("outer", &mut spoken, &[])],
            end => {
                let is_event = end != "err";
                let around = if is_event {
                    vec![outer.says]
                } else {
                    Vec::new()
                };
                let first = inner.fails(end, &mut spoken, &around);
                if !is_event {
                    spoken.clear();
                }
                [first, outer.fails(end, &mut spoken, &[])]
            }
        };
        delivered.into_iter().flatten().collect()
    };
    ends.iter().map(of_run).collect()
}

/// What came, a line each.
fn heard(receiver: &Receiver) -> Vec<String> {
    let line = |alert: serde_json::Value| {
        let text = |key: &str| alert[key].as_str().unwrap_or_default().to_owned();
        format!("{} {} [{}]", text("job"), text("kind"), text("mention"))
    };
    receiver.alerts().into_iter().map(line).collect()
}

fn each_pair_of_options(end: &str) {
    let ends = ["ok", end, end, "outer", "ok"];
    let pairs: Vec<_> = ALL
        .into_iter()
        .flat_map(|inner| ALL.map(|outer| (inner, outer)))
        .collect();
    let check = |(inner, outer): (Says, Says)| {
        let folder = Folder::new();
        let expected = expected(inner, outer, &ends);
        for (number, end) in ends.iter().enumerate() {
            let (alerts, other) = (Receiver::new(), Receiver::new());
            let mut program = Program::new("nested")
                .arg(end)
                .directory(&folder)
                .alerts_as_json_to(&alerts)
                .env("NOTIFY_OTHER_URL", format!("json://{}/", other.address()))
                .env("NOTIFY_SIGNALS", "1")
                .env("NOTIFY_OK_SILENT_HOURS", "never");
            let settings = [inner.setting("inner"), outer.setting("outer")];
            for (name, value) in settings.into_iter().flatten() {
                program = program.env(&name, &value);
            }
            program.run();
            let mut heard = [heard(&alerts), heard(&other)].concat();
            let mut expected = expected[number].clone();
            heard.sort();
            expected.sort();
            assert_eq!(
                heard, expected,
                "inner {inner:?}, outer {outer:?}, run {number} of {ends:?}"
            );
        }
    };
    std::thread::scope(|scope| {
        let shares = pairs.chunks(pairs.len() / 3);
        for share in shares {
            scope.spawn(move || share.iter().copied().for_each(check));
        }
    });
}

#[test]
fn an_error_is_sent_by_each_job_that_returns_it() {
    each_pair_of_options("err");
}

#[test]
fn a_panic_is_sent_once_a_channel_by_the_innermost_job_that_may() {
    each_pair_of_options("panic");
}

#[test]
fn an_exit_is_sent_once_a_channel_by_the_innermost_job_that_may() {
    each_pair_of_options("exit");
}

#[test]
fn a_signal_is_sent_once_a_channel_by_the_innermost_job_that_may() {
    each_pair_of_options("term");
}

/// Issue 12, point 9: the runs inside one are a part of it, and no newer ones.
#[test]
fn a_job_that_fails_after_its_runs_inside_have_worked_has_failed() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    for outcome in ["ok", "around the disk is full", "ok"] {
        let program = Program::new("incidents").arg(outcome).directory(&folder);
        let program = program.alerts_as_json_to(&receiver);
        program.env("NOTIFY_OK_SILENT_HOURS", "never").run();
        let status = folder.status_file("pipeline-notify.incidents.load");
        let expected = if outcome == "ok" { "OK\n" } else { "ERROR\n" };
        assert!(status.starts_with(expected), "{outcome}: {status}");
    }
    let job = "pipeline-notify.incidents.load";
    assert_eq!(
        heard(&receiver),
        ["failed", "recovered"].map(|kind| format!("{job} {kind} []"))
    );
}

/// The one of them that began last has failed, and ended first.
#[test]
fn a_job_that_works_after_runs_abreast_inside_it_has_recovered_from_each_of_them() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let program = Program::new("incidents").arg("abreast the disk is full");
    let program = program.directory(&folder).alerts_as_json_to(&receiver);
    program.env("NOTIFY_OK_SILENT_HOURS", "never").run();
    let job = "pipeline-notify.incidents.abreast";
    let status = folder.status_file(job);
    assert!(status.starts_with("OK\n"), "{status}");
    assert_eq!(
        heard(&receiver),
        ["failed", "recovered"].map(|kind| format!("{job} {kind} []"))
    );
}
