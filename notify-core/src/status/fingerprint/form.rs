//! Codes that a line shows by its form, without a word that says so.

use super::code;

/// The classes of SQL's codes for what failed, as databases and their drivers show them.
const CLASSES: &[&str] = &[
    "07", "08", "0A", "21", "22", "23", "24", "25", "26", "28", "2B", "3D", "3F", "40", "42", "44",
    "53", "54", "55", "57", "58", "HV", "HY", "IM", "S1", "XX", "P0",
];

/// Returns the codes that the form of a line shows.
pub(super) fn codes(line: &str) -> Vec<&str> {
    let line = line.trim();
    let of_line = [of_sql_server(line), of_mysql(line)];
    let mut codes: Vec<&str> = of_line.into_iter().flatten().collect();
    for (at, mark) in line.match_indices(['(', '[']) {
        let (before, inside) = (&line[..at], &line[at + 1..]);
        codes.extend(match mark {
            "(" => of_exception(before, inside),
            _ => of_driver(before, inside),
        });
    }
    let behind_colons = line.match_indices(": ").map(|(at, mark)| at + mark.len());
    for at in std::iter::once(0).chain(behind_colons) {
        let (before, said) = (&line[..at], &line[at..]);
        codes.extend(of_reply(said));
        codes.extend(of_database(said));
        codes.extend(of_letter_e(before, said));
    }
    let behind_error = line
        .match_indices("rror ")
        .map(|(at, mark)| at + mark.len());
    codes.extend(behind_error.filter_map(|at| of_compiler(&line[at..])));
    let behind_key = |key: &str| line.split_once(key).map(|(_, value)| value);
    codes.extend(behind_key("dsn=").and_then(of_mail));
    codes.extend(behind_key("status=").and_then(of_systemd));
    codes
}

/// SQL Server's tools: `Msg 208, Level 16, State 1`.
fn of_sql_server(line: &str) -> Option<&str> {
    let (code, _) = line.strip_prefix("Msg ")?.split_once(", Level ")?;
    Some(code)
}

/// A client of `MySQL` says last what the system said: `Can't connect to MySQL server on 'db' (111)`.
fn of_mysql(line: &str) -> Option<&str> {
    let (before, code) = line.strip_suffix(')')?.rsplit_once("' (")?;
    (before.contains("Can't connect to ") && is_number(code, 1..=3)).then_some(code)
}

/// What Python shows of an exception, `OperationalError: (2006, 'gone')` or `OSError(28, 'full')`, and .NET:
/// `SocketException (111): refused`. The key of a `KeyError`, and other pairs, are data.
fn of_exception<'a>(before: &str, inside: &'a str) -> Option<&'a str> {
    let of_dot_net = inside.split_once("):").map(|(code, _)| code);
    if before.ends_with("Exception ") && of_dot_net.is_some_and(|code| is_number(code, 1..=10)) {
        return of_dot_net;
    }
    let (code, text) = inside.split_once(", ")?;
    let quotes = ['\'', '"'];
    let is_of_bytes = text
        .strip_prefix('b')
        .is_some_and(|text| text.starts_with(quotes));
    if !is_of_bytes && !text.starts_with(quotes) {
        return None;
    }
    let of_type = before.trim_end_matches([':', ' ', ')']);
    let is_of_type = of_type.ends_with("rror") && !of_type.ends_with("KeyError")
        || of_type.ends_with("Exception");
    let is_alone = before.is_empty();
    let state = code.trim_matches(quotes);
    let is_state = state.len() + 2 == code.len() && is_sql_state(state);
    let number = code.strip_prefix('-').unwrap_or(code);
    let is_code = is_of_type && is_number(number, 1..=10)
        || is_of_bytes && is_number(number, 3..=5)
        // Those of MySQL.
        || is_alone && is_number(number, 4..=4)
        || (is_alone || is_of_type) && is_state;
    is_code.then_some(if is_state { state } else { code })
}

/// What drivers put in brackets: `[08001] [Microsoft][ODBC Driver 17 for SQL Server]…`, `SQLSTATE[HY000] [2002]`.
fn of_driver<'a>(before: &str, inside: &'a str) -> Option<&'a str> {
    let (code, rest) = inside.split_once(']')?;
    let is_second = before.contains("SQLSTATE[") && before.ends_with("] ");
    if is_second && is_number(code, 4..=4) {
        return Some(code);
    }
    let is_first =
        before.is_empty() || before.ends_with([']', '\'', '"']) || before.ends_with(": ");
    let has_letter = code.contains(|c: char| c.is_ascii_uppercase());
    // A process could have this number.
    let is_by_driver = || {
        let driver = rest.trim_start().strip_prefix('[');
        driver.is_some_and(|driver| driver.contains("]["))
    };
    let is_code = is_first && is_sql_state(code);
    (is_code && (has_letter || code.starts_with("08") || is_by_driver())).then_some(code)
}

/// What a server of mail, files or pages answers: `550 5.1.1 <a@example.com>: unknown`, `503 Service Unavailable`.
fn of_reply(said: &str) -> Option<&str> {
    let (code, rest) = (said.get(..3)?, said.get(3..)?);
    if !is_number(code, 3..=3) || !code.starts_with(['4', '5']) {
        return None;
    }
    let text = rest.strip_prefix([' ', '-'])?;
    if let Some(of_mail) = of_mail(text) {
        return said.get(..4 + of_mail.len());
    }
    let is_word = text.starts_with(|c: char| c.is_ascii_uppercase());
    (is_word && code::is_reply(code)).then_some(code)
}

/// `5.1.1`
fn of_mail(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let code = &text[..end.unwrap_or(text.len())];
    let mut parts = code.split('.');
    let is_failure = matches!(parts.next(), Some("4" | "5"));
    let is_code =
        is_failure && parts.clone().count() == 2 && parts.all(|part| is_number(part, 1..=3));
    is_code.then_some(code)
}

/// A number with SQL's code: `1045 (28000): Access denied`.
fn of_database(said: &str) -> Option<&str> {
    let (code, rest) = said.split_once(" (")?;
    let (state, _) = rest.split_once("):")?;
    let is_code = is_number(code, 4..=6) && is_sql_state(state);
    is_code.then(|| &said[..code.len() + 2 + state.len()])
}

/// `E11000 duplicate key`, but not the level and the day of `E1130 13:00:00.123456`.
fn of_letter_e<'a>(before: &str, said: &'a str) -> Option<&'a str> {
    let end = said.find([' ', ':'])?;
    let (code, rest) = said.split_at(end);
    let is_time = rest.trim_start().starts_with(|c: char| c.is_ascii_digit());
    let is_first = before.is_empty() || before.ends_with("rror: ");
    let is_code = is_first && !is_time && is_number(code.strip_prefix('E')?, 4..=5);
    is_code.then_some(code)
}

/// What compilers write behind `error`: `error TS2304: …`, `fatal error LNK1120: …`.
fn of_compiler(behind_error: &str) -> Option<&str> {
    let (code, _) = behind_error.split_once(':')?;
    let digits = code.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let letters = code.len() - digits.len();
    ((1..=7).contains(&letters) && is_number(digits, 3..=5)).then_some(code)
}

/// What systemd says of a code that it has no name for: `status=12/n/a`.
fn of_systemd(text: &str) -> Option<&str> {
    let (code, _) = text.split_once('/')?;
    is_number(code, 1..=3).then_some(code)
}

fn is_number(text: &str, digits: std::ops::RangeInclusive<usize>) -> bool {
    digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_sql_state(text: &str) -> bool {
    let is_of_class = CLASSES.iter().any(|class| text.starts_with(class));
    is_of_class && code::has_letters_of_sql(text) && is_number(&text[3..], 2..=2)
}
