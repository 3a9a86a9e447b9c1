//! The name of the host's time zone.

use std::env;
use std::fs;
use std::path::Path;

/// Returns the name, such as `Europe/Berlin`; `None` where the host does not say.
pub(crate) fn name() -> Option<String> {
    let variable = env::var("TZ").ok();
    let link = || fs::read_link("/etc/localtime").ok();
    let file = || fs::read_to_string("/etc/timezone").ok();
    match variable {
        // As glibc reads it.
        Some(zone) if zone.is_empty() => Some("UTC".to_owned()),
        Some(zone) => of_path(zone.strip_prefix(':').unwrap_or(&zone)),
        None => link()
            .and_then(|link| of_path(link.to_str()?))
            .or_else(|| of_path(file()?.trim())),
    }
}

/// Returns the name of a zone by its file: what follows the last folder `zoneinfo`.
fn of_path(path: &str) -> Option<String> {
    let name = path.rsplit_once("zoneinfo/").map_or(path, |(_, name)| name);
    let name = name.strip_prefix("posix/").unwrap_or(name);
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
    // A rule of its own (`CET-1CEST,M3.5.0,M10.5.0/3`) is no name.
    let is_name = !name.is_empty() && name.bytes().all(is_letter) && Path::new(name).is_relative();
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::of_path;

    /// Issue 18, point 1.
    #[test]
    fn a_zone_is_named_as_in_the_systems_folder() {
        for (path, name) in [
            ("/usr/share/zoneinfo/Europe/Berlin", Some("Europe/Berlin")),
            ("../usr/share/zoneinfo/Etc/UTC", Some("Etc/UTC")),
            ("/usr/share/zoneinfo/posix/Asia/Tokyo", Some("Asia/Tokyo")),
            (
                "America/Argentina/Buenos_Aires",
                Some("America/Argentina/Buenos_Aires"),
            ),
            ("Etc/GMT+5", Some("Etc/GMT+5")),
            ("CET-1CEST,M3.5.0,M10.5.0/3", None),
            ("<+03>-3", None),
            ("/etc/private/here", None),
            ("", None),
        ] {
            assert_eq!(of_path(path).as_deref(), name, "{path}");
        }
    }
}
