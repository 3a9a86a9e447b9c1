//! Slack's blocks of one alert.
//!
//! What comes from outside stands in `rich_text` and `plain_text` alone, where no sign of it has a meaning.

use super::super::block_kit::{
    bold, links, mrkdwn, plain_text, preformatted, rich_text, titled, words,
};
use super::super::markup::{verbatim, verbatim_line};
use super::{
    CONTEXT, MAX_FIELD_NAME, MAX_ID, MAX_LINK, MAX_NAME, Room, fields, ids, log_lines, outcome,
    remarks, utc,
};
use crate::format::json::{Value, object};
use crate::format::link::Link;
use crate::format::text::is_blank;
use crate::message::alert::Alert;
use crate::status::log_lines::HEADING;

pub(super) fn blocks(alert: &Alert, room: Room) -> Vec<Value> {
    let mut blocks = Vec::new();
    // The program's own headline stands above them already.
    if alert.message.headline.is_none() {
        blocks.push(rich_text(heading(alert)));
    }
    if let Some(text) = alert.message.text.as_deref().map(str::trim_end)
        && !text.is_empty()
    {
        blocks.push(rich_text(vec![words(&verbatim(text, room.error))]));
    }
    let remarks = remarks(alert, room.remarks, &verbatim_line);
    if !remarks.is_empty() {
        blocks.push(rich_text(vec![words(&remarks)]));
    }
    if alert.message.text.is_none() && !is_blank(alert.error()) {
        blocks.push(preformatted(&verbatim(alert.error(), room.error)));
    }
    let logged = log_lines(alert, room.log_lines, &|line: &str| {
        verbatim_line(line, room.log_lines)
    });
    if !logged.is_empty() {
        blocks.push(titled(HEADING, &logged));
    }
    let pages = pages(alert);
    if !pages.is_empty() {
        blocks.push(rich_text(pages));
    }
    let mut plain = Vec::new();
    let mut linked = None;
    for (name, value) in &fields(alert) {
        let name = verbatim_line(name, MAX_FIELD_NAME);
        let value = verbatim_line(value, room.field);
        match links(&value) {
            Some(links) if name == CONTEXT => {
                linked = Some([vec![bold(&name), words(" ")], links].concat());
            }
            _ => plain.push(plain_text(&format!("{name}: {value}"))),
        }
    }
    if !plain.is_empty() {
        blocks.push(object! { "type": "section", "fields": plain });
    }
    // No other element has both links and letters without a meaning.
    blocks.extend(linked.map(rich_text));
    blocks.push(object! { "type": "context", "elements": foot(alert) });
    blocks
}

fn heading(alert: &Alert) -> Vec<Value> {
    let job = verbatim_line(&alert.job, MAX_NAME);
    let outcome = outcome(alert);
    if job.is_empty() {
        vec![words(&outcome)]
    } else {
        vec![bold(&job), words(&format!(" {outcome}"))]
    }
}

/// Makes links of the pages that the alert names, in one line. No button: Slack shows a warning beside one that
/// an app without a server has posted.
/// <https://docs.slack.dev/reference/block-kit/block-elements/button-element/>
fn pages(alert: &Alert) -> Vec<Value> {
    let mut elements = Vec::new();
    for Link { label, url } in alert.links() {
        if url.len() > MAX_LINK {
            continue;
        }
        if !elements.is_empty() {
            elements.push(words(" · "));
        }
        let text = verbatim_line(&label, MAX_FIELD_NAME);
        elements.push(object! { "type": "link", "url": url, "text": text });
    }
    elements
}

/// Says at the foot when it was, which alert it is, and where in the code.
fn foot(alert: &Alert) -> Vec<Value> {
    let mut when = utc(alert.decided);
    let unix = alert.decided.timestamp();
    if unix > 0 {
        when += &format!(" (<!date^{unix}^{{date_short_pretty}} {{time_secs}}|{when}>)");
    }
    let ids: Vec<_> = ids(alert)
        .into_iter()
        .map(|(name, id)| format!("{name} {}", verbatim_line(id, MAX_ID)))
        .collect();
    let place = [
        Some(&*alert.status.location),
        alert.status.source.as_deref(),
    ];
    let place = place
        .into_iter()
        .flatten()
        .map(|place| verbatim_line(place, MAX_NAME));
    let place = place.filter(|place| alert.message.text.is_none() && !is_blank(place));
    let place: Vec<_> = place.collect();
    let mut foot = vec![mrkdwn(&when), plain_text(&ids.join(" · "))];
    if !place.is_empty() {
        foot.push(plain_text(&place.join(" · ")));
    }
    foot
}
