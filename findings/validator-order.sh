#!/usr/bin/env bash
# Guess: the text of one and the same failed validation is one and the same text.
# Seen: validator keeps the fields in a hash map; the lines, and the parts within a
# line, come in another order in each process.
# Why it matters: whoever tells "still the same error" from "a new one" by the text takes each run's
# error for a new one.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'validator = { version = "=0.21.0", features = ["derive"] }' << 'RUST'
use validator::Validate;

#[derive(Validate)]
struct Order {
    #[validate(length(min = 1))]
    name: String,
    #[validate(range(min = 1))]
    amount: u32,
    #[validate(length(min = 3))]
    currency: String,
    #[validate(length(min = 5))]
    account: String,
}

fn main() {
    let empty = Order { name: String::new(), amount: 0, currency: String::new(), account: String::new() };
    println!("{}", empty.validate().unwrap_err());
}
RUST
for run in $(seq 20); do
    timeout 10 "$work/program" > "$work/run.$run"
done
# How many different lines of input there are.
kinds() { sort -u | wc -l; }
texts=$(for run in $(seq 20); do cksum < "$work/run.$run"; done | kinds)
contents=$(for run in $(seq 20); do fold -w 1 "$work/run.$run" | sort | cksum; done | kinds)
expect 'characters in all runs: the same
texts: more than one' "$(
    echo "characters in all runs: $( ((contents == 1)) && echo the same || echo other ones)"
    echo "texts: $( ((texts > 1)) && echo more than one || echo one)"
)"
