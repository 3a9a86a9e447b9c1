//! Why a command cannot be run, in words that say what to fix.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::format::text;

/// How much of a script is read to find its interpreter: as much as the kernel reads.
const FIRST_LINE: u64 = 256;

/// The longest list of folders that is shown.
const FOLDERS: usize = 200;

/// Says why the system did not run a command.
pub(crate) fn words(command: &OsStr, error: &io::Error) -> String {
    let shown = command.to_string_lossy();
    let mut words = format!("`{shown}` cannot be run: {error}");
    if error.kind() != io::ErrorKind::NotFound {
        return words;
    }
    let is_path = command.as_encoded_bytes().contains(&b'/');
    let folders = env::var_os("PATH").unwrap_or_default();
    match find(Path::new(command), is_path, &folders) {
        Some(file) => {
            words += &match interpreter(&file) {
                // A carriage return, of a script that was written elsewhere, is seen so.
                Some(interpreter) => format!(
                    "; `{}` is there, but not `{}`, which its first line names",
                    file.display(),
                    interpreter.escape_debug()
                ),
                None => format!(
                    "; `{}` is there, but not what loads it: it may be of another system",
                    file.display()
                ),
            };
        }
        None if !is_path => {
            let folders = folders.to_string_lossy();
            words += &format!("; PATH is {}", text::first_bytes(&folders, FOLDERS));
        }
        None => {}
    }
    words
}

/// Finds the file that a command means.
fn find(command: &Path, is_path: bool, folders: &OsStr) -> Option<PathBuf> {
    if is_path {
        return command.is_file().then(|| command.to_owned());
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
