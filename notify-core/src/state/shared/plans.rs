//! What people have planned for the jobs of a store: texts, each of which changes whole.

use std::io;

use chrono::DateTime;

use super::fault::Fault;
use super::link::Link;
use super::session::row;
use crate::format::time::Time;
use crate::state::local::silences::Silences;

/// The text of planned quiet.
pub(super) const QUIET: &str = "quiet";

/// The list of the jobs that never ran, and that people heard of.
pub(super) const NEVER_RUN: &str = "never-run";

/// How often to change a text anew that others change meanwhile.
const TRIES: u32 = 5;

/// The lines of the jobs that should run.
pub(super) const EXPECTED: &str = "expected";

const READ: &str = "SELECT p.body, (extract(epoch FROM p.at) * 1000000)::bigint::text FROM pn.plan p WHERE p.name = $1::text";

/// The planned quiet as it was last read.
#[derive(Debug, Default)]
pub(super) struct Planned {
    pub(super) text: String,
    pub(super) silences: Silences,
}

impl Planned {
    pub(super) fn new(link: &Link, text: String) -> Self {
        let place = format!("{} (planned quiet)", link.address());
        let silences = Silences::of_all(&text, &place);
        Self { text, silences }
    }
}

pub(super) fn read(link: &Link) -> Result<Silences, Fault> {
    Ok(Planned::new(link, text(link, QUIET)?).silences)
}

fn text(link: &Link, name: &str) -> Result<String, Fault> {
    since(link, name).map(|(text, _)| text)
}

/// Reads a text, and since when it stands so.
pub(super) fn since(link: &Link, name: &str) -> Result<(String, Time), Fault> {
    let rows = link.ask_now(READ, &[name])?;
    let [body, at] = row(rows).unwrap_or_default();
    let at = at.parse().ok().and_then(DateTime::from_timestamp_micros);
    Ok((body, at.unwrap_or_default()))
}

/// Changes a text: `change` may be asked again, where others were faster.
pub(super) fn change(
    link: &Link,
    name: &str,
    mut change: impl FnMut(&str) -> String,
) -> io::Result<()> {
    const WRITE: &str = "INSERT INTO pn.plan AS p (name, body) SELECT $1::text, $3::text \
        WHERE $2::text = '' OR EXISTS (SELECT FROM pn.plan o WHERE o.name = $1::text) \
        ON CONFLICT (name) DO UPDATE SET body = $3::text, at = clock_timestamp() WHERE p.body = $2::text RETURNING 1::text";
    for _ in 0..TRIES {
        let before = text(link, name)?;
        let after = change(&before);
        if after == before {
            return Ok(());
        }
        if !link.ask_now(WRITE, &[name, &before, &after])?.is_empty() {
            return Ok(());
        }
    }
    Err(io::ErrorKind::WouldBlock.into())
}
