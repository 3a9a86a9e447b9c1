#!/usr/bin/env bash
# Guess: the crates that read cron lines agree with cron: 1 is Monday; a day of the month and of the
# week together mean "either".
# Seen: `cron` counts from 1 = Sunday; croner and cronexpr from 1 = Monday. For "the 1st, or Monday"
# `cron` wants both. Only names of days are safe in all three.
# Why it matters: scheduler and watcher of one job may use different crates: "each Monday" then runs on
# Sunday, and is called late each Tuesday.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'cron = "=0.17.0"' 'croner = "=4.0.3"' 'cronexpr = "=1.7.0"' 'chrono = "=0.4.45"' << 'RUST'
use chrono::{DateTime, Utc};
use std::str::FromStr;

fn main() {
    let start: DateTime<Utc> = "2026-01-02T12:00:00Z".parse().unwrap();
    for line in ["0 0 * * 1", "0 0 * * mon", "0 0 1 * mon"] {
        let cron = cron::Schedule::from_str(&format!("0 {line}")).unwrap().after(&start).next().unwrap();
        let croner = croner::Cron::from_str(line).unwrap().find_next_occurrence(&start, false).unwrap();
        let cronexpr = cronexpr::parse_crontab(&format!("{line} UTC")).unwrap();
        let cronexpr = cronexpr.find_next("2026-01-02T12:00:00Z").unwrap();
        let day = "%a %F";
        println!("{line}: cron {}, croner {}, cronexpr {}",
            cron.format(day), croner.format(day), cronexpr.strftime(day));
    }
}
RUST
expect '0 0 * * 1: cron Sun 2026-01-04, croner Mon 2026-01-05, cronexpr Mon 2026-01-05
0 0 * * mon: cron Mon 2026-01-05, croner Mon 2026-01-05, cronexpr Mon 2026-01-05
0 0 1 * mon: cron Mon 2026-06-01, croner Mon 2026-01-05, cronexpr Mon 2026-01-05' "$(timeout 30 "$work/program")"
