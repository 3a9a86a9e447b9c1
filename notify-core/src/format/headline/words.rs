//! Words by which a line of an error is known.

/// A line of these words alone says little.
pub(super) const VAGUE: &[&str] = &[
    "a", "an", "the", "error", "errors", "err", "failed", "failure", "fail", "fatal", "panic",
    "exception", "db", "service", "dispatch", "transport", "request", "response", "network", "io",
    "i", "o", "internal", "unknown", "unexpected", "unhandled", "other", "some", "something",
    "went", "wrong", "occurred", "happened", "main", "in", "is", "was", "client", "server",
    "command", "process", "run", "job", "task", "execution", "aborted", "done", "line", "column",
    "position", "offset", "at", "parse", "parsing", "toml", "json", "yaml", "xml",
];

/// A line of only these words says how a program ended.
pub(super) const END: &[&str] = &[
    "exited", "exit", "exits", "with", "code", "status", "killed", "by", "signal", "ended",
    "terminated", "the", "process", "command", "program", "while", "this", "ran", "perhaps", "out",
    "of", "memory", "core", "dumped", "non", "zero", "nonzero", "returned",
];

/// What stands beside the name of a program that has ended.
pub(super) const EXITS: &[&str] = &[
    "exited with", "exit status", "exit code", "non-zero", "exit successfully",
];

/// How lines begin that give advice, or name a place.
pub(super) const HINTS: &[&str] = &[
    "note:",
    "hint:",
    "help:",
    "tip:",
    "usage:",
    "try '",
    "try `",
    "try \"",
    "see '",
    "see `",
    "see also",
    "for more information",
    "run with `",
    "backtrace omitted",
    "location:",
    "node.js v",
    "at ",
    "... ",
    "... and ",
    "traceback (most recent call last)",
    "(the end of standard error)",
    "[…",
    "info:",
    "debug:",
    "trace:",
    "stdout:",
    "stderr:",
    "a complete log",
    "this is probably not a problem with npm",
    "thrown in ",
];

/// What a line holds that points to another one.
pub(super) const BACK: &[&str] = &["previous error", "errors above", "error above"];

/// What stands before each line of a program's error output.
pub(super) const MARKS: &[&str] = &["npm ERR!", "npm error"];

/// How the lines of a log are marked that nobody needs to read.
pub(super) const QUIET_LEVELS: &[&str] = &["INFO", "DEBUG", "TRACE", "NOTICE"];

/// What stands before a level, in a line for programs: `level=info`, `"level": "info"`.
pub(super) const LEVEL_KEYS: &[&str] = &["level", "lvl", "severity", "loglevel"];

/// What panics say where nobody wrote words for them.
pub(super) const WORDLESS: &[&str] = &[
    "called `Option::unwrap()` on a `None` value",
    "explicit panic",
    "not implemented",
    "not yet implemented",
    "internal error: entered unreachable code",
    "Any { .. }",
    "(the panic's payload is no text)",
];
