//! What threads say to one that waits for it.

use std::sync::Condvar;
use std::time::Duration;

use crate::os::mutex::{self, Mutex};

/// Messages for one thread, in the order in which they came.
///
/// A channel of the standard library waits in three ways, which is 17 KB of code for each kind of message.
pub(crate) struct Inbox<T> {
    messages: Mutex<Vec<T>>,
    came: Condvar,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        Self {
            messages: Mutex::default(),
            came: Condvar::default(),
        }
    }
}

impl<T> Inbox<T> {
    pub(crate) fn put(&self, message: T) {
        self.messages.lock().push(message);
        self.came.notify_one();
    }

    /// Takes the first message, or waits for one at most so long.
    pub(crate) fn take(&self, patience: Duration) -> Option<T> {
        let is_empty = |messages: &mut Vec<T>| messages.is_empty();
        let waited = self
            .came
            .wait_timeout_while(self.messages.lock(), patience, is_empty);
        let mut messages = mutex::whole(waited).0;
        (!messages.is_empty()).then(|| messages.remove(0))
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn messages_come_in_their_order_and_nobody_waits_for_longer_than_said() {
        let inbox = Inbox::default();
        assert_eq!(inbox.take(Duration::ZERO), None);
        thread::scope(|scope| {
            scope.spawn(|| (0..3).for_each(|number| inbox.put(number)));
            let taken = [(); 3].map(|()| inbox.take(Duration::from_secs(60)));
            assert_eq!(taken, [0, 1, 2].map(Some));
        });
        assert_eq!(inbox.take(Duration::from_millis(1)), None);
    }
}
