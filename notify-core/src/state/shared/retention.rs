//! How long the history is kept: lines go by age and by count, some at a time.

use std::sync::Arc;
use std::time::Duration;

use super::fault::Fault;
use super::link::Link;
use super::session::Client;

/// How often a process looks for lines that go: soon after its beginning, for it may be short, and then so often.
pub(super) const EVERY: Duration = Duration::from_secs(3600);

const BY_AGE: &str = "WITH s AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS a) \
    DELETE FROM pn.history h USING s WHERE s.a IS NOT NULL AND h.id IN (SELECT o.id FROM pn.history o \
    WHERE o.at < clock_timestamp() - interval '30 days' ORDER BY o.at LIMIT 1000 FOR UPDATE SKIP LOCKED)";

/// The latest lines of each job stay.
const BY_COUNT: &str = "WITH s AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS a) \
    DELETE FROM pn.history h USING s WHERE s.a IS NOT NULL AND h.id IN (SELECT n.id FROM (SELECT o.id, \
    row_number() OVER (PARTITION BY o.job ORDER BY o.id DESC) AS place FROM pn.history o) n WHERE n.place > 500 LIMIT 1000)";

/// Removes what is too old, and, where the process lasts, what is too much.
pub(super) async fn sweep(link: Arc<Link>, client: Arc<Client>, lasts: bool) -> Result<(), Fault> {
    link.ask_by(&client, BY_AGE, &[]).await?;
    if lasts {
        link.ask_by(&client, BY_COUNT, &[]).await?;
    }
    Ok(())
}
