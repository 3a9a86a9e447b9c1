//! What is wrong with the proxy that the environment names: the requests go without it then.

use ureq::{Proxy, ProxyProtocol};

/// The variables, in the order in which `ureq` looks for one that it can use.
const VARIABLES: [&str; 6] = [
    "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy",
];

/// Returns what is wrong with the first variable that is set, if it is passed over.
pub(crate) fn fault(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let set = |name| Some((name, variable(name).filter(|value| !value.is_empty())?));
    let (name, value) = VARIABLES.into_iter().find_map(set)?;
    let what = match Proxy::new(&value).map(|proxy| proxy.protocol()) {
        Ok(ProxyProtocol::Http | ProxyProtocol::Https) => return None,
        Ok(_) => "names a SOCKS proxy",
        Err(_) => "is no address of a proxy",
    };
    Some(format!(
        "`{name}` {what}, and is passed over: write `http://host:port`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_cannot_be_used_is_said_by_the_variable_that_has_it() {
        let socks = "`ALL_PROXY` names a SOCKS proxy, and is passed over: write `http://host:port`";
        let none =
            "`https_proxy` is no address of a proxy, and is passed over: write `http://host:port`";
        for (set, fault) in [
            (&[][..], None),
            (
                &[("ALL_PROXY", ""), ("HTTP_PROXY", "proxy.example.com:3128")],
                None,
            ),
            (
                &[("HTTPS_PROXY", "http://u:p@proxy.example.com:3128/")],
                None,
            ),
            (&[("HTTPS_PROXY", "https://proxy.example.com")], None),
            (
                &[("ALL_PROXY", "socks5://proxy.example.com:1080")],
                Some(socks),
            ),
            (
                &[("ALL_PROXY", "socks5h://u:p@proxy.example.com")],
                Some(socks),
            ),
            (
                &[
                    ("ALL_PROXY", "socks4://proxy.example.com"),
                    ("HTTP_PROXY", "proxy"),
                ],
                Some(socks),
            ),
            (&[("https_proxy", "http://proxy example.com")], Some(none)),
            (&[("https_proxy", "/var/run/proxy")], Some(none)),
            (&[("https_proxy", "ftp://proxy.example.com")], Some(none)),
        ] {
            let variable = |name: &str| {
                let mut set = set.iter().filter(|(known, _)| *known == name);
                set.next()
                    .map(|(_, value): &(&str, &str)| (*value).to_owned())
            };
            assert_eq!(self::fault(variable).as_deref(), fault, "{set:?}");
        }
    }
}
