//! The runs on this thread's stack.

use std::cell::RefCell;

thread_local! {
    /// The runs on this thread's stack, or being polled on it, the innermost last.
    static STACK: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Shows the runs on this thread's stack, the innermost last.
pub(crate) fn on_this_thread(show: &mut dyn FnMut(&[u64])) {
    let _ = STACK.try_with(|stack| stack.try_borrow().map(|stack| show(&stack)));
}

/// Returns whether a run is on this thread's stack.
pub(crate) fn is_nested() -> bool {
    let is_nested =
        |stack: &RefCell<Vec<u64>>| stack.try_borrow().is_ok_and(|stack| !stack.is_empty());
    STACK.try_with(is_nested).unwrap_or(false)
}

/// A run's place on its thread's stack; it ends with this.
#[derive(Debug)]
pub(crate) struct Entered {
    depth: Option<usize>,
}

impl Entered {
    pub(crate) fn new(id: u64) -> Self {
        let push = |stack: &RefCell<Vec<u64>>| {
            let mut stack = stack.try_borrow_mut().ok()?;
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
                if let Ok(mut stack) = stack.try_borrow_mut() {
                    stack.truncate(depth);
                }
            });
        }
    }
}
