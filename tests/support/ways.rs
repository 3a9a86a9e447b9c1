//! The ways in which the program `ends` may end without a word, and how to run it for each.

use super::Program;
use super::running::IGNORING_NOTHING;

/// The ways to end that leave no time for a word.
const SILENT: [&str; 12] = [
    "kill", "term", "int", "hup", "ill", "quit", "segv", "bus", "abort", "double panic",
    "stack overflow", "out of memory",
];

/// Those of them that there are on this system.
pub fn silent() -> impl Iterator<Item = &'static str> {
    let has_limits = cfg!(target_os = "linux");
    let ways = SILENT.into_iter();
    ways.filter(move |way| has_limits || *way != "out of memory")
}

/// The program that ends so.
pub fn ends(way: &str) -> Program {
    let program = Program::new("ends").arg(way);
    if way == "out of memory" {
        let limited = "ulimit -c 0; ulimit -v 2000000 && exec \"$0\" \"$@\"";
        return program.under("sh", ["-c", limited]);
    }
    program.under("sh", IGNORING_NOTHING)
}
