//! What is in the store, for those who look.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::address::{self, Address};
use super::session::{columns, row};
use super::{Shared, plans, schema, session};
use crate::format::json::Value;
use crate::format::time::Time;
use crate::state::history::Event;
use crate::state::place::Waiting;

/// How long a person waits until the tables are there.
const INIT: Duration = Duration::from_secs(20);

/// The latest lines of a job's history that are read.
const LINES: u32 = 500;

impl Shared {
    pub(in crate::state) fn only_look() {
        session::only_look();
    }

    pub(in crate::state) fn script(address: Option<&str>) -> Result<String, String> {
        let schema = match address {
            Some(address) => Address::parse(address, None)?.schema(),
            None => address::usual_schema(),
        };
        Ok(schema::script(&schema))
    }

    /// The connection has made them, where they were missing.
    pub(in crate::state) fn look_at_tables(&self) -> io::Result<String> {
        const LOOK: &str = "SELECT m.version::text, (SELECT count(*) FROM pn.job j WHERE j.status <> '')::text FROM pn.meta m";
        let rows = self.link().ask(LOOK, &[], Instant::now() + INIT)?;
        let [version, jobs] = row(rows).unwrap_or_default();
        Ok(format!(
            "the tables of {self} are there: version {version}, {jobs} jobs"
        ))
    }

    pub(in crate::state) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(in crate::state) fn files(&self) -> io::Result<Vec<String>> {
        const NAMES: &str = "SELECT j.name FROM pn.job j WHERE j.status <> ''";
        let rows = self.link().ask_now(NAMES, &[])?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// Reads the status files of those jobs.
    pub(in crate::state) fn texts(&self, files: &[String]) -> io::Result<HashMap<String, String>> {
        const TEXTS: &str = "SELECT j.name, j.status FROM pn.job j WHERE j.status <> '' \
            AND j.name IN (SELECT jsonb_array_elements_text($1::text::jsonb))";
        let rows = self
            .link()
            .ask_now(TEXTS, &[&files.iter().collect::<Value>().text()])?;
        let texts = rows.into_iter().filter_map(columns);
        Ok(texts.map(|[name, status]| (name, status)).collect())
    }

    pub(in crate::state) fn expected(&self) -> io::Result<(String, Time)> {
        Ok(plans::since(&self.link(), plans::EXPECTED)?)
    }

    pub(in crate::state) fn change_expected(
        &self,
        change: &mut dyn FnMut(&str) -> String,
    ) -> io::Result<()> {
        plans::change(&self.link(), plans::EXPECTED, change)
    }

    pub(in crate::state) fn all_queues(&self) -> io::Result<Vec<Waiting>> {
        const ALERTS: &str = "SELECT a.queue, a.name, a.state FROM pn.alert a WHERE a.state <> 'handle' ORDER BY a.queue, a.name";
        let rows = self.link().ask_now(ALERTS, &[])?;
        let mut queues: BTreeMap<String, Waiting> = BTreeMap::new();
        for [queue, name, state] in rows.into_iter().filter_map(columns) {
            let waiting = queues.entry(queue.clone()).or_insert_with(|| Waiting {
                user: String::new(),
                name: queue,
                unsent: Vec::new(),
                held: Vec::new(),
                rejected: Vec::new(),
                rejected_folder: PathBuf::from("the table `alert`, state `rejected`"),
            });
            match &*state {
                "waits" => waiting.unsent.push(name),
                "held" => waiting.held.push(name),
                _ => waiting.rejected.push(name),
            }
        }
        let mut all: Vec<_> = queues.into_values().collect();
        all.extend(self.waiting_aside());
        Ok(all)
    }

    /// Returns the queues on this host with alerts that the store could not be given.
    fn waiting_aside(&self) -> Vec<Waiting> {
        let queues = self.queues_aside().map(|queue| Waiting {
            user: String::new(),
            name: queue.name().to_owned(),
            unsent: queue
                .list()
                .iter()
                .map(|entry| entry.name().to_owned())
                .collect(),
            held: Vec::new(),
            rejected: Vec::new(),
            rejected_folder: PathBuf::new(),
        });
        queues.filter(|queue| !queue.unsent.is_empty()).collect()
    }

    /// Reads the latest of a job's history, the oldest first.
    pub(in crate::state) fn history(&self, file: &str) -> io::Result<Vec<Event>> {
        const HISTORY: &str = "SELECT h.line FROM pn.history h WHERE h.job = $1::text ORDER BY h.id DESC LIMIT $2::text::bigint";
        let values = [file, &LINES.to_string()];
        let rows = self.link().ask_now(HISTORY, &values)?;
        let lines = rows.into_iter().rev().flatten();
        Ok(lines.filter_map(|line| Event::parse(&line)).collect())
    }
}
