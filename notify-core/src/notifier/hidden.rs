//! The secrets of a notifier, which no text may show.

use crate::notifier::secret::Secret;
use crate::notifier::url::Destination;
use crate::os::redact::{self, Parts};

/// Asks a notifier of this library: those of others cannot name it.
#[derive(Debug, Clone, Copy)]
pub struct Ours(());

impl Ours {
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

/// A secret of a notifier, which is read anew each time where it is in a file.
#[derive(Debug, Clone)]
pub struct Hidden(What);

#[derive(Debug, Clone)]
enum What {
    Url(Destination, Parts),
    Key(Secret),
    Text(String),
}

impl Hidden {
    /// A webhook, whose path is its tokens.
    #[inline(never)]
    pub(crate) fn webhook(destination: &Destination) -> Self {
        Self(What::Url(destination.clone(), Parts::Tokens))
    }

    /// A URL whose path is a path.
    pub(crate) fn url(destination: &Destination) -> Self {
        Self(What::Url(destination.clone(), Parts::Options))
    }

    pub(crate) fn key(key: &Secret) -> Self {
        Self(What::Key(key.clone()))
    }

    pub(crate) fn text(text: String) -> Self {
        Self(What::Text(text))
    }

    /// Returns the texts that it may stand as; none where its file cannot be read.
    pub(crate) fn texts(&self) -> Vec<String> {
        match &self.0 {
            What::Url(destination, parts) => destination
                .url()
                .map(|url| redact::of_url(url.as_str(), *parts))
                .unwrap_or_default(),
            What::Key(key) => key.reveal().into_iter().collect(),
            What::Text(text) => vec![text.clone()],
        }
    }
}
