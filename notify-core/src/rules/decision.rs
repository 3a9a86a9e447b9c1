//! What a rule of the program decides.

use crate::os::redact;

/// The longest reason, in bytes: it stands in one line of the status file.
const REASON: usize = 200;

const NO_REASON: &str = "no reason given";

/// Whether an alert of a run is sent, why, and where: what a rule of the program answers.
///
/// # Examples
///
/// ```
/// use pipeline_notify::Decision;
///
/// let decision = Decision::send("the third failure").to("on-call");
/// assert!(decision.sends());
/// assert_eq!((decision.reason(), decision.channel()), ("the third failure", Some("on-call")));
/// assert!(!Decision::silent("it is night").sends());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a decision is for the rule to return"]
pub struct Decision {
    send: bool,
    reason: String,
    pub(crate) channel: Option<String>,
    /// Whether it is the answer of the built-in rules, which may hold an alert back, too.
    pub(crate) is_built_in: bool,
}

impl Decision {
    /// Sends an alert, at once. The reason is a few words, of which 200 bytes are kept: they stand behind
    /// `decision:` in the status file.
    pub fn send(reason: impl Into<String>) -> Self {
        Self::new(true, &reason.into())
    }

    /// Sends none. The reason is as for [`send`](Self::send).
    pub fn silent(reason: impl Into<String>) -> Self {
        Self::new(false, &reason.into())
    }

    /// Sends to another channel than the job's. What is sent later of the same incident goes there, too,
    /// unless the rule names another again.
    ///
    /// A name that is none for a channel (1 to 64 ASCII letters, digits, `-` and `_`) is a warning, and changes
    /// nothing. A channel without a destination is a warning, too: a failure goes to `alerts`, if that has one,
    /// what follows goes after it, and all else goes to the job's own.
    ///
    /// # Examples
    ///
    /// ```
    /// use pipeline_notify::{Decision, Occasion};
    ///
    /// // The built-in rules say when, and the error says where.
    /// fn by_error(occasion: &Occasion<'_>) -> Decision {
    ///     if occasion.is::<std::io::Error>() {
    ///         occasion.built_in().to("storage")
    ///     } else {
    ///         occasion.built_in()
    ///     }
    /// }
    /// # let _ = by_error;
    /// ```
    pub fn to(self, channel: impl Into<String>) -> Self {
        Self {
            channel: Some(channel.into()),
            ..self
        }
    }

    /// Returns whether an alert is sent.
    #[must_use]
    pub fn sends(&self) -> bool {
        self.send
    }

    /// Returns why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns the channel that [`to`](Self::to) named.
    #[must_use]
    pub fn channel(&self) -> Option<&str> {
        self.channel.as_deref()
    }

    pub(crate) fn built_in(send: bool, reason: &str) -> Self {
        Self {
            is_built_in: true,
            ..Self::new(send, reason)
        }
    }

    fn new(send: bool, reason: &str) -> Self {
        let mut reason = redact::line(reason, REASON);
        if reason.is_empty() {
            NO_REASON.clone_into(&mut reason);
        }
        Self {
            send,
            reason,
            channel: None,
            is_built_in: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 17, point 1.
    #[test]
    fn a_reason_is_one_readable_line_of_200_bytes() {
        for (given, reason) in [
            ("third failure", "third failure"),
            (" a\nb ", "a b"),
            ("\x1b[31mred\x1b[0m", "red"),
            ("", NO_REASON),
            (" \n ", NO_REASON),
        ] {
            assert_eq!(Decision::send(given).reason(), reason);
        }
        assert_eq!(Decision::silent("é".repeat(500)).reason().len(), REASON);
    }
}
