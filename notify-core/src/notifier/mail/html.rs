//! The part of a letter that a phone shows: simple HTML with no picture, script or address but those of
//! the context.

use crate::format::text::is_blank;
use crate::format::time;
use crate::message::alert::Alert;
use crate::message::{digest, links};
use crate::notifier::sanitize::{fit, html as escape, line, visible};
use crate::notifier::severity::Severity;
use crate::status::log_lines::HEADING;

/// The longest title and other value, and the longest error, together with those of other alerts.
const LINE: usize = 300;
const ERRORS: usize = 64 * 1024;

/// The most alerts that stand one below the other. More are a digest.
const FEW: usize = 3;

/// The most links.
const LINKS: usize = 10;

const HEAD: &str = "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
    <meta name=\"color-scheme\" content=\"light dark\"></head>\n\
    <body style=\"margin:0;padding:12px;font:16px/1.5 sans-serif\">\n";

const TITLE: &str = "<h1 style=\"font-size:18px;margin:0 0 8px\">";

const REMARK: &str = "<p style=\"margin:0 0 6px\">";

const PREFORMATTED: &str = "<pre style=\"font:14px/1.4 monospace;white-space:pre-wrap;overflow-wrap:anywhere;\
    border:1px solid #999;padding:8px;margin:0 0 8px\">";

/// A page as far as it is written.
struct Page(String);

pub(super) fn page(alerts: &[Alert]) -> String {
    let mut page = Page(HEAD.to_owned());
    if alerts.len() <= FEW {
        for alert in alerts {
            page.begin_box(Severity::of(alert));
            page.add_alert(alert, ERRORS / alerts.len());
            page.end_box();
        }
    } else {
        page.begin_box(Severity::worst(alerts));
        page.add_title(&digest::headline(alerts));
        page.add_preformatted(&digest::message(alerts), ERRORS);
        page.end_box();
    }
    for link in &links::of(alerts, LINKS) {
        page.add(&[
            "<p style=\"margin:8px 0\"><a href=\"",
            &escape(&link.url),
            "\" style=\"display:inline-block;padding:8px 14px;border:1px solid\">",
            &text(&link.label),
            "</a></p>\n",
        ]);
    }
    page.add(&["</body></html>\n"]);
    page.0
}

impl Page {
    fn add(&mut self, parts: &[&str]) {
        super::add(&mut self.0, parts);
    }

    /// Begins a part with a bar of a colour beside it.
    fn begin_box(&mut self, severity: Severity) {
        self.add(&[
            "<div style=\"border-left:6px solid ",
            &format!("#{:06x}", severity.colour()),
            ";padding-left:12px;margin:0 0 16px;max-width:44em\">\n",
        ]);
    }

    fn end_box(&mut self) {
        self.add(&["</div>\n"]);
    }

    fn add_title(&mut self, title: &str) {
        self.add_line(TITLE, title, "</h1>\n");
    }

    fn add_remark(&mut self, remark: &str) {
        self.add_line(REMARK, remark, "</p>\n");
    }

    #[inline(never)]
    fn add_line(&mut self, begin: &str, line: &str, end: &str) {
        self.add(&[begin, &text(line), end]);
    }

    /// Shows a text as it is, with lines that are folded at the edge.
    fn add_preformatted(&mut self, text: &str, room: usize) {
        let text = fit(text.trim_end(), room, &str::len, &visible_as_html);
        self.add(&[PREFORMATTED, &text, "</pre>\n"]);
    }

    fn add_alert(&mut self, alert: &Alert, room: usize) {
        self.add_title(&alert.title());
        if !is_blank(alert.body()) {
            self.add_preformatted(alert.body(), room);
        }
        let lines = alert.lines_below(room, &|line: &str| visible_as_html(line).len() + 1);
        if !lines.is_empty() {
            self.add_remark(HEADING);
            self.add_preformatted(&lines.join("\n"), room);
        }
        for remark in &alert.remarks() {
            self.add_remark(remark);
        }
        self.add(&["<table style=\"font-size:14px\">\n"]);
        if alert.message.text.is_none() {
            self.add_fact("began", &time::show(alert.status.begun));
            self.add_fact("function", &alert.status.location);
        }
        for (name, value) in &alert.details() {
            self.add_fact(name, value);
        }
        self.add(&["</table>\n"]);
    }

    #[inline(never)]
    fn add_fact(&mut self, name: &str, value: &str) {
        self.add(&[
            "<tr><td style=\"padding-right:12px;vertical-align:top\">",
            &text(name),
            "</td><td style=\"overflow-wrap:anywhere\">",
            &text(value),
            "</td></tr>\n",
        ]);
    }
}

fn visible_as_html(text: &str) -> String {
    escape(&visible(text))
}

#[inline(never)]
fn text(text: &str) -> String {
    line(text, LINE, &visible_as_html)
}
