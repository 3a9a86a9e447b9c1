//! What people were sent, read back from the messages that came, and what they believe after it.

use std::collections::BTreeMap;

use super::{Folder, Receiver};

/// An alert as people read it.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivered {
    pub job: String,
    /// In the words of the message: `failed`, `recovered`.
    pub kind: String,
    /// When the run began.
    pub time: String,
    pub id: String,
    pub incident: Option<String>,
    /// Whether it says that the run died.
    pub is_death: bool,
    /// All that it says.
    pub text: String,
}

impl Delivered {
    /// Whether it says that the job fails.
    pub fn is_error(&self) -> bool {
        ["failed", "still failing"].contains(&&*self.kind)
    }
}

/// What is wrong, and where.
pub type Fault = (&'static str, String);

/// All alerts that were accepted, in their order.
///
/// They come as JSON: how a message for people names each of many is tried elsewhere.
pub fn delivered(receiver: &Receiver) -> Vec<Delivered> {
    let requests = receiver.accepted_requests().into_iter();
    requests.flat_map(|request| read(&request.body)).collect()
}

fn read(body: &str) -> Vec<Delivered> {
    let document: serde_json::Value = serde_json::from_str(body).unwrap();
    let alerts = document["alerts"].as_array().unwrap().iter();
    alerts
        .map(|alert| {
            let text = |key: &str| alert[key].as_str().map(str::to_owned);
            Delivered {
                job: text("job").unwrap(),
                kind: text("kind").unwrap().replace('_', " "),
                time: text("text").unwrap().lines().nth(1).unwrap().to_owned(),
                id: text("id").unwrap(),
                incident: text("incident"),
                is_death: text("error").unwrap().starts_with("died: "),
                text: text("text").unwrap(),
            }
        })
        .collect()
}

/// The first of all copies of each alert, in the order in which they came; and how many came again.
pub fn first_copies(delivered: &[Delivered], faults: &mut Vec<Fault>) -> (Vec<Delivered>, usize) {
    let mut events: Vec<Delivered> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for alert in delivered {
        let Some(place) = places.get(&alert.id) else {
            places.insert(alert.id.clone(), events.len());
            events.push(alert.clone());
            continue;
        };
        let first = &events[*place];
        if first != alert {
            let what = format!("{first:?}, {alert:?}");
            faults.push(("one id stands for two events", what));
        }
    }
    let mut heads = BTreeMap::new();
    for event in &events {
        // Two runs may begin in one microsecond, and then come to different ends.
        let head = (&event.job, &event.time, &event.kind);
        if let Some(other) = heads.insert(head, event) {
            faults.push(("one event has two ids", format!("{other:?}, {event:?}")));
        }
    }
    let repeats = delivered.len() - events.len();
    (events, repeats)
}

/// What is wrong with what people believe of the jobs, each of which has a status file.
pub fn wrong_beliefs(folder: &Folder, events: &[Delivered]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let statuses = folder.status_files();
    for (job, status) in &statuses {
        let of_job = events.iter().filter(|alert| alert.job == *job);
        let is_failing = status.starts_with("ERROR\n");
        let of_job = without_overtaken(&of_job.collect::<Vec<_>>());
        match of_job.last() {
            Some(last) if last.is_error() == is_failing => {}
            last => {
                let what = format!("{job}: {last:?}, but {status}");
                faults.push(("people believe what is not so", what));
            }
        }
        // The incident that is open, by what people were sent.
        let mut open: Option<&str> = None;
        for alert in of_job {
            let id = alert.incident.as_deref();
            let is_sound = match &*alert.kind {
                "failed" => open.is_none() && id.is_some(),
                "still failing" | "recovered" => open.is_some() && open == id,
                "ok" => open.is_none(),
                _ => false,
            };
            if !is_sound {
                let what = format!("{alert:?} while {open:?}");
                faults.push(("an incident is not opened once and closed once", what));
            }
            open = id.filter(|_| alert.is_error());
        }
        let incident = status
            .lines()
            .find_map(|line| line.strip_prefix("incident: "));
        if open != incident || is_failing != incident.is_some() {
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

/// What is sent of a job but for the failures of runs that a newer one had overtaken, be it that they lasted
/// longer or that they died: the status is not by them, they name the newer run, and they open no incident.
fn without_overtaken<'a>(events: &[&'a Delivered]) -> Vec<&'a Delivered> {
    let is_overtaken = |event: &Delivered| {
        let names_the_newer = event.is_death || event.text.contains("a newer run (begun ");
        names_the_newer && event.kind == "failed" && event.incident.is_none()
    };
    let events = events.iter().copied();
    events.filter(|event| !is_overtaken(event)).collect()
}

/// Returns whether a lock file holds more than the id of the last change: one that is not finished.
pub fn is_journal(folder: &Folder, lock: &str) -> bool {
    let file = std::fs::metadata(folder.path().join(lock)).unwrap();
    ![0, 8].contains(&file.len())
}

/// What lies in the hidden folder once all is done, and should not.
pub fn litter(folder: &Folder) -> Vec<Fault> {
    let files = folder.hidden_files().into_iter();
    let litter = files.filter(|(path, _)| {
        let name = path.rsplit('/').next().unwrap();
        !(["key", "key.lock"].contains(&name)
            || path.contains("/locks/") && name.len() == 2 && !is_journal(folder, path)
            // The next one that writes a status of this lock writes over one that a kill has cut short: what says
            // nothing new has no journal that somebody would finish.
            || path.contains("/locks/") && name.get(2..) == Some(".new")
            || path.contains("/history/") && !name.starts_with('.')
            // The next sender writes over a pace that an exit has cut short.
            || path.contains("/outbox/") && [".lock", ".pace", ".pace.new"].contains(&name))
    });
    litter.map(|(path, _)| ("a file is left", path)).collect()
}
