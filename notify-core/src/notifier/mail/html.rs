//! The part of a letter that a phone shows: simple HTML with no picture, script or address but those of
//! the context.

use crate::format::time;
use crate::message::alert::Alert;
use crate::message::{digest, links};
use crate::notifier::sanitize::{fit, html as escape, line, visible};
use crate::notifier::severity::Severity;
use crate::status::log_lines::HEADING;

/// The longest title and other value, and the longest error, together with those of other alerts.
const LINE: usize = 300;
const ERRORS: usize = 64 * 1024;

/// So many alerts stand one below the other; more are a digest.
const FEW: usize = 3;

/// The most links.
const LINKS: usize = 10;

const HEAD: &str = "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
    <meta name=\"color-scheme\" content=\"light dark\"></head>\n\
    <body style=\"margin:0;padding:12px;font:16px/1.5 sans-serif\">\n";

/// Makes the page that shows some alerts.
pub(super) fn page(alerts: &[Alert]) -> String {
    let mut page = HEAD.to_owned();
    if alerts.len() <= FEW {
        for alert in alerts {
            page += &boxed(Severity::of(alert), &one(alert, ERRORS / alerts.len()));
        }
    } else {
        let title = heading(&digest::headline(alerts));
        let text = preformatted(&digest::message(alerts), ERRORS);
        page += &boxed(Severity::worst(alerts), &(title + &text));
    }
    for link in links::of(alerts, LINKS) {
        let (url, label) = (escape(&link.url), text(&link.label));
        page += &format!(
            "<p style=\"margin:8px 0\"><a href=\"{url}\" style=\"display:inline-block;padding:8px 14px;\
             border:1px solid\">{label}</a></p>\n"
        );
    }
    page + "</body></html>\n"
}

/// Puts a bar of a colour beside a part.
fn boxed(severity: Severity, part: &str) -> String {
    let colour = match severity {
        Severity::Bad => "#d93025",
        Severity::Unclear => "#f29900",
        Severity::Good => "#1e8e3e",
    };
    format!(
        "<div style=\"border-left:6px solid {colour};padding-left:12px;margin:0 0 16px;max-width:44em\">\n\
         {part}</div>\n"
    )
}

fn one(alert: &Alert, room: usize) -> String {
    let mut part = heading(&alert.title());
    if !alert.body().trim().is_empty() {
        part += &preformatted(alert.body(), room);
    }
    let lines = alert.lines_below(room, |line| escape(&visible(line)).len() + 1);
    if !lines.is_empty() {
        part += &format!("<p style=\"margin:0 0 6px\">{HEADING}</p>\n");
        part += &preformatted(&lines.join("\n"), room);
    }
    for remark in alert.remarks() {
        part += &format!("<p style=\"margin:0 0 6px\">{}</p>\n", text(&remark));
    }
    let facts = [
        ("began".into(), time::show(alert.status.begun)),
        ("function".into(), alert.status.location.to_string()),
    ];
    let facts = alert.message.text.is_none().then_some(facts);
    part += "<table style=\"font-size:14px\">\n";
    for (name, value) in facts.into_iter().flatten().chain(alert.details()) {
        part += &format!(
            "<tr><td style=\"padding-right:12px;vertical-align:top\">{}</td>\
             <td style=\"overflow-wrap:anywhere\">{}</td></tr>\n",
            text(&name),
            text(&value)
        );
    }
    part + "</table>\n"
}

fn heading(title: &str) -> String {
    format!(
        "<h1 style=\"font-size:18px;margin:0 0 8px\">{}</h1>\n",
        text(title)
    )
}

/// Shows a text as it is, with lines that are folded at the edge.
fn preformatted(text: &str, room: usize) -> String {
    let text = fit(text.trim_end(), room, str::len, |text| {
        escape(&visible(text))
    });
    format!(
        "<pre style=\"font:14px/1.4 monospace;white-space:pre-wrap;overflow-wrap:anywhere;\
         border:1px solid #999;padding:8px;margin:0 0 8px\">{text}</pre>\n"
    )
}

fn text(text: &str) -> String {
    line(text, LINE, |text| escape(&visible(text)))
}
