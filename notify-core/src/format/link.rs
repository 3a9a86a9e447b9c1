//! The address of a page, beside the words that stand for it.

/// The longest address: what browsers and all services take.
const LONGEST: usize = 2_000;

/// A page that a reader can open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) label: String,
    pub(crate) url: String,
}

/// Finds the pages that a text names; each is called by its host.
pub(crate) fn in_text(text: &str) -> impl Iterator<Item = Link> {
    text.split_whitespace().filter_map(of_word)
}

fn of_word(word: &str) -> Option<Link> {
    const SCHEME: &str = "https://";
    let url = &word[word.find(SCHEME)?..];
    let url = url.trim_end_matches(['.', ',', ';', ')', '>', '"', '\'']);
    let host = url[SCHEME.len()..].split(['/', '?', '#']).next()?;
    // https://www.rfc-editor.org/rfc/rfc3986#section-2
    let is_of_a_url =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    let is_page = url.len() <= LONGEST
        && url.bytes().all(is_of_a_url)
        && host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
        && !host.contains('@');
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let name = host.rsplit_once(':').filter(|(_, port)| is_port(port));
    is_page.then(|| Link {
        label: name.map_or(host, |(name, _)| name).to_owned(),
        url: url.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Issue 16, point 5.
    #[test]
    fn the_pages_in_a_text_are_found_and_called_by_their_hosts() {
        let text = "env=prod (https://a.example/x?y=1&z=2), link=https://b.example:8443/_c_. https:// \
                    http://c.example/ https://user:pass@d.example/ https://e.example/<!here> https://f.example";
        let found: Vec<_> = in_text(text).map(|link| (link.label, link.url)).collect();
        let expected = [
            ("a.example", "https://a.example/x?y=1&z=2"),
            ("b.example", "https://b.example:8443/_c_"),
            ("f.example", "https://f.example"),
        ];
        assert_eq!(
            found,
            expected.map(|(label, url)| (label.to_owned(), url.to_owned()))
        );
        let long = format!("https://a.example/{}", "x".repeat(LONGEST));
        assert_eq!(in_text(&long).count(), 0);
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_read(text in "(https://)?\\PC{0,40}") {
            for link in in_text(&text) {
                assert!(link.url.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
