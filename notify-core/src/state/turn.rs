//! Who may send, while it lasts.

use std::fmt::Debug;

/// What keeps others away for as long as it is held.
pub(crate) type Hold = Box<dyn Debug + Send>;

/// An alert that is about to be sent: nobody else sends it while this is held.
pub(crate) struct Claim(#[expect(dead_code, reason = "it is held")] pub(in crate::state) Hold);

/// The right to send from a queue.
pub(crate) enum Turn {
    /// Nobody else sends while this is held.
    Mine(#[expect(dead_code, reason = "it is held")] Hold),
    /// The sender that holds the lock is stuck, and passed by.
    Stuck,
    /// Another sender is at work.
    Others,
}
