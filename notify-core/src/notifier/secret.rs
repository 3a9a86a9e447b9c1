//! A key that is never shown: the text itself, or the file that it is read from at each use.

use std::path::{Path, PathBuf};

use crate::format::debug::debug_by_name;
use crate::format::text::is_blank;
use crate::os::file;

/// A key, or the file that it is read from at each use. Neither is ever shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Secret {
    Text(String),
    File(PathBuf),
}

impl Secret {
    /// Takes the key, or `file:/path`; white space around it is no part of it. The error says what is wrong, without
    /// the value.
    pub(crate) fn parse(value: &str) -> Result<Self, &'static str> {
        match value.trim().strip_prefix("file:") {
            Some(path) if Path::new(path).is_absolute() => Ok(Self::File(path.into())),
            Some(_) => Err("`file:` takes an absolute path"),
            None if is_blank(value) => Err("it is empty"),
            None => Ok(Self::Text(value.trim().to_owned())),
        }
    }

    /// Returns the key, read anew where it is in a file. The error is like that of [`parse`](Self::parse).
    pub(crate) fn reveal(&self) -> Result<String, String> {
        let text = match self {
            Self::Text(text) => text.clone(),
            Self::File(path) => file::read_setting(path)?,
        };
        if text.is_empty() {
            Err("its `file:` is empty".to_owned())
        } else {
            Ok(text)
        }
    }
}

debug_by_name!(Secret);

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing::Folder;

    #[test]
    fn a_key_is_taken_as_it_is_or_read_from_its_file_each_time() {
        assert_eq!(Secret::parse(" k3y\n").unwrap().reveal().unwrap(), "k3y");
        let folder = Folder::new();
        let path = folder.path().join("key");
        let secret = Secret::parse(&format!("file:{}", path.display())).unwrap();
        assert!(secret.reveal().unwrap_err().contains("does not exist"));
        for key in ["one", "two"] {
            fs::write(&path, format!("{key}\n")).unwrap();
            assert_eq!(secret.reveal().unwrap(), key);
        }
        fs::write(&path, "\n").unwrap();
        assert!(secret.reveal().unwrap_err().contains("empty"));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        for value in ["", " ", "file:SECRET"] {
            assert!(!Secret::parse(value).unwrap_err().contains("SECRET"));
        }
    }
}
