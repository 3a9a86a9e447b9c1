//! Text from outside, written so that a service shows it as it is and it calls nobody.

use crate::text;

/// What stands between two characters that mean something only together.
const BREAK: char = '\u{200b}';

/// How the text of a message is read at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Slack's own: three characters have a meaning, and each has its escape.
    /// <https://docs.slack.dev/messaging/formatting-message-text/>
    Slack,
    /// Mattermost and Rocket.Chat: Markdown, in which `@all` calls everybody, Slack's `<!all>` too
    /// at the one of them, and an escape would be shown as such in a code block, which backticks in
    /// the text must neither begin nor end.
    Markdown,
}

impl Dialect {
    /// Writes a text of several lines, cut in its middle to so many bytes once it is written.
    pub(super) fn lines(self, text: &str, limit: usize) -> String {
        fit(&text::visible(text), limit, |cut| self.escape(cut))
    }

    /// Writes a text as one line, cut likewise.
    pub(super) fn line(self, text: &str, limit: usize) -> String {
        let text = text::visible(text.trim()).replace('\n', " ");
        fit(text.trim(), limit, |cut| {
            self.escape(&cut.replace('\n', " "))
        })
    }

    fn escape(self, text: &str) -> String {
        match self {
            Self::Slack => text
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;"),
            Self::Markdown => break_where(text, |c, next| {
                c == '@' || c == '<' && matches!(next, '!' | '@' | '#') || c == '`' && next == '`'
            }),
        }
    }
}

/// Writes a text that is shown letter by letter, whatever it holds.
pub(super) fn verbatim(text: &str, limit: usize) -> String {
    fit(&text::visible(text), limit, str::to_owned)
}

fn break_where(text: &str, is_live: impl Fn(char, char) -> bool) -> String {
    let mut broken = String::with_capacity(text.len() + 8);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        broken.push(c);
        if is_live(c, rest.peek().copied().unwrap_or(' ')) {
            broken.push(BREAK);
        }
    }
    broken
}

/// Cuts a text in its middle until it is within the limit as it is written. Bytes are counted:
/// whatever a service counts, there are no more of them.
fn fit(text: &str, limit: usize, write: impl Fn(&str) -> String) -> String {
    let mut room = limit;
    loop {
        let written = write(&text::cut(text, room));
        let length = written.len();
        if length <= limit || room == 0 {
            return written;
        }
        // In proportion to how much the writing has added, and always less than before.
        room = (room * limit / length).min(room - 1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_could_call_a_channel_is_escaped() {
        let text = "<!channel> & <@U1|x> @all";
        let slack = Dialect::Slack.lines(text, 900);
        assert_eq!(slack, "&lt;!channel&gt; &amp; &lt;@U1|x&gt; @all");
        let markdown = Dialect::Markdown.lines(text, 900);
        assert_eq!(
            markdown,
            "<\u{200b}!channel> & <\u{200b}@\u{200b}U1|x> @\u{200b}all"
        );
    }

    #[test]
    fn what_moves_a_cursor_or_turns_the_text_is_gone() {
        let text = "\u{1b}[31mno\r\nline\0\u{7f}\u{85}\tthe \u{202e}end";
        assert_eq!(verbatim(text, 900), "no\nline\n\tthe end");
    }

    #[test]
    fn backticks_cannot_end_a_block_of_code() {
        let code = Dialect::Markdown.lines(&"`".repeat(100_000), 2_000);
        assert!(code.len() <= 2_000 && !code.contains("``"));
        assert!(code.contains("bytes cut"));
    }

    proptest! {
        #[test]
        fn any_text_is_within_its_limit_and_calls_nobody(text in "(\\PC|[<>&@`\n\r\u{202e}]){0,5000}", limit in 100..4000_usize) {
            let slack = Dialect::Slack.lines(&text, limit);
            prop_assert!(slack.len() <= limit && !slack.contains(['<', '>']));
            let line = Dialect::Slack.line(&text, limit);
            prop_assert!(line.len() <= limit && !line.contains(char::is_control));
            let code = Dialect::Markdown.lines(&text, limit);
            prop_assert!(code.len() <= limit && !code.contains("``") && !code.contains("<!"));
            prop_assert!(!verbatim(&text, limit).contains(text::turns_writing));
        }
    }
}
