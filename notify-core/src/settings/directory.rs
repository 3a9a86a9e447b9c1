//! Which folder is the notify directory: the one that is named, else one of the user's or of the service.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub(crate) const VARIABLE: &str = "NOTIFYDIR";

/// Our folder where the system has one for the state of programs.
const OURS: &str = "pipeline-notify";

/// How a relative path begins that somebody's shell or template should have filled in.
const UNFILLED: [&str; 9] = ["$", "%", "{", "<", "(", "\"", "'", "`", "-"];

/// Answers to another question than where.
const WORDS: [&str; 10] = [
    "0", "1", "true", "false", "yes", "no", "on", "off", "none", "null",
];

/// Why there is no notify directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Nothing names one.
    Unnamed,
    /// What is named can be no folder that somebody means.
    Refused(PathBuf, &'static str),
}

/// Finds the directory by what was given in code and by the environment.
pub(crate) fn find(
    given: Option<PathBuf>,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<PathBuf, Missing> {
    let folder = |name| {
        environment(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let home = folder("HOME").or_else(|| folder("USERPROFILE")); // of Windows
    if let Some(named) = given.or_else(|| folder(VARIABLE)) {
        return meant(&named, home.as_deref())
            .map_err(|problem| Missing::Refused(named.clone(), problem));
    }
    let state = folder("XDG_STATE_HOME").filter(|path| path.is_absolute());
    let state = state.or_else(|| home.map(|home| home.join(".local/state")));
    // What systemd gives a service, which mostly has no home: several, with colons between them.
    let of_service = || {
        let all = environment("STATE_DIRECTORY")?.into_string().ok()?;
        let first = PathBuf::from(all.split(':').next()?);
        first.is_absolute().then_some(first)
    };
    let state = state.or_else(of_service).ok_or(Missing::Unnamed)?;
    Ok(state.join(OURS))
}

/// Returns the folder that a person means who writes `path`. The error says why it can be none that anybody means.
pub(crate) fn meant(path: &Path, home: Option<&Path>) -> Result<PathBuf, &'static str> {
    let text = path.to_string_lossy();
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Err("it is the address of a database: set it as NOTIFY_STORE");
    }
    if text.contains("://") || text.starts_with("file:") {
        return Err(
            "it is an address, and NOTIFYDIR takes a folder, such as /var/lib/notify (NOTIFY_STORE takes the \
             address of a shared store)",
        );
    }
    if text.chars().any(char::is_control) {
        return Err("it contains a line break or another control character");
    }
    if text.trim() != text {
        return Err("it begins or ends with a space");
    }
    // systemd, for one, fills in none.
    let is_variable = |part: &str| {
        let mut letters = part.chars();
        letters.next() == Some('$') && letters.next().is_some_and(char::is_alphabetic)
    };
    if ["${", "$(", "{{"].iter().any(|open| text.contains(open)) || text.split('/').any(is_variable)
    {
        return Err("it contains a variable that was not replaced");
    }
    if let Some(name) = text.strip_prefix('~') {
        // The text has lost what is not UTF-8, so the path itself is cut.
        return match (path.strip_prefix("~"), home) {
            (Ok(rest), Some(home)) if name.is_empty() || name.starts_with('/') => {
                Ok(home.join(rest))
            }
            (Ok(_), None) => Err("its `~` needs HOME, which is not set"),
            _ => Err("`~` with a user's name is not supported: write the whole path"),
        };
    }
    let is_filled = !UNFILLED.iter().any(|open| text.starts_with(open));
    let is_word = WORDS.contains(&text.to_ascii_lowercase().as_str());
    // As of Windows, or of an address such as `mailto:`.
    let is_foreign = cfg!(unix) && text.contains(['\\', ':']);
    if path.is_absolute() || is_filled && !is_word && !is_foreign {
        Ok(path.to_owned())
    } else {
        Err("it is not the path of a folder: write one that begins with `/`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(environment: &[(&str, &str)]) -> Result<PathBuf, Missing> {
        let read = |name: &str| {
            let known = environment.iter().find(|(known, _)| *known == name);
            known.map(|(_, value)| value.into())
        };
        find(None, read)
    }

    /// Issue 12, point 16.
    #[test]
    fn a_service_without_a_home_has_its_state_directory() {
        let state = ("STATE_DIRECTORY", "/var/lib/etl:/var/lib/other");
        for (environment, directory) in [
            (vec![state], Some("/var/lib/etl/pipeline-notify")),
            (
                vec![state, ("HOME", "/home/anna")],
                Some("/home/anna/.local/state/pipeline-notify"),
            ),
            (
                vec![state, ("XDG_STATE_HOME", "/state")],
                Some("/state/pipeline-notify"),
            ),
            (vec![state, ("NOTIFYDIR", "/srv/n")], Some("/srv/n")),
            (
                vec![state, ("USERPROFILE", "/Users/anna")],
                Some("/Users/anna/.local/state/pipeline-notify"),
            ),
            (vec![("STATE_DIRECTORY", "etl")], None),
            (vec![("STATE_DIRECTORY", "")], None),
            (vec![("HOME", ""), ("NOTIFYDIR", "")], None),
        ] {
            let expected = directory.map(PathBuf::from).ok_or(Missing::Unnamed);
            assert_eq!(found(&environment), expected, "{environment:?}");
        }
    }

    /// Issue 12, point 16.
    #[test]
    fn what_is_named_is_the_folder_that_is_meant_or_refused() {
        for (value, folder) in [
            ("~/notify", Some("/home/anna/notify")),
            ("~//notify", Some("/home/anna/notify")),
            ("~", Some("/home/anna")),
            ("~/", Some("/home/anna")),
            ("/var/lib/notify", Some("/var/lib/notify")),
            ("/srv/a b/%x/~y", Some("/srv/a b/%x/~y")),
            ("notify", Some("notify")),
            ("./notify", Some("./notify")),
            ("../notify", Some("../notify")),
            ("a~b/c", Some("a~b/c")),
            (".", Some(".")),
            ("~bob", None),
            ("~bob/notify", None),
            ("~+/notify", None),
            ("postgres://u:p@db/notify", None),
            ("s3://bucket/notify", None),
            ("file:///var/lib/notify", None),
            ("file:/var/lib/notify", None),
            ("/srv/redis://x", None),
            ("$HOME/notify", None),
            ("${HOME}/notify", None),
            ("/var/lib/${APP}/notify", None),
            ("/var/lib/$APP/notify", None),
            ("/srv/cash$/a:b", Some("/srv/cash$/a:b")),
            (" /var/lib/notify", None),
            ("/var/lib/notify ", None),
            ("mailto:anna", None),
            ("{{ dir }}/notify", None),
            ("%S/notify", None),
            ("\"/var/lib/notify\"", None),
            ("'/var/lib/notify'", None),
            ("<dir>", None),
            ("--dir", None),
            ("C:\\notify", None),
            ("true", None),
            ("None", None),
            ("/var/lib/notify\n", None),
        ] {
            let meant = meant(Path::new(value), Some(Path::new("/home/anna")));
            assert_eq!(meant.ok(), folder.map(PathBuf::from), "{value:?}");
        }
        assert!(
            meant(Path::new("~/notify"), None)
                .unwrap_err()
                .contains("HOME")
        );
        let named = found(&[("NOTIFYDIR", "~bob/x"), ("HOME", "/home/anna")]);
        assert!(matches!(named, Err(Missing::Refused(..))), "{named:?}");
    }
}
