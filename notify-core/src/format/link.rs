//! The address of a page, beside the words that stand for it.

/// The longest address: what browsers and all services take.
const LONGEST: usize = 2_000;

/// A page that a reader can open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) label: String,
    pub(crate) url: String,
}

impl Link {
    /// Returns the host that it leads to, without a port.
    pub(crate) fn host(&self) -> &str {
        host(&self.url)
    }
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let name = host.rsplit_once(':').filter(|(_, port)| is_port(port));
    name.map_or(host, |(name, _)| name)
}

/// Finds the pages that a text names, by `https` alone; each is called by its host.
pub(crate) fn in_text(text: &str) -> impl Iterator<Item = Link> {
    text.split_whitespace().filter_map(|word| {
        let url = &word[word.find("https://")?..];
        let url = url.trim_end_matches(['.', ',', ';', ')', '>', '"', '\'']);
        let label = host(url).to_owned();
        let url = url.to_owned();
        check(&url).is_ok().then_some(Link { label, url })
    })
}

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("it must begin with `https://` or `http://`")]
    Scheme,
    #[error("it must have no user and no password before the host")]
    User,
    #[error("it has no host")]
    Host,
    #[error("it has a character that no URL has: write that as `%20`, say")]
    Character,
    #[error("it is longer than 2,000 bytes")]
    Length,
}

/// Checks that `url` is the address of a page, with nothing in it that is a secret or no URL's.
pub(crate) fn check(url: &str) -> Result<(), Fault> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| {
        let head = url.get(..scheme.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    });
    let rest = &url[scheme.ok_or(Fault::Scheme)?.len()..];
    if url.len() > LONGEST {
        return Err(Fault::Length);
    }
    // https://www.rfc-editor.org/rfc/rfc3986#section-2
    let is_of_a_url =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    if !url.bytes().all(is_of_a_url) {
        return Err(Fault::Character);
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    if authority.contains('@') {
        return Err(Fault::User);
    }
    if authority.is_empty() || authority.starts_with(':') {
        return Err(Fault::Host);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Issue 17, point 2.
    #[test]
    fn a_link_is_the_address_of_a_page_without_a_user() {
        for (url, expected) in [
            ("https://wiki.example.com/orders", Ok(())),
            ("http://wiki/orders?run=1#what-to-do", Ok(())),
            ("HTTPS://wiki:8443", Ok(())),
            ("https://[::1]/x", Ok(())),
            ("https://wiki/@team", Ok(())),
            ("https://wiki/a%20b", Ok(())),
            ("", Err(Fault::Scheme)),
            ("wiki.example.com/orders", Err(Fault::Scheme)),
            ("ftp://wiki/orders", Err(Fault::Scheme)),
            ("javascript:alert(1)", Err(Fault::Scheme)),
            ("file:///etc/passwd", Err(Fault::Scheme)),
            ("https:/wiki", Err(Fault::Scheme)),
            ("https://anna@wiki/orders", Err(Fault::User)),
            ("https://anna:pass@wiki/orders", Err(Fault::User)),
            ("https://", Err(Fault::Host)),
            ("https:///orders", Err(Fault::Host)),
            ("https://:80/", Err(Fault::Host)),
            ("https://wiki/a b", Err(Fault::Character)),
            ("https://wiki/\n", Err(Fault::Character)),
            ("https://wiki/<!here>", Err(Fault::Character)),
            ("https://wiki/a|b", Err(Fault::Character)),
            ("https://wiki/ü", Err(Fault::Character)),
            ("https://wiki/\u{202e}", Err(Fault::Character)),
        ] {
            assert_eq!(check(url), expected, "{url}");
        }
        let long = format!("https://wiki/{}", "a".repeat(LONGEST));
        assert_eq!(check(&long), Err(Fault::Length));
    }

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

    proptest! {
        /// Issue 17, point 2.
        #[test]
        fn any_text_can_be_checked(text in "(https?://)?\\PC{0,40}") {
            if check(&text).is_ok() {
                prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
