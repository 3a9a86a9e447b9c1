//! The pages that a card links to: those of the alerts, and those that `NOTIFY_CONTEXT` names.

use serde_json::{Value, json};
use ureq::http::Uri;

use crate::message::alert::Alert;
use crate::notifier::sanitize::{line, visible};

/// What a link weighs beside its texts.
const LINK: usize = 60;

/// The most links below a card, and the longest address of one.
const LINKS: usize = 4;
const ADDRESS: usize = 500;

/// The longest name of a link.
const NAME: usize = 60;

/// A page that the person who set up the job names, such as what to do when it fails.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    address: String,
    title: String,
}

impl Link {
    /// Reads a word of a text; `None` where it is no address of a page.
    fn read(word: &str) -> Option<Self> {
        let address = &word[word.find("https://")?..];
        Self::at(address.trim_end_matches(['.', ',', ';', ')', '>', '"', '\'']))
    }

    /// Leads to a page; `None` where that is none, or its address is too long for a button.
    fn at(address: &str) -> Option<Self> {
        let page = address.parse::<Uri>().ok()?;
        let is_plain = address.len() <= ADDRESS && !address.contains(char::is_control);
        let host = page.host().filter(|host| is_plain && !host.is_empty())?;
        Some(Self {
            title: host.to_owned(),
            address: address.to_owned(),
        })
    }

    pub(super) fn button(&self) -> Value {
        json!({ "type": "Action.OpenUrl", "title": self.title, "url": self.address })
    }

    pub(super) fn weight(&self) -> usize {
        LINK + super::weight(&self.title) + super::weight(&self.address)
    }
}

/// Returns the pages that some alerts, and then their contexts, name. An error's own are no links: who writes
/// an error is not always who set up the job.
pub(super) fn links(alerts: &[Alert]) -> Vec<Link> {
    let named = alerts.iter().flat_map(Alert::links);
    let named = named.filter_map(|named| {
        let link = Link::at(&named.url)?;
        // It says where it leads.
        let label = line(&named.label, NAME, visible);
        let title = format!("{label}: {}", link.title);
        Some(Link { title, ..link })
    });
    let facts = alerts.iter().flat_map(|alert| &alert.facts);
    let contexts = facts.filter(|(name, _)| name == "context");
    let words = contexts.flat_map(|(_, context)| context.split_whitespace());
    let mut links = Vec::new();
    for link in named.chain(words.filter_map(Link::read)) {
        if links.len() < LINKS && !links.contains(&link) {
            links.push(link);
        }
    }
    links
}
