//! The right to send from a queue of the fleet: one sender has it at a time.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::Queue;
use crate::format::hash;
use crate::os::random;
use crate::state::shared::link::{Link, deadline};
use crate::state::turn::Turn;

/// The right to send, which is given back when this goes.
struct Lease {
    link: Arc<Link>,
    queue: String,
    token: String,
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.queue).finish()
    }
}

/// Who sends lets the lease run on by this: what a post takes, and a margin. Whose lock is gone sends no more, but where
/// the server was started a moment ago, which ends all locks: then the lease alone counts,
/// for which it is written through: two senders would send the same.
const TURN: &str = "WITH free AS (SELECT q.name FROM pn.queue q WHERE q.name = $1::text AND (q.token = '' \
    OR q.lease < clock_timestamp() OR q.direct AND pg_postmaster_start_time() < clock_timestamp() - interval '15 s' AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' \
    AND l.objsubid = 1 AND l.granted AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) \
    AND ((l.classid::bigint << 32) | l.objid::bigint) = q.sender)) FOR UPDATE OF q SKIP LOCKED) \
    UPDATE pn.queue q SET token = $2::text, sender = $3::text::bigint, direct = $4::text::boolean, \
    lease = clock_timestamp() + interval '12 s' FROM free WHERE q.name = free.name RETURNING 1::text";

const GIVE_BACK: &str = "WITH s AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS a) \
    UPDATE pn.queue q SET token = '' FROM s WHERE s.a IS NOT NULL AND q.name = $1::text AND q.token = $2::text";

impl Queue {
    pub(crate) fn turn(&self) -> io::Result<Turn> {
        let link = self.link();
        let token = hash::hex(random::number());
        let is_direct = link.up().is_some_and(|(_, is_direct)| is_direct);
        let values = [&*token, &link.process.to_string(), &is_direct.to_string()];
        Ok(if self.ask(TURN, &values)?.is_empty() {
            Turn::Others
        } else {
            let queue = self.name.clone();
            Turn::Mine(Box::new(Lease { link, queue, token }))
        })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let values = [&*self.queue, &*self.token];
        // Where it cannot be given back, it ends with this process, or by itself: that is not waited for.
        if self.link.up().is_some() {
            let _ = self.link.ask_anyway(GIVE_BACK, &values, deadline());
        }
    }
}
