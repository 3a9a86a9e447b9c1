//! The runs on this thread's stack.

use std::cell::{Cell, RefCell};
use std::mem;

thread_local! {
    /// The runs on this thread's stack, or being polled on it, the innermost last.
    static STACK: Stack = const { Stack(RefCell::new(Vec::new())) };

    /// Those that were left of them when this thread's local data was dropped: the process exits inside them.
    static LEFT: Cell<&'static [u64]> = const { Cell::new(&[]) };
}

struct Stack(RefCell<Vec<u64>>);

impl Drop for Stack {
    fn drop(&mut self) {
        let left = mem::take(self.0.get_mut());
        if !left.is_empty() {
            // The process does not live on.
            LEFT.set(left.leak());
        }
    }
}

/// Looks at the runs on this thread's stack, the innermost last; `None` where they cannot be seen.
#[inline]
fn look<R>(look: impl FnOnce(&[u64]) -> R) -> Option<R> {
    let look = |stack: &Stack| Some(look(&stack.0.try_borrow().ok()?));
    STACK.try_with(look).ok().flatten()
}

/// Shows the runs on this thread's stack, the innermost last.
pub(crate) fn on_this_thread(show: &mut dyn FnMut(&[u64])) {
    let _ = look(show);
}

/// Returns whether a run is on this thread's stack.
pub(crate) fn is_nested() -> bool {
    depth() > 0
}

/// Returns the innermost run on this thread's stack.
pub(crate) fn innermost() -> Option<u64> {
    look(|stack| stack.last().copied()).flatten()
}

/// Returns the runs around one that is on this thread's stack, the outermost first.
pub(crate) fn around(run: u64) -> Vec<u64> {
    let around = look(|stack| {
        let at = stack.iter().position(|number| *number == run)?;
        Some(stack[..at].to_vec())
    });
    around.flatten().unwrap_or_default()
}

/// Returns the runs inside which this thread exits the process: most systems have dropped its local data by then.
pub(crate) fn at_exit() -> Vec<u64> {
    let on_it = STACK.try_with(|stack| stack.0.try_borrow().map(|stack| stack.clone()));
    on_it.map_or_else(|_| LEFT.get().to_vec(), Result::unwrap_or_default)
}

/// Returns how many runs are on this thread's stack.
pub(crate) fn depth() -> usize {
    look(<[u64]>::len).unwrap_or(0)
}

/// A run's place on its thread's stack; it ends with this.
#[derive(Debug)]
pub(crate) struct Entered {
    depth: Option<usize>,
}

impl Entered {
    pub(crate) fn new(id: u64) -> Self {
        let push = |stack: &Stack| {
            let mut stack = stack.0.try_borrow_mut().ok()?;
            stack.push(id);
            Some(stack.len() - 1)
        };
        // A thread that is being torn down has no stack any more.
        let depth = STACK.try_with(push).ok().flatten();
        Self { depth }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if let Some(depth) = self.depth {
            let _ = STACK.try_with(|stack| {
                if let Ok(mut stack) = stack.0.try_borrow_mut() {
                    stack.truncate(depth);
                }
            });
        }
    }
}
