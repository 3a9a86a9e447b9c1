//! The pages that a card links to: those that `NOTIFY_CONTEXT` names.

use serde_json::{Value, json};
use ureq::http::Uri;

use crate::message::alert::Alert;

/// What a link weighs beside its texts.
const LINK: usize = 60;

/// The most links below a card, and the longest address of one.
const LINKS: usize = 4;
const ADDRESS: usize = 500;

/// A page that the person who set up the job names, such as what to do when it fails.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    address: String,
    host: String,
}

impl Link {
    /// Reads a word of a text; `None` where it is no address of a page.
    fn read(word: &str) -> Option<Self> {
        let address = &word[word.find("https://")?..];
        let address = address.trim_end_matches(['.', ',', ';', ')', '>', '"', '\'']);
        let page = address.parse::<Uri>().ok()?;
        let is_plain = address.len() <= ADDRESS && !address.contains(char::is_control);
        let host = page.host().filter(|host| is_plain && !host.is_empty())?;
        Some(Self {
            host: host.to_owned(),
            address: address.to_owned(),
        })
    }

    pub(super) fn button(&self) -> Value {
        json!({ "type": "Action.OpenUrl", "title": self.host, "url": self.address })
    }

    pub(super) fn weight(&self) -> usize {
        LINK + super::weight(&self.host) + super::weight(&self.address)
    }
}

/// Returns the pages that the contexts of some alerts name. An error's own are no links: who writes
/// an error is not always who set up the job.
pub(super) fn links(alerts: &[Alert]) -> Vec<Link> {
    let facts = alerts.iter().flat_map(|alert| &alert.facts);
    let contexts = facts.filter(|(name, _)| name == "context");
    let words = contexts.flat_map(|(_, context)| context.split_whitespace());
    let mut links = Vec::new();
    for link in words.filter_map(Link::read) {
        if links.len() < LINKS && !links.contains(&link) {
            links.push(link);
        }
    }
    links
}
