//! The pages that alerts name.

use crate::format::link::Link;
use crate::message::alert::Alert;

/// Returns the pages that some alerts name, each once, and so many at most.
pub(crate) fn of(alerts: &[Alert], most: usize) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for link in alerts.iter().flat_map(Alert::pages) {
        if links.len() < most && links.iter().all(|known| known.url != link.url) {
            links.push(link);
        }
    }
    links
}
