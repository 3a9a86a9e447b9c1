//! Whether a program was asked for its help or its version, by its arguments.

use std::ffi::{OsStr, OsString};

use crate::os::ffi::OnceBox;

/// What the status file says of a run that was.
pub(crate) const HELP: &str = "help or version was asked for";

/// Names this process to it.
pub(crate) fn for_help() -> bool {
    static IS_ASKED: OnceBox<bool> = OnceBox::new();
    *IS_ASKED.get_or_make(|| by(std::env::args_os().skip(1)))
}

/// What follows `--` are no options, and `--version 1.4` is one with a value, as `-h db1` is.
fn by(arguments: impl Iterator<Item = OsString>) -> bool {
    let arguments: Vec<_> = arguments.collect();
    let end = arguments.iter().position(|argument| argument == "--");
    let options = &arguments[..end.unwrap_or(arguments.len())];
    let is = |argument: Option<&OsString>, words: &[&str]| {
        argument.is_some_and(|argument| words.iter().any(|word| argument == OsStr::new(word)))
    };
    is(options.first(), &["help"])
        || options.iter().any(|option| option == "--help")
        || end.is_none() && is(options.last(), &["-h", "-V", "--version"])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// issue 12, point 7
    #[test]
    fn help_is_asked_for_by_its_words_in_their_places_and_by_no_others() {
        for (arguments, is_asked) in [
            ("--help", true),
            ("load --help", true),
            ("load --help --day today", true),
            ("-h", true),
            ("load -v -h", true),
            ("-V", true),
            ("--version", true),
            ("help", true),
            ("help load", true),
            ("", false),
            ("load", false),
            ("-h db1", false),
            ("-V 3 load", false),
            ("--version 1.4", false),
            ("deploy --version 1.4", false),
            ("load help", false),
            ("-- --help", false),
            ("load -- -h", false),
            ("-h --", false),
            ("--helpful", false),
            ("--help-me", false),
            ("-hv", false),
            ("--version=1.4", false),
        ] {
            let words = arguments.split_whitespace().map(OsString::from);
            assert_eq!(by(words), is_asked, "{arguments}");
        }
    }
}
