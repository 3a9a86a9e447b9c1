//! What people were told, read back from the messages that came, and what they believe after it.

use std::collections::BTreeMap;

use super::{Folder, Receiver};

/// An alert as people read it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub job: String,
    /// In the words of the message: `failed`, `recovered`.
    pub kind: String,
    /// When the run began; in a digest, when it was decided to tell of it.
    pub time: String,
    pub id: String,
    /// `None` where there is none, and in a digest, which shows none.
    pub incident: Option<String>,
    /// Whether it says that the run died.
    pub is_death: bool,
    /// All that it says; `None` in a digest, which has a line for it.
    pub text: Option<String>,
}

impl Told {
    /// Whether it says that the job fails.
    pub fn is_error(&self) -> bool {
        ["failed", "still failing"].contains(&&*self.kind)
    }
}

/// What is wrong, and where.
pub type Fault = (&'static str, String);

/// All alerts that were accepted, in their order, be they alone, a few in one message, or named by a
/// digest.
pub fn told(receiver: &Receiver) -> Vec<Told> {
    let texts = receiver.accepted();
    texts.iter().flat_map(|text| read(text)).collect()
}

fn read(text: &str) -> Vec<Told> {
    if text.starts_with("--- ") && text.lines().next().unwrap().ends_with(" alerts ---") {
        return read_digest(text);
    }
    let mut alerts = Vec::new();
    let mut rest = text;
    // Each ends with the line that names its id.
    while let Some(at) = rest.find(" · alert ") {
        let end = rest[at..].find('\n').map_or(rest.len(), |end| at + end);
        let (alert, after) = rest.split_at(end);
        let alert = alert.trim();
        let foot = alert.rsplit('\n').next().unwrap();
        let fact = |name: &str| {
            let mut values = foot.split(" · ").filter_map(|fact| fact.strip_prefix(name));
            values.next().map(str::to_owned)
        };
        let (job, kind) = foot
            .strip_prefix("job ")
            .and_then(|foot| foot.split(" · ").next()?.split_once(' '))
            .unwrap_or_else(|| panic!("no job: {text}"));
        alerts.push(Told {
            job: job.to_owned(),
            kind: kind.to_owned(),
            time: alert.lines().nth(1).unwrap().to_owned(),
            id: fact("alert ").unwrap(),
            incident: fact("incident "),
            is_death: alert.contains("\ndied: "),
            text: Some(alert.to_owned()),
        });
        rest = after;
    }
    assert!(!alerts.is_empty(), "no alert: {text}");
    alerts
}

fn read_digest(text: &str) -> Vec<Told> {
    let mut alerts = Vec::new();
    let (mut kind, mut is_death) = ("", false);
    for line in text.lines().skip(1) {
        if let Some((job, time, id)) = line.strip_prefix("  ").and_then(|line| {
            let (job, rest) = line.split_once(" · ")?;
            let (time, id) = rest.split_once(" · alert ")?;
            Some((job, time, id))
        }) {
            alerts.push(Told {
                job: job.to_owned(),
                kind: kind.to_owned(),
                time: time.to_owned(),
                id: id.to_owned(),
                incident: None,
                is_death,
                text: None,
            });
        } else if let Some((_, group)) = line.split_once(" × ") {
            kind = group.split(": ").next().unwrap();
            is_death = group.contains(": died: ");
        }
    }
    let count = text.split(' ').nth(1).unwrap().parse().ok();
    assert_eq!(count, Some(alerts.len()), "{text}");
    // A reader of a digest goes by the times.
    alerts.sort_by(|one, other| one.time.cmp(&other.time));
    alerts
}

/// The first of all copies of each alert, in the order in which they came; and how many came again.
pub fn first_copies(told: &[Told], faults: &mut Vec<Fault>) -> (Vec<Told>, usize) {
    let mut events: Vec<Told> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for alert in told {
        let Some(place) = places.get(&alert.id) else {
            places.insert(alert.id.clone(), events.len());
            events.push(alert.clone());
            continue;
        };
        let first = &mut events[*place];
        let is_same = (&first.job, &first.kind) == (&alert.job, &alert.kind)
            && (first.text.is_none() || alert.text.is_none() || first.text == alert.text);
        if !is_same {
            let what = format!("{first:?}, {alert:?}");
            faults.push(("one id tells of two events", what));
        }
        if first.text.is_none() {
            *first = alert.clone();
        }
    }
    let mut heads = BTreeMap::new();
    for event in &events {
        let head = (&event.job, &event.time, event.text.is_some());
        if let Some(other) = heads.insert(head, event) {
            faults.push(("one event has two ids", format!("{other:?}, {event:?}")));
        }
    }
    let repeats = told.len() - events.len();
    (events, repeats)
}

/// What is wrong with what people believe of the jobs, each of which has a status file.
pub fn wrong_beliefs(folder: &Folder, events: &[Told]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let statuses = folder.status_files();
    for (job, status) in &statuses {
        let of_job = events.iter().filter(|alert| alert.job == *job);
        let is_failing = status.starts_with("ERROR\n");
        let of_job = without_overtaken(&of_job.collect::<Vec<_>>(), is_failing);
        match of_job.last() {
            Some(last) if last.is_error() == is_failing => {}
            last => {
                let what = format!("{job}: {last:?}, but {status}");
                faults.push(("people believe what is not so", what));
            }
        }
        // The incident that is open, by what people were told; the id where a message showed it.
        let mut open: Option<Option<&str>> = None;
        for alert in of_job {
            let id = alert.incident.as_deref();
            let is_other = |open: Option<&str>| open.is_some() && id.is_some() && open != id;
            let is_sound = match (&*alert.kind, open) {
                ("failed" | "ok", None) => true,
                ("still failing" | "recovered", Some(open)) => !is_other(open),
                _ => false,
            };
            if !is_sound {
                let what = format!("{alert:?} while {open:?}");
                faults.push(("an incident is not opened once and closed once", what));
            }
            open = alert.is_error().then(|| open.flatten().or(id));
        }
        let incident = status
            .lines()
            .find_map(|line| line.strip_prefix("incident: "));
        let is_known = match (open, incident) {
            (None, None) => true,
            (Some(open), Some(incident)) => open.is_none_or(|open| open == incident),
            _ => false,
        };
        if !is_known || is_failing != incident.is_some() {
            let what = format!("{job}: {open:?} is open, but {status}");
            faults.push(("an incident is open, and the status is another", what));
        }
    }
    let unknown = events
        .iter()
        .filter(|alert| !statuses.contains_key(&alert.job));
    faults.extend(unknown.map(|alert| ("an alert is of no job", format!("{alert:?}"))));
    faults
}

/// What is told of a job but for the deaths that a later run had overtaken when they were found: the
/// status is not by them, and they open no incident. A digest does not show that, but what follows does.
fn without_overtaken<'a>(events: &[&'a Told], is_failing: bool) -> Vec<&'a Told> {
    let follows = |at: usize| match events.get(at + 1) {
        Some(next) => !["failed", "ok"].contains(&&*next.kind),
        None => is_failing,
    };
    let is_overtaken = |at: usize, event: &Told| {
        event.is_death
            && event.kind == "failed"
            && match event.text {
                Some(_) => event.incident.is_none(),
                None => !follows(at),
            }
    };
    let events = events.iter().enumerate();
    let events = events.filter(|(at, event)| !is_overtaken(*at, event));
    events.map(|(_, event)| *event).collect()
}

/// What lies in the hidden folder once all is done, and should not.
pub fn litter(folder: &Folder) -> Vec<Fault> {
    let files = folder.hidden_files().into_iter();
    let litter = files.filter(|(path, content)| {
        let name = path.rsplit('/').next().unwrap();
        !(["key", "key.lock"].contains(&name)
            || path.contains("/locks/") && name.len() == 2 && content.is_empty()
            || path.contains("/history/") && !name.starts_with('.')
            // The next sender writes over a pace that an exit has cut short.
            || path.contains("/outbox/") && [".lock", ".pace", ".pace.new"].contains(&name))
    });
    litter.map(|(path, _)| ("a file is left", path)).collect()
}
