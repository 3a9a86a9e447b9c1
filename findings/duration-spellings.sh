#!/usr/bin/env bash
# Guess: the crates that read durations from settings take or refuse "1M" and "90", but where two take
# one, they mean the same.
# Seen: "1M" is a month to humantime, a minute to duration-str, and refused by jiff. duration-str reads
# "90" and the end of "1 h 30" as seconds, and refuses "1.5h", which the others take.
# Why it matters: "call if it has not run for 1M" waits a month here and a minute there, and nothing says
# which.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'humantime = "=2.4.0"' 'jiff = "=0.2.46"' 'duration-str = "=0.21.0"' << 'RUST'
fn main() {
    for text in ["1m", "1M", "90", "1 h 30", "1.5h"] {
        let seconds = |result: Option<std::time::Duration>| {
            result.map_or("refused".to_owned(), |time| format!("{} s", time.as_secs()))
        };
        println!("{text}: humantime {}, jiff {}, duration-str {}",
            seconds(humantime::parse_duration(text).ok()),
            seconds(text.parse::<jiff::SignedDuration>().ok().and_then(|time| time.try_into().ok())),
            seconds(duration_str::parse(text).ok()));
    }
}
RUST
expect '1m: humantime 60 s, jiff 60 s, duration-str 60 s
1M: humantime 2630016 s, jiff refused, duration-str 60 s
90: humantime refused, jiff refused, duration-str 90 s
1 h 30: humantime refused, jiff refused, duration-str 3630 s
1.5h: humantime 5400 s, jiff 5400 s, duration-str refused' "$(timeout 10 "$work/program")"
