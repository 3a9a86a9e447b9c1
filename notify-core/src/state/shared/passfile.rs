//! The password file of `PostgreSQL`'s own programs, which `PGPASSFILE` names: `host:port:database:user:password` a line,
//! with `*` for any, and `\` before a `:` or `\`.

use std::path::Path;

use crate::os::file::{self, Links};

/// The largest file that makes sense.
const MAX_BYTES: u64 = 64 * 1024;

/// What a password is for.
pub(super) struct Login<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// Finds the password for a login in that file; `None` where no line is for it. It fails where others may read the
/// file.
pub(super) fn password(path: &Path, login: &Login<'_>) -> Result<Option<String>, String> {
    let unusable =
        |error: std::io::Error| format!("PGPASSFILE cannot be read: {}", file::why(&error));
    let text = file::read(path, MAX_BYTES, Links::Follow).map_err(unusable)?;
    let text = text.ok_or_else(|| format!("PGPASSFILE names no file: `{}`", path.display()))?;
    if is_open_to_others(path).map_err(unusable)? {
        return Err("PGPASSFILE may be read by others: run chmod 600 on it".to_owned());
    }
    Ok(text.lines().find_map(|line| password_of(line, login)))
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(path.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> std::io::Result<bool> {
    Ok(false)
}

fn password_of(line: &str, login: &Login<'_>) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let parts: [String; 5] = parts(line).try_into().ok()?;
    let [host, port, database, user, password] = parts;
    let is = |part: &str, value: &str| part == "*" || part == value;
    let is_it = is(&host, login.host)
        && is(&port, &login.port.to_string())
        && is(&database, login.database)
        && is(&user, login.user);
    is_it.then_some(password)
}

/// Splits a line; what follows the fourth `:` is one part.
fn parts(line: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        let (letter, is_plain) = match letter {
            '\\' => (letters.next().unwrap_or('\\'), true),
            letter => (letter, false),
        };
        if letter == ':' && !is_plain && parts.len() < 5 {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing::Folder;

    /// Issue 15, point 1.
    #[cfg(unix)]
    #[test]
    fn the_first_line_that_is_for_the_login_has_its_password_and_others_may_not_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = Folder::new();
        let path = folder.path().join("pgpass");
        let lines = "# a comment\nother:*:*:*:no\ndb:5432:ops:notify:a\\:b\\\\c:d\n*:*:*:*:any\n";
        fs::write(&path, lines).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let login = |host, port| Login {
            host,
            port,
            database: "ops",
            user: "notify",
        };
        for (host, port, password) in [
            ("db", 5432, "a:b\\c:d"),
            ("db", 6432, "any"),
            ("other", 1, "no"),
        ] {
            let found = super::password(&path, &login(host, port));
            assert_eq!(found, Ok(Some(password.to_owned())), "{host}:{port}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = password(&path, &login("db", 5432)).unwrap_err();
        assert!(
            error.contains("chmod 600") && !error.contains("a:b"),
            "{error}"
        );
        let missing = password(&folder.path().join("none"), &login("db", 1));
        assert!(missing.is_err());
    }
}
