//! A backtrace, cut to the user's frames: without the panic's own machinery above, and without ours and
//! the runtime's below the annotated function.
//!
//! It is read as text, for the frames of a `Backtrace` have no stable interface.

struct Frame<'a> {
    name: &'a str,
    lines: Vec<&'a str>,
}

impl Frame<'_> {
    fn is_of(&self, crates: &[&str]) -> bool {
        let name = self.name.trim_start_matches('<');
        crates.iter().any(|of| name.starts_with(of))
    }

    fn is_ours(&self) -> bool {
        self.is_of(&["notify_core::"])
    }

    /// The standard library's: how a panic is raised, and how closures are called.
    fn is_plumbing(&self) -> bool {
        // The name of an inlined frame says nothing, and its place does.
        let mut lines = self.lines.iter();
        self.is_of(&["std::", "core::", "alloc::", "__rust", "rust_"])
            || lines.any(|line| line.trim_start().starts_with("at /rustc/"))
    }
}

/// Keeps the frames from where it happened to the outermost annotated function.
///
/// A text that is no backtrace, or shows no function of the user's, stays as it is.
pub(crate) fn trim(text: &str) -> String {
    let frames = frames(text);
    let is_users = |frame: &Frame<'_>| !frame.is_ours() && !frame.is_plumbing();
    let Some(first) = frames.iter().position(is_users) else {
        return text.trim_end().to_owned();
    };
    let below = frames.iter().rposition(Frame::is_ours).map(|ours| ours + 1);
    let annotated =
        below.and_then(|below| Some(below + frames[below..].iter().position(is_users)?));
    let end = annotated.map_or(frames.len(), |annotated| annotated + 1);
    let mut kept: Vec<&Frame<'_>> = Vec::new();
    let mut is_below_ours = false;
    for frame in frames.get(first..end).unwrap_or_default() {
        if frame.is_ours() {
            // How we call a body, and how we are called, goes with us.
            while kept.pop_if(|above| above.is_plumbing()).is_some() {}
            is_below_ours = true;
        } else if !(is_below_ours && frame.is_plumbing()) {
            is_below_ours = false;
            kept.push(frame);
        }
    }
    let lines = kept.iter().flat_map(|frame| &frame.lines);
    lines.copied().collect::<Vec<_>>().join("\n")
}

/// Takes a backtrace apart: a frame begins with its number.
fn frames(text: &str) -> Vec<Frame<'_>> {
    let mut frames: Vec<Frame<'_>> = Vec::new();
    for line in text.lines() {
        let numbered = line.trim_start().split_once(": ").filter(|(number, _)| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        if let Some((_, name)) = numbered {
            frames.push(Frame {
                name,
                lines: vec![line],
            });
        } else if let Some(frame) = frames.last_mut() {
            frame.lines.push(line);
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    // Issue 12, point 30.
    #[test]
    fn frames_of_the_panic_and_below_the_outermost_annotated_function_are_cut() {
        let text = "   0: notify_core::panic::note
             at ./notify-core/src/panic.rs:141:25
   1: <alloc::boxed::Box<F,A> as core::ops::function::Fn<Args>>::call
   2: std::panicking::rust_panic_with_hook
   3: core::panicking::panic_fmt
   4: orders::parse
             at ./src/main.rs:20:5
   5: core::iter::traits::iterator::Iterator::for_each
   6: orders::load::{{closure}}
             at ./src/main.rs:12:9
   7: <core::panic::unwind_safe::AssertUnwindSafe<F> as core::ops::function::FnOnce<()>>::call_once
   8: catch_unwind<core::panic::unwind_safe::AssertUnwindSafe<orders::load::{closure_env#0}>, ()>
             at /rustc/59807616e1fa/library/std/src/panic.rs:359:14
   9: __rust_try
  10: notify_core::panic::catch
  11: notify_core::run::Frame::run
  12: orders::load
             at ./src/main.rs:9:1
  13: orders::main::{{closure}}
  14: std::panic::catch_unwind
  15: notify_core::run::run
  16: core::ops::function::FnOnce::call_once
  17: orders::main
             at ./src/main.rs:3:1
  18: core::ops::function::FnOnce::call_once
  19: std::rt::lang_start
  20: main
";
        let kept = "   4: orders::parse
             at ./src/main.rs:20:5
   5: core::iter::traits::iterator::Iterator::for_each
   6: orders::load::{{closure}}
             at ./src/main.rs:12:9
  12: orders::load
             at ./src/main.rs:9:1
  13: orders::main::{{closure}}
  17: orders::main
             at ./src/main.rs:3:1";
        assert_eq!(trim(text), kept);
    }

    #[test]
    fn what_shows_no_function_of_the_users_stays() {
        for text in [
            "",
            "disabled backtrace",
            "  0: std::rt::lang_start\n  1: __rust_try",
        ] {
            assert_eq!(trim(text), text);
        }
        assert_eq!(
            trim("  0: orders::main\n  1: main"),
            "  0: orders::main\n  1: main"
        );
    }
}
