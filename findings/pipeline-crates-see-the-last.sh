#!/usr/bin/env bash
# Guess: a crate whose purpose is to run commands reports a pipeline of which the first command failed.
# Seen: duct and cmd_lib do. subprocess says "exited with 0", after an exit code and after SIGKILL alike, and execute
# says 0: they give what the last command gave, as `sh` does.
# Why it matters: `pg_dump | gzip`, moved from a shell script with `pipefail` to Rust, has worked with an empty dump.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'duct = "=1.1.2"' 'cmd_lib = "=2.0.1"' 'subprocess = "=1.2.3"' 'execute = "=0.2.15"' << 'RUST'
use execute::Execute;

fn main() {
    for job in ["exit 3", "kill -KILL $$"] {
        let pipe = duct::cmd!("sh", "-c", job).pipe(duct::cmd!("cat")).run();
        println!("duct: {}", if pipe.is_ok() { "worked" } else { "failed" });
        let pipe = cmd_lib::run_cmd!(sh -c $job | cat);
        println!("cmd_lib: {}", if pipe.is_ok() { "worked" } else { "failed" });
        let pipe = (subprocess::Exec::shell(job) | subprocess::Exec::cmd("cat")).join().unwrap();
        println!("subprocess: {}", if pipe.success() { "worked" } else { "failed" });
        let (mut first, mut second) = (execute::command_args!("sh", "-c", job), execute::command("cat"));
        let pipe = first.execute_multiple(&mut [&mut second]).unwrap();
        println!("execute: {}", if pipe == Some(0) { "worked" } else { "failed" });
    }
}
RUST
expect 'duct: failed
cmd_lib: failed
subprocess: worked
execute: worked
duct: failed
cmd_lib: failed
subprocess: worked
execute: worked' "$(timeout 30 "$work/program" < /dev/null 2> /dev/null)"
