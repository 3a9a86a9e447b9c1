//! The system's time zones: their rules, in the form of `TZ`.

use std::path::Path;

use crate::os::file::{self, Links};

const FOLDERS: [&str; 2] = ["/usr/share/zoneinfo", "/etc/zoneinfo"];

/// The largest file of a zone that is read.
const LIMIT: u64 = 64 * 1024;

/// Finds the rule of a zone by its name, as of `Europe/Berlin`; `None` where the system does not know it.
pub(crate) fn rule(name: &str) -> Option<String> {
    let is_part = |part: &str| {
        let mut bytes = part.bytes();
        !part.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
    };
    if !name.split('/').all(is_part) {
        return None;
    }
    FOLDERS
        .iter()
        .find_map(|folder| rule_in(&Path::new(folder).join(name)))
}

/// Finds the rule of this host's zone: what `TZ` names, which is a rule itself where the system knows no
/// such name, or else what `/etc/localtime` says.
pub(crate) fn rule_of_host() -> Option<String> {
    let Some(zone) = std::env::var("TZ").ok() else {
        let path = Path::new("/etc/localtime");
        return if path.exists() {
            rule_in(path)
        } else {
            Some("UTC".to_owned())
        };
    };
    if zone.is_empty() {
        return Some("UTC".to_owned());
    }
    let name = zone.strip_prefix(':').unwrap_or(&zone);
    let of_file = || name.starts_with('/').then(|| rule_in(Path::new(name)));
    rule(name).or_else(|| of_file().flatten()).or(Some(zone))
}

/// A zone's file ends in a line with its rule (RFC 8536, 3.3).
fn rule_in(path: &Path) -> Option<String> {
    let content = file::read(path, LIMIT, Links::Follow).ok()??;
    let rest = content
        .strip_prefix("TZif")
        .and_then(|_| content.strip_suffix('\n'))?;
    let rule = rest.rsplit('\n').next()?;
    (!rule.is_empty()).then(|| rule.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder_of_zones() {
        for name in [
            "",
            "/etc/passwd",
            "../../../etc/passwd",
            "Europe//Berlin",
            "Europe/.",
            "a\0b",
        ] {
            assert_eq!(rule(name), None, "{name}");
        }
    }

    #[test]
    fn a_zone_s_rule_is_the_last_line_of_its_file() {
        // Some systems have no zones.
        if Path::new("/usr/share/zoneinfo/Europe/Berlin").exists() {
            assert_eq!(
                rule("Europe/Berlin").as_deref(),
                Some("CET-1CEST,M3.5.0,M10.5.0/3")
            );
        }
    }
}
