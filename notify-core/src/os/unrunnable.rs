//! Why a command cannot be run, in words that say what to fix.

use std::borrow::Cow;
use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::format::text;
use crate::os::fault;

/// How much of a script is read to find its interpreter: as much as the kernel reads.
const FIRST_LINE: u64 = 256;

/// The longest list of folders that is shown.
const FOLDERS: usize = 200;

/// What the system says of a file that begins as no program does: `ENOEXEC`.
const NO_PROGRAM: i32 = 8;

/// Words that only a shell knows, though they stand where a command does.
const OF_THE_SHELL: [&str; 24] = [
    "!", "(", ".", "[[", "alias", "case", "cd", "eval", "exec", "export", "for", "if", "local",
    "read", "set", "shopt", "source", "time", "trap", "ulimit", "umask", "until", "while", "{",
];

/// Says why the system did not run a command.
pub(crate) fn words(command: &OsStr, error: &io::Error) -> String {
    let (name, whole) = (name(command), command.to_string_lossy());
    let rest = if name.len() < whole.len() { "…" } else { "" };
    let mut words = format!("`{name}{rest}` cannot be run: {error}");
    if error.kind() != io::ErrorKind::NotFound {
        return words;
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    match (find(command, &folders), advice(&whole)) {
        (Some(file), _) => {
            words += &format!("; `{}` is there, but not {}", file.display(), needs(&file));
        }
        (None, Some(advice)) => words += &format!("; {advice}"),
        (None, None) if !is_path(command) => {
            let folders = folders.to_string_lossy();
            words += &format!("; PATH is {}", text::first_bytes(&folders, FOLDERS));
        }
        (None, None) => {}
    }
    words
}

/// What a command may be called where people read: all of it where there is such a file. Of what else stands in its
/// place (`PGPASSWORD=hunter2 pg_dump`, `"mysql -phunter2"`, `https://anna:hunter2@shop`, and `-phunter2` behind a variable
/// that is empty) the first name is shown, for what follows may be secret.
pub(crate) fn name(command: &OsStr) -> Cow<'_, str> {
    let is_end = |char: char| char.is_whitespace() || "=:@,;|&<>".contains(char);
    let shown = command.to_string_lossy();
    let end = match option_of(&shown) {
        Some(option) => Some(option.len()).filter(|end| *end < shown.len()),
        None => shown.find(is_end),
    };
    match end {
        Some(end) if find(command, &env::var_os("PATH").unwrap_or_default()).is_none() => {
            shown[..end].to_owned().into()
        }
        _ => shown,
    }
}

/// Returns the option without its value: `-p` of `-phunter2`, `--password` of `--password=hunter2`.
fn option_of(word: &str) -> Option<&str> {
    let is_of_a_name = |char: char| char.is_alphanumeric() || char == '-';
    let name = word.strip_prefix('-')?;
    let end = if name.starts_with('-') {
        word.find(|char| !is_of_a_name(char))
    } else {
        word.char_indices().nth(2).map(|(end, _)| end)
    };
    Some(&word[..end.unwrap_or(word.len())])
}

/// Says what to write in place of what only a shell understands.
fn advice(command: &str) -> Option<&'static str> {
    let first = command
        .split(char::is_whitespace)
        .next()
        .unwrap_or_default();
    let is_variable = first
        .split_once('=')
        .is_some_and(|(name, _)| !name.contains('/'));
    Some(if command.trim().is_empty() {
        "it has no name: is a variable empty?"
    } else if command.starts_with('-') {
        "it begins as an option does: is a variable before it empty?"
    } else if is_variable {
        "write a variable before `pipeline-notify`, or `env NAME=value` before the command"
    } else if command.contains(char::is_whitespace) {
        "it is one word with blanks in it: write its words apart, or `sh -c '…'`"
    } else if OF_THE_SHELL.contains(&command) {
        "it is a word of the shell: write `sh -c '…'`"
    } else if command.starts_with('~') || command.contains('$') {
        "`~` and `$` mean something to a shell alone: write the whole path, or `sh -c '…'`"
    } else {
        return None;
    })
}

/// Says the same without the command's name, which may be nobody's business.
pub(crate) fn without_name(command: &OsStr, error: &io::Error) -> String {
    let file = || find(command, &env::var_os("PATH").unwrap_or_default());
    match error.kind() {
        _ if error.raw_os_error() == Some(NO_PROGRAM) => {
            "its first line does not say what runs it, such as `#!/bin/sh`".to_owned()
        }
        io::ErrorKind::NotFound => file().map_or_else(
            || "there is no such file".to_owned(),
            |file| format!("it is there, but not {}", needs(&file)),
        ),
        io::ErrorKind::PermissionDenied if Path::new(command).is_dir() => {
            "it is a folder".to_owned()
        }
        _ => fault::words(error),
    }
}

/// Names what a program that is there needs, and what is not there.
fn needs(program: &Path) -> String {
    match interpreter(program) {
        // A carriage return, of a script that was written elsewhere, is seen so.
        Some(interpreter) => format!(
            "`{}`, which its first line names",
            interpreter.escape_debug()
        ),
        None => "what loads it: it may be of another system".to_owned(),
    }
}

fn is_path(command: &OsStr) -> bool {
    command.as_encoded_bytes().contains(&b'/')
}

/// Finds the file that a command means.
fn find(command: &OsStr, folders: &OsStr) -> Option<PathBuf> {
    if is_path(command) {
        let file = PathBuf::from(command);
        return file.is_file().then_some(file);
    }
    env::split_paths(folders)
        .map(|folder| folder.join(command))
        .find(|file| file.is_file())
}

/// Returns the program that a script's first line names.
fn interpreter(script: &Path) -> Option<String> {
    let mut first = Vec::new();
    let script = File::open(script).ok()?;
    script.take(FIRST_LINE).read_to_end(&mut first).ok()?;
    let line = first.strip_prefix(b"#!")?.split(|byte| *byte == b'\n');
    let line = String::from_utf8_lossy(line.into_iter().next()?).into_owned();
    // A blank or a tab ends it; a carriage return is part of it, to the kernel.
    let interpreter = line.trim_matches([' ', '\t']).split([' ', '\t']).next()?;
    Some(interpreter.to_owned())
}
