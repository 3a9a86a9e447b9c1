//! Text from outside, written so that a service shows it as it is and it calls nobody.

use crate::format::text;

/// What stands between two characters that mean something only together.
const BREAK: char = '\u{200b}';

/// How the text of a message is read at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Slack's own: three characters have an escape, and few others a meaning.
    /// <https://docs.slack.dev/messaging/formatting-message-text/>
    Slack,
    /// Mattermost and Rocket.Chat: two kinds of Markdown, in which `@all` calls everybody, and
    /// Slack's `<!all>` too at the one of them. They share no escape for most of their signs, and
    /// both show inline code and a block of code as it is.
    Markdown,
}

impl Dialect {
    /// Writes a text of several lines for where nothing but a call or the end of a block of code
    /// has a meaning, cut in its middle to so many bytes once it is written.
    pub(super) fn lines(self, text: &str, limit: usize) -> String {
        fit(&text::visible(text), limit, &|cut: &str| self.escape(cut))
    }

    /// Writes a text as one line, cut likewise: as code, where a sign in it could be markup.
    pub(super) fn line(self, text: &str, limit: usize) -> String {
        fit(text.trim(), limit, &|cut: &str| self.span(&flat(cut)))
    }

    /// The same for a text whose addresses of pages are to be followed.
    pub(super) fn line_with_links(self, text: &str, limit: usize) -> String {
        fit(text.trim(), limit, &|cut: &str| {
            let flat = flat(cut);
            if cut.len() < text.trim().len() {
                return self.span(&flat);
            }
            let words = flat.split(' ').map(|word| self.span(word));
            words.collect::<Vec<_>>().join(" ")
        })
    }

    fn span(self, text: &str) -> String {
        let text = text.trim();
        if !self.is_live(text) {
            return self.escape(text);
        }
        // No sign ends code but a backtick, which looks much like this letter.
        let code = text.replace('`', "\u{2cb}");
        format!("`{}`", self.escape(&code))
    }

    /// Returns whether a sign in a line has a meaning where it is no code.
    fn is_live(self, line: &str) -> bool {
        let is_live = match self {
            Self::Slack => line.starts_with('>'),
            Self::Markdown => {
                line.contains(['[', '<', '\\', '#', '$', '&'])
                    || line.contains("||")
                    || begins_block(line)
                    || has_smiley(line)
            }
        };
        is_live || line.contains(['*', '~', '`']) || has_emphasis(line) || has_emoji(line)
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

/// Returns whether an underscore is not within a word, as those of `load_orders` are.
fn has_emphasis(line: &str) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    line.match_indices('_').any(|(at, _)| {
        !is_word(line[..at].chars().next_back()) || !is_word(line[at + 1..].chars().next())
    })
}

/// Returns whether a line has something like `:name:`. The minutes of a time are none.
fn has_emoji(line: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "_+-".contains(c);
    let is_minutes = |name: &str| name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_digit());
    // What stands between two colons: neither what is before the first nor what is after the last.
    let mut parts: Vec<_> = line.split(':').skip(1).collect();
    parts.pop();
    parts
        .iter()
        .any(|name| !name.is_empty() && !is_minutes(name) && name.chars().all(is_of_name))
}

/// Returns whether a word is a face, such as `:-)`, `;)` or `8)`.
fn has_smiley(line: &str) -> bool {
    let is_face = |word: &str| {
        let mut signs = word.trim_start_matches(['>', 'O', '0', '\'']).chars();
        let eyes = signs.next().unwrap_or(' ');
        let rest = signs.as_str();
        let is_eyes = ":;=%".contains(eyes)
            || "8BDXx".contains(eyes) && !rest.starts_with(char::is_alphanumeric);
        // `::` is that of a path.
        is_eyes && (1..=3).contains(&rest.chars().count()) && rest != ":"
    };
    line.split_whitespace().any(is_face)
}

/// Returns whether a line begins a list, a quotation, a heading or a rule.
fn begins_block(line: &str) -> bool {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_number = rest.len() < line.len() && rest.starts_with(['.', ')']);
    let sign = if is_number {
        &rest[1..]
    } else {
        line.trim_start_matches(['-', '+', '='])
    };
    let is_marked = sign.len() < line.len() && (sign.is_empty() || sign.starts_with(' '));
    // What begins like `--- ERROR ---` is no rule.
    is_marked && !line.starts_with("--- ") || line.starts_with(['>', '|'])
}

/// Writes a text that is shown letter by letter in one line.
pub(super) fn verbatim_line(text: &str, limit: usize) -> String {
    fit(text.trim(), limit, &flat)
}

fn flat(text: &str) -> String {
    text::visible(text).replace(['\n', '\t'], " ")
}

/// Writes a text that is shown letter by letter, whatever it holds.
pub(super) fn verbatim(text: &str, limit: usize) -> String {
    fit(&text::visible(text), limit, &str::to_owned)
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
fn fit(text: &str, limit: usize, write: &dyn Fn(&str) -> String) -> String {
    text::shrink(limit, limit, &str::len, &|room| {
        write(&text::cut(text, room))
    })
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

    /// Returns whether nothing has a meaning outside of inline code, which every second backtick ends.
    fn is_dead(line: &str) -> bool {
        let outside: Vec<_> = line.split('`').step_by(2).collect();
        line.matches('`').count().is_multiple_of(2)
            && outside.iter().all(|part| {
                !part.contains(['*', '~'])
                    && !has_emphasis(&format!("a{part}a"))
                    && !has_emoji(part)
            })
    }

    /// Issue 12, point 24: names lost their underscores, and an error made images and masked links.
    /// What each becomes was looked at in the parsers of Mattermost and of Rocket.Chat.
    #[test]
    fn a_line_with_markup_is_code_and_one_without_is_as_it_was() {
        for (line, is_code_in_slack, is_code_in_markdown) in [
            ("connection refused (db-1:5432)", false, false),
            ("etl.load_orders_eu", false, false),
            ("at 13:00:12, after 1.5 s: a::b", false, false),
            ("see https://wiki.example/a_b", false, false),
            ("-1 is no number", false, false),
            ("etl::load :: run", false, false),
            ("TypeError: __init__() got one", true, true),
            ("_a", true, true),
            ("a *b* c", true, true),
            ("2 * 3", true, true),
            ("~a~ and `b`", true, true),
            (":warning: a", true, true),
            ("> quoted", true, true),
            ("![i](https://evil.example/2.png)", false, true),
            ("[a](https://evil.example/1)", false, true),
            ("[a]: https://evil.example/1", false, true),
            ("<https://evil|ok>", false, true),
            ("&#60;b>", false, true),
            ("#channel", false, true),
            ("C:\\*", true, true),
            ("$x$", false, true),
            ("||a||", false, true),
            ("- a", false, true),
            ("2. a", false, true),
            ("===", false, true),
            ("all is well :)", false, true),
        ] {
            for (dialect, is_code) in [
                (Dialect::Slack, is_code_in_slack),
                (Dialect::Markdown, is_code_in_markdown),
            ] {
                let plain = line.replace('`', "\u{2cb}");
                let expected = if is_code { format!("`{plain}`") } else { plain };
                let written = dialect
                    .line(line, 900)
                    .replace("&lt;", "<")
                    .replace("&gt;", ">");
                assert_eq!(written.replace("&amp;", "&"), expected, "{dialect:?}");
            }
        }
        let links = "env=_prod_ see https://wiki.example/a_b";
        assert_eq!(
            Dialect::Markdown.line_with_links(links, 900),
            "`env=_prod_` see https://wiki.example/a_b"
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
            for dialect in [Dialect::Slack, Dialect::Markdown] {
                for line in [dialect.line(&text, limit), dialect.line_with_links(&text, limit)] {
                    prop_assert!(line.len() <= limit && is_dead(&line), "{line:?}");
                }
            }
            let code = Dialect::Markdown.lines(&text, limit);
            prop_assert!(code.len() <= limit && !code.contains("``") && !code.contains("<!"));
            prop_assert!(!verbatim(&text, limit).contains(text::turns_writing));
            prop_assert!(!verbatim_line(&text, limit).contains(char::is_control));
        }
    }
}
