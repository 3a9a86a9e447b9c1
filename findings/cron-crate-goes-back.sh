#!/usr/bin/env bash
# Guess: the crate `cron`'s next time after a moment is later than the moment.
# Seen: in the hour that comes twice when summer time ends, `*/15` gives a next time before the moment
# asked for.
# Why it matters: a scheduler that sleeps until "the next time" does not sleep at all, once a year, at
# night; and a check for missed runs sees a run that was due an hour ago.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'cron = "=0.17.0"' 'chrono = "=0.4.45"' 'chrono-tz = "=0.10.4"' << 'RUST'
use chrono::{DateTime, Utc};
use std::str::FromStr;

fn main() {
    let each_quarter = cron::Schedule::from_str("0 */15 * * * *").unwrap();
    for now in ["2026-10-24T23:50:00Z", "2026-10-25T00:20:00Z", "2026-10-25T01:20:00Z", "2026-10-25T02:20:00Z"] {
        let now = now.parse::<DateTime<Utc>>().unwrap().with_timezone(&chrono_tz::Europe::Berlin);
        let next = each_quarter.after(&now).next().unwrap();
        let order = if next > now { "later" } else { "BEFORE" };
        println!("after {}: {}, {order}", now.format("%T %Z"), next.format("%T %Z"));
    }
}
RUST
expect 'after 01:50:00 CEST: 02:00:00 CEST, later
after 02:20:00 CEST: 02:30:00 CEST, later
after 02:20:00 CET: 02:30:00 CEST, BEFORE
after 03:20:00 CET: 03:30:00 CET, later' "$(timeout 30 "$work/program")"
