// What the peers share: how often they are called, and what is printed.

use std::time::Instant;

/// Calls as the first argument says: `silent COUNT` and `alert COUNT` print the median nanoseconds
/// of a call and end at once; `once` fails once, and lets `main` end as it would.
pub fn run(mut call: impl FnMut(bool)) {
    let words: Vec<String> = std::env::args().collect();
    let count = words.get(2).map_or(0, |count| count.parse().unwrap());
    let (warm_up, alternates) = match words[1].as_str() {
        "silent" => (50, false),
        "alert" => (2, true),
        _ => return call(true),
    };
    let mut fails = true;
    let mut next = || {
        fails = alternates && !fails;
        let begun = Instant::now();
        call(fails);
        begun.elapsed().as_nanos()
    };
    for _ in 0..warm_up {
        next();
    }
    let mut times: Vec<_> = (0..count).map(|_| next()).collect();
    times.sort_unstable();
    println!("{}", times[times.len() / 2]);
    std::process::exit(0);
}

#[allow(dead_code, reason = "not all fail with it")]
pub const ERROR: &str = "connection refused";

#[allow(dead_code, reason = "not all write files")]
pub fn folder() -> std::path::PathBuf {
    std::env::var_os("NOTIFYDIR").unwrap().into()
}
