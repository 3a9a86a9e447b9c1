//! What went wrong below, in a few words that name no path and no address.

use std::io;

/// Names the kind of a fault; one that std has no name for, such as too many open files, as the system does.
pub(crate) fn words(error: &io::Error) -> String {
    match error.kind() {
        // It cannot be named in code.
        kind if format!("{kind:?}") == "Uncategorized" && error.raw_os_error().is_some() => {
            error.to_string()
        }
        kind => kind.to_string(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn each_fault_has_words() {
        let of = |code| words(&io::Error::from_raw_os_error(code));
        assert_eq!(of(libc::ECONNREFUSED), "connection refused");
        for code in [libc::EMFILE, libc::EIO, libc::ENXIO, libc::ENOEXEC] {
            let words = of(code);
            assert!(!words.contains("uncategorized"), "{words}");
        }
    }
}
