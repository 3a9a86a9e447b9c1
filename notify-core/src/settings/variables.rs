//! The variables that this library reads, and those that somebody has misspelt.

/// All that have one name; beside them there are two for each channel.
const KNOWN: [&str; 16] = [
    "NOTIFYDIR",
    "NOTIFY_ATTEMPT",
    "NOTIFY_CHANNEL",
    "NOTIFY_CONTEXT",
    "NOTIFY_DISABLE",
    "NOTIFY_EXIT_SECONDS",
    "NOTIFY_FILE_MODE",
    "NOTIFY_FLAPPING",
    "NOTIFY_HEARTBEAT_URL",
    "NOTIFY_INSTANCE",
    "NOTIFY_OK_SILENT_HOURS",
    "NOTIFY_OVERDUE_MINUTES",
    "NOTIFY_REMIND_HOURS",
    "NOTIFY_SIGNALS",
    "NOTIFY_SILENT_SECONDS",
    "NOTIFY_STORE",
];

/// What the names of a channel's variables end with.
const OF_CHANNEL: [&str; 2] = ["URL", "SECRET"];

/// Names of this many letters, after the prefix, may have two slips.
const LONG: usize = 6;

/// Returns the variable that somebody meant who set one of this name; `None` where it is one, or is like
/// none.
pub(crate) fn meant(name: &str) -> Option<String> {
    let own = name.strip_prefix("NOTIFY_")?;
    let (stem, end) = own.rsplit_once('_').unwrap_or(("", own));
    if KNOWN.contains(&name) || !stem.is_empty() && OF_CHANNEL.contains(&end) {
        return None;
    }
    let most = if own.len() < LONG { 1 } else { 2 };
    let known = KNOWN.iter().map(|known| (slips(name, known), *known));
    let nearest = known.filter(|(slips, _)| *slips <= most).min();
    if let Some((_, known)) = nearest {
        return Some(known.to_owned());
    }
    let end = OF_CHANNEL.into_iter().find(|known| slips(end, known) <= 1);
    end.filter(|_| !stem.is_empty())
        .map(|end| format!("NOTIFY_{stem}_{end}"))
}

/// Counts the letters that are missing, too many, wrong, or have changed places.
fn slips(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut rows = vec![(0..=other.len()).collect::<Vec<_>>()];
    for (line, letter) in one.iter().enumerate() {
        let mut row = vec![line + 1];
        for (column, wanted) in other.iter().enumerate() {
            let above = &rows[line];
            let mut least = (above[column] + usize::from(letter != wanted))
                .min(above[column + 1] + 1)
                .min(row[column] + 1);
            if line > 0 && column > 0 && (letter, one[line - 1]) == (&other[column - 1], *wanted) {
                least = least.min(rows[line - 1][column - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 12, point 31.
    #[test]
    fn a_name_that_nearly_is_one_of_ours_is_taken_for_a_slip_and_no_other_is() {
        for (name, wanted) in [
            ("NOTIFY_FLAPING", Some("NOTIFY_FLAPPING")),
            ("NOTIFY_DIR", Some("NOTIFYDIR")),
            ("NOTIFY_DISABLED", Some("NOTIFY_DISABLE")),
            ("NOTIFY_SILENCE_SECONDS", Some("NOTIFY_SILENT_SECONDS")),
            ("NOTIFY_REMIND_HOUR", Some("NOTIFY_REMIND_HOURS")),
            ("NOTIFY_SIGNLAS", Some("NOTIFY_SIGNALS")),
            ("NOTIFY_HEARTBEAT_ULR", Some("NOTIFY_HEARTBEAT_URL")),
            ("NOTIFY_ALERTS_ULR", Some("NOTIFY_ALERTS_URL")),
            ("NOTIFY_ALERTS_SECRETS", Some("NOTIFY_ALERTS_SECRET")),
            ("NOTIFY_FLAPPING", None),
            ("NOTIFYDIR", None),
            ("NOTIFY_ALERTS_URL", None),
            ("NOTIFY_DATAALERTS_SECRET", None),
            ("NOTIFY_HEARTBEAT_URL", None),
            // systemd's own, and what others may have.
            ("NOTIFY_SOCKET", None),
            ("NOTIFY_ACCESS", None),
            ("NOTIFY_EMAIL", None),
            ("NOTIFY_ID", None),
            ("NOTIFY_URL", None),
            ("NOTIFY_", None),
            ("PATH", None),
            ("notify_flaping", None),
        ] {
            assert_eq!(meant(name).as_deref(), wanted, "{name}");
        }
        for known in KNOWN {
            assert_eq!(meant(known), None);
        }
    }

    #[test]
    fn slips_are_counted() {
        for (one, other, count) in [
            ("", "", 0),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("abc", "abcd", 1),
            ("abc", "xbc", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(
                (slips(one, other), slips(other, one)),
                (count, count),
                "{one} {other}"
            );
        }
    }
}
