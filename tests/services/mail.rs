//! The rules for a letter that every server takes as it is, and no reader misreads.
//! <https://www.rfc-editor.org/rfc/rfc5322>, <https://www.rfc-editor.org/rfc/rfc2045>

use crate::{Problem, none_of};

/// Checks a letter whose lines end in a line feed.
///
/// # Errors
///
/// What is wrong with it.
pub fn check(letter: &str) -> Result<(), Problem> {
    if !letter.is_ascii() {
        return Err("it is not ASCII".to_owned());
    }
    if let Some(c) = letter
        .chars()
        .find(|c| c.is_control() && !"\n\t".contains(*c))
    {
        return Err(format!("it has a control character: {c:?}"));
    }
    if let Some(line) = letter.lines().find(|line| line.len() > 78) {
        return Err(format!("a line is too long: {line}"));
    }
    let is_dangerous = |line: &&str| line.starts_with('.') || line.starts_with("From ");
    if let Some(line) = letter.lines().find(is_dangerous) {
        return Err(format!("a line would be changed on its way: {line}"));
    }
    let (head, body) = letter.split_once("\n\n").ok_or("it has no body")?;
    check_head(head)?;
    let boundary = head
        .split_once("multipart/alternative;\n boundary=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(boundary, _)| boundary)
        .ok_or("it is not of two parts")?;
    let parts: Vec<_> = body.split(&format!("--{boundary}")).collect();
    let [before, plain, html, end] = *parts else {
        return Err(format!("it has {} parts", parts.len()));
    };
    if !before.is_empty() || end != "--\n" {
        return Err("something is outside of its parts".to_owned());
    }
    check_part(plain, "plain")?;
    check_html(&check_part(html, "html")?)
}

/// Returns what a letter says as plain text.
#[must_use]
pub fn plain_text(letter: &str) -> String {
    let part = letter.split("text/plain").nth(1).unwrap_or_default();
    let part = part.split("\n--=_").next().unwrap_or_default();
    check_part(&format!("\nContent-Type: text/plain{part}\n"), "plain").unwrap_or_default()
}

fn check_head(head: &str) -> Result<(), Problem> {
    let unfolded = head.replace("\n ", " ");
    let mut names = Vec::new();
    for line in unfolded.lines() {
        let (name, value) = line.split_once(": ").ok_or(format!("no field: {line}"))?;
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !is_name || value.trim().is_empty() {
            return Err(format!("no field: {line}"));
        }
        if names.contains(&name) {
            return Err(format!("{name}: twice"));
        }
        let is_id =
            value.starts_with('<') && value.ends_with('>') && value.matches('@').count() == 1;
        if ["Message-ID", "In-Reply-To", "References"].contains(&name)
            && (!is_id || value.contains(' ') || value.starts_with("<@"))
        {
            return Err(format!("{name}: no id: {value}"));
        }
        names.push(name);
    }
    for name in [
        "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version",
    ] {
        if !names.contains(&name) {
            return Err(format!("{name}: is missing"));
        }
    }
    Ok(())
}

/// Returns the text of a part.
fn check_part(part: &str, kind: &str) -> Result<String, Problem> {
    let head = format!(
        "\nContent-Type: text/{kind}; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
    );
    let body = part
        .strip_prefix(&*head)
        .ok_or(format!("{kind}: another head"))?;
    let body = body.strip_suffix('\n').unwrap_or(body);
    let mut bytes = Vec::new();
    let joined = body.replace("=\n", "");
    let mut pieces = joined.split('=');
    bytes.extend(pieces.next().unwrap_or_default().bytes());
    for piece in pieces {
        let code = piece
            .get(..2)
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(code.ok_or(format!("{kind}: no code: {piece}"))?);
        bytes.extend(piece[2..].bytes());
    }
    String::from_utf8(bytes).map_err(|_| format!("{kind}: not UTF-8"))
}

/// Checks that nothing in the page is loaded or run, and that every tag is one of ours.
fn check_html(page: &str) -> Result<(), Problem> {
    let live = [
        "<script", "<img", "<style", "<link", "src=", "url(", "javascript:",
    ];
    let tags: Vec<_> = page
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .collect();
    let ours = [
        "!DOCTYPE", "html", "head", "meta", "body", "div", "h1", "pre", "p", "table", "tr", "td",
        "a",
    ];
    for tag in tags {
        none_of(&format!("<{tag}"), "html", &live)?;
        let name = tag
            .trim_start_matches('/')
            .split(' ')
            .next()
            .unwrap_or_default();
        if !ours.contains(&name) {
            return Err(format!("html: a tag of another: {tag}"));
        }
        if let Some((_, url)) = tag.split_once("href=\"")
            && !url.starts_with("https://")
            && !url.starts_with("http://")
        {
            return Err(format!("html: an address of another kind: {tag}"));
        }
    }
    Ok(())
}

#[test]
fn a_letter_that_breaks_one_of_the_rules_is_refused() {
    let part = |kind: &str, text: &str| {
        format!(
            "--=_1\nContent-Type: text/{kind}; charset=utf-8\n\
             Content-Transfer-Encoding: quoted-printable\n\n{text}\n"
        )
    };
    let whole = format!(
        "To: a@example.com\nSubject: x\n y\nDate: Sun, 22 Nov 2026 13:04:12 +0000\nMessage-ID: <1@a>\n\
         Auto-Submitted: auto-generated\nMIME-Version: 1.0\n\
         Content-Type: multipart/alternative;\n boundary=\"=_1\"\n\n{}{}--=_1--\n",
        part("plain", "a =3D b"),
        part("html", "<p>c</p>"),
    );
    assert_eq!(check(&whole), Ok(()));
    assert_eq!(plain_text(&whole), "a = b");
    for (part, other) in [
        ("a =3D b", "é"),
        ("a =3D b", "a\r"),
        ("a =3D b", ".a"),
        ("a =3D b", "From a"),
        ("a =3D b", "a = b"),
        ("a =3D b", "=FF"),
        ("a =3D b", &"x".repeat(79)),
        ("Subject: x\n y", "Subject:"),
        ("Subject: x\n y\n", ""),
        ("Subject: x", "Subject: x\nSubject: x"),
        ("<1@a>", "1@a"),
        ("<1@a>", "<@a>"),
        ("Auto-Submitted", "Auto"),
        ("text/plain", "text/markdown"),
        ("<p>c</p>", "<img>"),
        ("<p>c</p>", "<b>c</b>"),
        ("<p>c</p>", "<a href=3D\"ftp://a\">c</a>"),
        ("--=_1--", "--=_2--"),
    ] {
        let broken = whole.replacen(part, other, 1);
        assert!(broken != whole && check(&broken).is_err(), "{broken}");
    }
}
