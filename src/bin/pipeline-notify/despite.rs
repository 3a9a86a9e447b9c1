//! A command line of `run` with a mistake before its `--`: as much as can be understood.
//!
//! Values of options are no matter here: `run` itself leaves out what makes no sense.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory as _, Parser as _};

use crate::{Arguments, suggest};

pub(crate) const RUN: &str = "run";

/// What was understood, and what was not.
#[derive(Debug)]
pub(crate) struct Despite {
    pub(crate) arguments: Arguments,
    pub(crate) mistakes: Vec<String>,
}

/// Reads a command line that clap does not take; `None` where it is none of `run` with a command, or
/// asks for help or the version.
pub(crate) fn read(line: &[OsString], error: &clap::Error) -> Option<Despite> {
    let (program, words) = line.split_first()?;
    let end = words.iter().position(|word| word == "--")?;
    let (before, command) = words.split_at(end);
    if command.len() < 2 || before.iter().any(asks) {
        return None;
    }
    let all = Arguments::command();
    let mut mistakes = Vec::new();
    let at = match place(&all, before.iter()) {
        Some(at) if before[at] == RUN => at,
        Some(_) => return None,
        None => match misspelt(error, before) {
            Some(at) => {
                mistakes.push(format!("`{RUN}` is misspelt"));
                at
            }
            // Nothing else takes a command.
            None if first_word(&all, before.iter()).is_none() => {
                mistakes.push(format!("`{RUN}` is missing"));
                before.len()
            }
            None => return None,
        },
    };
    let options = before
        .iter()
        .enumerate()
        .filter(|(number, _)| *number != at);
    let options = understood(&all, options.map(|(_, word)| word), &mut mistakes);
    let start = [program.clone(), RUN.into()];
    let with = |options: &[OsString]| {
        Arguments::try_parse_from(start.iter().chain(options).chain(command)).ok()
    };
    let (kept, refused): (Vec<_>, Vec<_>) = options
        .into_iter()
        .partition(|option| with(std::slice::from_ref(option)).is_some());
    for option in refused {
        let option = option.to_string_lossy();
        let name = option.split('=').next().unwrap_or_default();
        mistakes.push(format!("`{name}` is not valid: it is ignored"));
    }
    let arguments = with(&kept)?;
    Some(Despite {
        arguments,
        mistakes,
    })
}

/// Returns whether help or the version is asked for.
pub(crate) fn asks(word: &OsString) -> bool {
    ["--help", "-h", "--version", "-V"]
        .iter()
        .any(|asks| word == asks)
}

/// Returns the subcommand among the words before `--`.
pub(crate) fn subcommand<'a>(before: &[&'a OsString]) -> Option<&'a OsString> {
    let all = Arguments::command();
    place(&all, before.iter().copied()).map(|at| before[at])
}

/// Finds the subcommand; a value of an option that stands before it is none.
fn place<'a>(all: &Command, words: impl Iterator<Item = &'a OsString>) -> Option<usize> {
    find_word(all, words, |word| is_subcommand(all, word))
}

/// Finds what is no option and no value of one.
fn first_word<'a>(all: &Command, words: impl Iterator<Item = &'a OsString>) -> Option<usize> {
    find_word(all, words, |word| {
        !word.as_encoded_bytes().starts_with(b"-")
    })
}

fn find_word<'a>(
    all: &Command,
    words: impl Iterator<Item = &'a OsString>,
    is_it: impl Fn(&OsStr) -> bool,
) -> Option<usize> {
    let takes_value = |word: &OsString| {
        let name = word.to_str().and_then(|word| word.strip_prefix("--"));
        let mut options = all.get_arguments();
        name.is_some_and(|name| {
            let option = options.find(|option| option.get_long() == Some(name));
            option.is_some_and(|option| option.get_action().takes_values())
        })
    };
    let mut is_value = false;
    words.enumerate().find_map(|(at, word)| {
        let was_value = std::mem::replace(&mut is_value, takes_value(word));
        (!was_value && is_it(word)).then_some(at)
    })
}

fn is_subcommand(all: &Command, word: &OsStr) -> bool {
    let word = word.to_str();
    word.is_some_and(|word| word == "help" || all.find_subcommand(word).is_some())
}

/// Finds what is no subcommand and might have been meant for `run`.
fn misspelt(error: &clap::Error, before: &[OsString]) -> Option<usize> {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let Some(ContextValue::String(wrong)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let mut letters: Vec<_> = wrong.to_ascii_lowercase().chars().collect();
    letters.sort_unstable();
    letters.dedup();
    let is_like_it = || match error.get(ContextKind::SuggestedSubcommand) {
        Some(ContextValue::Strings(like)) => like.iter().any(|like| like == RUN),
        _ => false,
    };
    let is_meant = letters == ['n', 'r', 'u'] || is_like_it();
    is_meant.then(|| before.iter().position(|word| word == wrong.as_str()))?
}

/// Names the options of `run`, and whether each takes a value.
fn options(all: &Command) -> Vec<(String, bool)> {
    let run = all.find_subcommand(RUN);
    run.into_iter()
        .chain([all])
        .flat_map(Command::get_arguments)
        .filter_map(|argument| {
            let takes_value = argument.get_action().takes_values();
            Some((format!("--{}", argument.get_long()?), takes_value))
        })
        .collect()
}

/// Returns the options that there are, each once and with its value.
fn understood<'a>(
    all: &Command,
    mut words: impl Iterator<Item = &'a OsString>,
    mistakes: &mut Vec<String>,
) -> Vec<OsString> {
    let known = options(all);
    let mut kept: Vec<OsString> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    let mut is_after_unknown = false;
    let mut next = words.next();
    while let Some(word) = next {
        next = words.next();
        let text = word.to_string_lossy();
        let (name, inline) = match text.split_once('=') {
            Some((name, _)) => (name, true),
            None => (&*text, false),
        };
        let Some((name, takes_value)) = known.iter().find(|(known, _)| known == name) else {
            if text.starts_with('-') {
                let meant = suggest::option(known.iter().map(|(known, _)| &**known), name);
                // Of `-phunter2` the rest is a value.
                let shown = match name.char_indices().nth(2) {
                    Some((end, _)) if !name.starts_with("--") && meant.is_none() => {
                        format!("{}…", &name[..end])
                    }
                    _ => name.to_owned(),
                };
                let meant =
                    meant.map_or(String::new(), |meant| format!("; did you mean `{meant}`?"));
                mistakes.push(format!("`{shown}` is not an option: it is ignored{meant}"));
                is_after_unknown = !inline;
            } else if !is_after_unknown {
                // Not shown: it may be a secret.
                mistakes.push("a word before `--` is not an option: it is ignored".to_owned());
            }
            continue;
        };
        is_after_unknown = false;
        let mut option = vec![word.clone()];
        if *takes_value && !inline {
            let value = next.filter(|value| !value.to_string_lossy().starts_with("--"));
            let Some(value) = value else {
                mistakes.push(format!("`{name}` has no value: it is ignored"));
                continue;
            };
            option.push(value.clone());
            next = words.next();
        }
        let is_text = option.iter().all(|word| word.to_str().is_some());
        if !is_text && name != "--dir" {
            mistakes.push(format!("`{name}` is not UTF-8: it is ignored"));
        } else if seen.contains(name) {
            mistakes.push(format!("`{name}` is given twice: the first one counts"));
        } else if !takes_value && inline {
            mistakes.push(format!("`{name}` takes no value: it is ignored"));
        } else {
            seen.push(name.clone());
            // As one word, so that a value that begins with `-` is not taken for an option.
            kept.push(option.join(OsStr::new("=")));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(words: &[&str]) -> Option<(String, Vec<String>)> {
        let line: Vec<OsString> = ["pipeline-notify"]
            .iter()
            .chain(words)
            .map(OsString::from)
            .collect();
        let error = Arguments::try_parse_from(&line).err()?;
        let despite = read(&line, &error)?;
        Some((format!("{:?}", despite.arguments), despite.mistakes))
    }

    /// Issue 12, point 19.
    #[test]
    fn what_follows_the_dashes_is_found_whatever_is_wrong_before_them() {
        for (words, mistake) in [
            (&["run", "--bogus", "--", "ls", "-x"][..], "`--bogus`"),
            (&["run", "--bogus", "s3cret", "--", "ls", "-x"], "`--bogus`"),
            (&["run", "--bogus=s3cret", "--", "ls", "-x"], "`--bogus`"),
            (
                &["run", "--nmae", "x", "--", "ls", "-x"],
                "it is ignored; did you mean `--name`?",
            ),
            (
                &["run", "--Every_Hours=2", "--", "ls", "-x"],
                "did you mean `--every-hours`?",
            ),
            (&["run", "--bogus", "--", "ls", "-x"], "it is ignored"),
            (&["run", "-q", "--", "ls", "-x"], "`-q`"),
            (&["run", "s3cret", "--", "ls", "-x"], "a word"),
            (
                &["run", "--name", "--", "ls", "-x"],
                "`--name` has no value",
            ),
            (
                &["run", "--after=1", "--after", "2", "--", "ls", "-x"],
                "twice",
            ),
            (&["run", "--json=1", "--", "ls", "-x"], "`--json` takes no"),
            (&["run", "--dri", "/x", "--", "ls", "-x"], "`--dri`"),
            (&["--bogus", "run", "--", "ls", "-x"], "`--bogus`"),
            (
                &["--dir", "status", "run", "--bogus", "--", "ls", "-x"],
                "`--bogus`",
            ),
            (&["rnu", "--", "ls", "-x"], "misspelt"),
            (&["runn", "--", "ls", "-x"], "misspelt"),
            (&["Run", "--", "ls", "-x"], "misspelt"),
            (&["rum", "--", "ls", "-x"], "misspelt"),
            (&["--", "ls", "-x"], "`run` is missing"),
            (&["--dir", "/x", "--", "ls", "-x"], "`run` is missing"),
            (
                &["run", "--dir", "", "--", "ls", "-x"],
                "`--dir` is not valid",
            ),
        ] {
            let (arguments, mistakes) = read_words(words).unwrap_or_default();
            assert!(
                arguments.contains(r#"command: ["ls", "-x"]"#),
                "{words:?} {arguments}"
            );
            assert!(
                mistakes.concat().contains(mistake),
                "{words:?} {mistakes:?}"
            );
            assert!(!mistakes.concat().contains("s3cret"), "{mistakes:?}");
        }
        // What is right stays.
        let words = [
            "run", "--name", "etl", "--bogus", "--silent-seconds", "-5", "--", "ls",
        ];
        let (arguments, _) = read_words(&words).unwrap_or_default();
        assert!(arguments.contains(r#"name: Some("etl")"#), "{arguments}");
        assert!(
            arguments.contains(r#"silent_seconds: Some("-5")"#),
            "{arguments}"
        );
        // A value that only looks like an option is no mistake of the line.
        let (arguments, mistakes) = read_words(&["run", "--name", "-x", "--", "ls"]).unwrap();
        assert!(arguments.contains(r#"name: Some("-x")"#), "{arguments}");
        assert!(mistakes.is_empty(), "{mistakes:?}");
    }

    /// Issue 12, point 19.
    #[test]
    fn nothing_runs_without_a_command_or_for_another_subcommand_or_for_help() {
        for words in [
            &["run", "--bogus"][..],
            &["run", "--bogus", "ls"],
            &["run", "--bogus", "--"],
            &["run", "--bogus", "--help", "--", "ls"],
            &["run", "--version", "--", "ls"],
            &["run", "--help", "--", "ls"],
            &["forget", "--bogus", "--", "ls"],
            &["frobnicate", "--", "ls"],
        ] {
            assert_eq!(read_words(words), None, "{words:?}");
        }
    }
}
