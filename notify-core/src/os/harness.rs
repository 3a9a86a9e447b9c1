//! Recognises a program that cargo or rustdoc runs as a test, and one that such a test has started.

use std::path::Path;

/// What cargo's hash of a build ends the name of a test program with, in hexadecimal digits.
const HASH: usize = 16;

/// What rustdoc puts behind the name of the folder of a documentation test.
const RANDOM: usize = 6;

/// Returns whether this program runs for a test: it is one, or its parent is, or nextest has started it.
pub(crate) fn is_test(exe: Option<&Path>, parent: Option<&Path>, is_nextest: bool) -> bool {
    is_nextest || [exe, parent].into_iter().flatten().any(is_test_program)
}

/// Returns the program of the process that has started this one, where the system names it.
pub(crate) fn parent() -> Option<std::path::PathBuf> {
    #[cfg(unix)]
    let parent = std::fs::read_link(format!("/proc/{}/exe", std::os::unix::process::parent_id()));
    #[cfg(not(unix))]
    let parent = Err::<std::path::PathBuf, _>(());
    parent.ok()
}

/// Knows the programs that cargo and rustdoc run as tests by their place and their name: a folder of
/// somebody's own may be called `deps`, too.
fn is_test_program(exe: &Path) -> bool {
    let name = |path: Option<&Path>| Some(path?.file_name()?.to_str()?.to_owned());
    let (Some(program), Some(folder)) = (name(Some(exe)), name(exe.parent())) else {
        return false;
    };
    // Linux says so of a program that was built anew meanwhile.
    let program = program.strip_suffix(" (deleted)").unwrap_or(&program);
    let program = program.strip_suffix(".exe").unwrap_or(program);
    // `<target>/<profile>/deps/<name>-<hash>`
    let is_of_cargo = folder == "deps"
        && program.rsplit_once('-').is_some_and(|(name, hash)| {
            let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            !name.is_empty() && hash.len() == HASH && hash.bytes().all(is_digit)
        });
    // `<temporary>/rustdoctest<random>/rust_out`
    let is_of_rustdoc = program == "rust_out"
        && folder.strip_prefix("rustdoctest").is_some_and(|random| {
            random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
    is_of_cargo || is_of_rustdoc
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 12, point 17.
    #[test]
    fn programs_that_cargo_and_rustdoc_run_as_tests_are_known_by_place_and_name() {
        for (exe, is_test) in [
            ("/x/target/debug/deps/app-0123456789abcdef", true),
            ("/x/target/release/deps/a-b_c-0123456789abcdef", true),
            ("/elsewhere/ci/deps/app-0123456789abcdef", true),
            ("/x/debug/deps/app-0123456789abcdef (deleted)", true),
            ("/x/debug/deps/app-0123456789abcdef.exe", true),
            ("/tmp/rustdoctestAbc123/rust_out", true),
            ("/x/target/debug/deps/app", false),
            ("/srv/deps/nightly-load", false),
            ("/srv/deps/app-0123456789ABCDEF", false),
            ("/srv/deps/app-0123456789abcde", false),
            ("/srv/deps/-0123456789abcdef", false),
            ("/x/target/debug/app-0123456789abcdef", false),
            ("/x/target/debug/examples/app-0123456789abcdef", false),
            ("/srv/rustdoctest/job", false),
            ("/srv/rustdoctests/rust_out", false),
            ("/srv/rustdoctestAbc123/job", false),
            ("/", false),
        ] {
            assert_eq!(is_test_program(Path::new(exe)), is_test, "{exe}");
        }
    }

    /// Issue 12, point 17.
    #[test]
    fn a_program_that_a_test_has_started_runs_for_the_test() {
        let (own, test) = (
            Path::new("/x/target/debug/app"),
            Path::new("/x/target/debug/deps/cli-0123456789abcdef"),
        );
        assert!(is_test(Some(test), None, false));
        assert!(is_test(Some(own), Some(test), false));
        assert!(is_test(Some(own), None, true));
        assert!(!is_test(Some(own), Some(Path::new("/bin/sh")), false));
        assert!(!is_test(None, None, false));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_program_that_has_started_this_one_is_known() {
        assert!(parent().is_some_and(|exe| exe.is_absolute()));
    }
}
