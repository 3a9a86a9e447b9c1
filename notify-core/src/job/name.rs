//! The name of a job, and the file name that it makes.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher13};

use crate::format::{percent, text};
use crate::job::Site;

/// The item that the expansion nests in the annotated function. In its type name the function's path stands before
/// this.
const NESTED: &str = "::__NOTIFY_SITE";

/// The longest file name that the common file systems hold, in bytes.
const MAX_FILE_NAME_BYTES: usize = 255;

/// Returns the job's name: `crate.module.Type.Trait.function`, or with `package.binary` in the
/// crate's place.
pub(crate) fn of(site: &Site) -> String {
    let mut parts = parts((site.type_name)(), site.module);
    if let (Some(program), Some(first)) = (site.program, parts.first_mut()) {
        *first = program.join(".");
    }
    parts.join(".").replace("::", ".")
}

/// Returns where the job is, for people: `module :: function`, as `etl::load :: run`.
pub(crate) fn location(site: &Site) -> String {
    let mut parts = parts((site.type_name)(), site.module);
    let function = parts.pop().unwrap_or_default();
    format!("{} :: {function}", parts.join("::"))
}

/// The longest name that a person may mean, in bytes: an alert that holds more than its queue takes is nobody's.
const MAX_NAME_BYTES: usize = 1024;

/// Returns a name that is not made from the code, and may be anything; one that is too long ends in `%-` and a hash.
pub(crate) fn bounded(name: String) -> String {
    if name.len() <= MAX_NAME_BYTES {
        name
    } else {
        cut(&name, &name, MAX_NAME_BYTES)
    }
}

/// Cuts what a name became to so many bytes, and tells it from others by a hash of the name.
fn cut(name: &str, became: &str, limit: usize) -> String {
    let mut hasher = SipHasher13::new();
    hasher.write(name.as_bytes());
    let hash = format!("%-{:032x}", hasher.finish128().as_u128());
    text::first_bytes(became, limit - hash.len()).to_owned() + &hash
}

/// Returns the file name of a job: the name itself where it is an ordinary one, and never the same
/// for two.
///
/// Each byte that is no letter, digit, `.`, `_`, `-`, `+`, `=`, `@` or `,` becomes `%` and two hexadecimal digits,
/// as does a leading dot. A name too long ends in `%-` and a hash, which no other name holds.
pub(crate) fn file_name(job: &str) -> Cow<'_, str> {
    let is_ordinary = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+=@,".contains(&byte);
    if (1..=MAX_FILE_NAME_BYTES).contains(&job.len())
        && !job.starts_with('.')
        && job.bytes().all(is_ordinary)
    {
        return Cow::Borrowed(job);
    }
    let mut name = String::with_capacity(job.len());
    for (index, char) in job.char_indices() {
        let is_ordinary = match char {
            '.' => index > 0,
            '_' | '-' | '+' | '=' | '@' | ',' => true,
            _ => char.is_alphanumeric(),
        };
        if is_ordinary {
            name.push(char);
        } else {
            for byte in char.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(name, "%{byte:02X}");
            }
        }
    }
    if name.is_empty() {
        return Cow::Borrowed("%");
    }
    if name.len() > MAX_FILE_NAME_BYTES {
        name = cut(job, &name, MAX_FILE_NAME_BYTES);
    }
    Cow::Owned(name)
}

/// Undoes [`file_name`]; `None` where the name was cut, or was never made by it.
pub(crate) fn job_name(file: &str) -> Option<String> {
    if file == "%" {
        return Some(String::new());
    }
    percent::is_sound(file).then(|| String::from_utf8(percent::bytes(file)).ok())?
}

/// Takes a type name apart into crate, modules, types, trait and functions.
///
/// Compilers differ in how they write lifetimes and type parameters, and the standard library moves
/// its items about: none of that is kept.
fn parts(type_name: &str, module: &str) -> Vec<String> {
    let path = type_name
        .rfind(NESTED)
        .map_or(type_name, |end| &type_name[..end]);
    let segments: Vec<&str> = split(path, "::")
        .into_iter()
        .filter(|segment| !segment.starts_with('{'))
        .collect();
    let of_impl = |inner: &str| {
        // `<impl Trait for Type>`, `<impl Type>`, `<Type as Trait>`
        match inner.strip_prefix("impl ") {
            Some(inner) => match split(inner, " for ")[..] {
                [of_trait, of_type] => implementation(of_type, Some(of_trait), module),
                _ => implementation(inner, None, module),
            },
            None => match split(inner, " as ")[..] {
                [of_type, of_trait] => implementation(of_type, Some(of_trait), module),
                _ => implementation(inner, None, module),
            },
        }
    };
    let inner = |segment: &str| {
        let inner = segment.strip_prefix('<')?.strip_suffix('>')?;
        Some(of_impl(inner))
    };
    let mut parts = Vec::new();
    for segment in segments {
        match inner(segment) {
            Some(implementation) => parts = implementation,
            None => parts.push(plain(segment, module)),
        }
    }
    parts
}

/// Names the type of an `impl` block, and its trait.
fn implementation(of_type: &str, of_trait: Option<&str>, module: &str) -> Vec<String> {
    let (head, arguments) = of_type.split_at(of_type.find('<').unwrap_or(of_type.len()));
    let is_path = head.chars().all(is_path_char);
    let krate = module.split("::").next().unwrap_or(module);
    let is_local = is_path && head.split("::").next() == Some(krate) && head.contains("::");
    let mut parts: Vec<String>;
    let home = if is_local {
        parts = head.split("::").map(str::to_owned).collect();
        let home = head.rsplit_once("::").map_or(head, |(home, _)| home);
        if let Some(last) = parts.last_mut() {
            *last += &plain(arguments, home);
        }
        home
    } else {
        parts = module.split("::").map(str::to_owned).collect();
        parts.push(plain(of_type, module));
        module
    };
    parts.extend(of_trait.map(|of_trait| plain(of_trait, home)));
    parts
}

/// Writes a type without lifetimes and parameters, its paths as seen from `module`.
fn plain(of_type: &str, module: &str) -> String {
    let mut text = String::new();
    let mut rest = of_type;
    while let Some(char) = rest.chars().next() {
        if char == '\'' {
            rest = rest[1..].trim_start_matches(|char: char| char.is_alphanumeric() || char == '_');
            rest = rest.strip_prefix(' ').unwrap_or(rest);
        } else if is_path_char(char) {
            let end = rest.find(|char| !is_path_char(char)).unwrap_or(rest.len());
            text += &from(&rest[..end], module);
            rest = &rest[end..];
        } else if char == '<' {
            let end = closing(rest);
            let kept: Vec<String> = split(&rest[1..end], ",")
                .into_iter()
                .map(str::trim)
                .filter(|argument| !is_parameter(argument))
                .map(|argument| plain(argument, module))
                .collect();
            if !kept.is_empty() {
                let _ = write!(text, "<{}>", kept.join(","));
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        } else {
            text.push(char);
            rest = &rest[char.len_utf8()..];
        }
    }
    text
}

/// Writes a path as seen from `module`.
fn from(path: &str, module: &str) -> String {
    let segments: Vec<&str> = path.split("::").collect();
    let hidden = match segments[..] {
        // Two traits have this name, and one type may well implement both.
        ["std" | "core" | "alloc", .., _, "Write"] => segments.len() - 2,
        ["std" | "core" | "alloc", ..] => segments.len() - 1,
        _ => {
            let shared = segments.iter().zip(module.split("::"));
            let shared = shared.take_while(|(own, other)| *own == other).count();
            shared.min(segments.len() - 1)
        }
    };
    segments[hidden..].join("::")
}

/// Distinguishes a lifetime or a parameter from an argument that distinguishes one `impl` from another.
fn is_parameter(argument: &str) -> bool {
    const BUILT_IN: [&str; 19] = [
        "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32",
        "i64", "i128", "isize", "f32", "f64", "true", "false",
    ];
    let is_word = |char: char| char.is_alphanumeric() || char == '_';
    argument.is_empty()
        || argument.starts_with('\'')
        || argument.chars().all(is_word)
            && !argument.starts_with(|char: char| char.is_ascii_digit())
            && !BUILT_IN.contains(&argument)
}

fn is_path_char(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | ':' | '#')
}

/// Splits where the separator stands outside of all brackets.
fn split<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut depth = 0_usize;
    let mut before = ' ';
    for (index, char) in text.char_indices() {
        if depth == 0 && index >= start && text[index..].starts_with(separator) {
            pieces.push(&text[start..index]);
            start = index + separator.len();
        }
        depth = after(depth, before, char);
        before = char;
    }
    pieces.push(&text[start..]);
    pieces
}

/// Finds the end of the brackets that `text` begins with.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    let mut before = ' ';
    for (index, char) in text.char_indices() {
        depth = after(depth, before, char);
        if depth == 0 {
            return index;
        }
        before = char;
    }
    text.len()
}

fn after(depth: usize, before: char, char: char) -> usize {
    match char {
        '<' | '(' | '[' | '{' => depth + 1,
        // The arrow of a function's type closes nothing.
        '>' if before == '-' => depth,
        '>' | ')' | ']' | '}' => depth.saturating_sub(1),
        _ => depth,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What compilers say of a function (1.95 and a nightly after it), and the job's name.
    const GOLDEN: &[(&str, &str)] = &[
        ("a::m::f", "a.m.f"),
        ("a::m::f::inner", "a.m.f.inner"),
        ("a::m::f::{{closure}}", "a.m.f"),
        ("a::m::f::{{closure}}::inner", "a.m.f.inner"),
        ("a::m::S::f", "a.m.S.f"),
        ("a::m::G<_>::f", "a.m.G.f"),
        ("a::m::G<T>::f", "a.m.G.f"),
        ("a::m::G<i32>::f", "a.m.G<i32>.f"),
        ("a::m::P<'_, _>::f", "a.m.P.f"),
        ("a::m::P<_>::f", "a.m.P.f"),
        ("a::m::N<K>::f", "a.m.N.f"),
        ("a::m::N<3>::f", "a.m.N<3>.f"),
        ("<a::m::S as a::m::Tr>::f", "a.m.S.Tr.f"),
        ("<a::m::S as a::Tr>::f", "a.m.S.Tr.f"),
        ("<a::m::S as a::other::Tr>::f", "a.m.S.other.Tr.f"),
        ("<a::m::G<_> as a::m::Tr>::f", "a.m.G.Tr.f"),
        ("<a::m::P<'_, _> as a::m::Tr>::f", "a.m.P.Tr.f"),
        ("<a::m::P<'_> as a::m::Tr>::f", "a.m.P.Tr.f"),
        ("<a::m::P as a::m::Tr>::f", "a.m.P.Tr.f"),
        ("<u32 as a::m::Tr>::f", "a.m.u32.Tr.f"),
        ("<_ as a::m::Tr>::f", "a.m._.Tr.f"),
        ("<&_ as a::m::Tr>::f", "a.m.&_.Tr.f"),
        ("<[_] as a::m::Tr>::f", "a.m.[_].Tr.f"),
        ("<[u8; 4] as a::m::Tr>::f", "a.m.[u8; 4].Tr.f"),
        ("<alloc::vec::Vec<u8> as a::m::Tr>::f", "a.m.Vec<u8>.Tr.f"),
        ("<serde::S as a::m::Tr>::f", "a.m.serde.S.Tr.f"),
        (
            "<fn(&'_ str) -> u8 as a::m::Tr>::f",
            "a.m.fn(&str) -> u8.Tr.f",
        ),
        ("<fn(&str) -> u8 as a::m::Tr>::f", "a.m.fn(&str) -> u8.Tr.f"),
        (
            "<dyn core::ops::function::Fn(u8) -> u8 as a::m::Tr>::f",
            "a.m.dyn Fn(u8) -> u8.Tr.f",
        ),
        (
            "<a::m::G<u8> as core::convert::From<a::m::S>>::from",
            "a.m.G<u8>.From<S>.from",
        ),
        (
            "<a::m::S as core::convert::From<core::option::Option<_>>>::from",
            "a.m.S.From<Option>.from",
        ),
        (
            "<a::m::S as core::iter::traits::iterator::Iterator>::next",
            "a.m.S.Iterator.next",
        ),
        (
            "<a::m::S as core::fmt::Write>::write_str",
            "a.m.S.fmt.Write.write_str",
        ),
        ("<a::m::S as std::io::Write>::write", "a.m.S.io.Write.write"),
        ("a::m::<impl a::S>::f", "a.S.f"),
        ("a::m::<impl a::G<_>>::f", "a.G.f"),
        ("a::m::<impl a::Tr for a::S>::f", "a.S.Tr.f"),
        ("<a::m::f::Local as a::m::Tr>::g", "a.m.f.Local.Tr.g"),
        ("a::m::Tr::provided", "a.m.Tr.provided"),
        ("a::m::match", "a.m.match"),
    ];

    #[test]
    fn names_are_the_same_on_every_compiler() {
        for (type_name, name) in GOLDEN {
            let nested = format!("{type_name}::__NOTIFY_SITE::__NotifyAt");
            assert_eq!(
                parts(&nested, "a::m").join(".").replace("::", "."),
                *name,
                "{type_name}"
            );
        }
    }

    #[test]
    fn an_ordinary_name_is_its_file_name() {
        for name in ["etl.load.run", "a-b_c.D9", "größe.läuft", "a,b=c+d@host"] {
            assert_eq!(file_name(name), name);
        }
    }

    #[test]
    fn other_names_are_made_safe() {
        assert_eq!(file_name(""), "%");
        assert_eq!(file_name(".."), "%2E.");
        assert_eq!(file_name("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd");
        assert_eq!(file_name("a b\0%\n"), "a%20b%00%25%0A");
        assert_eq!(file_name("m.G<i32>.f"), "m.G%3Ci32%3E.f");
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let (one, other) = ("x".repeat(300) + "1", "x".repeat(300) + "2");
        assert_eq!(file_name(&one).len(), MAX_FILE_NAME_BYTES);
        assert_ne!(file_name(&one), file_name(&other));
        assert_eq!(
            &file_name(&one)[MAX_FILE_NAME_BYTES - 34..],
            "%-a0d1ed42b081fad1b24fc02f2d3c61c4",
            "the same on every compiler"
        );
    }

    #[test]
    fn a_name_that_no_queue_would_take_is_cut_and_stays_another() {
        let long = |end: char| format!("{}{end}", "ä".repeat(5_000_000));
        let [one, other] = ['1', '2'].map(|end| bounded(long(end)));
        assert!(
            one.len() <= MAX_NAME_BYTES && one.starts_with("äää"),
            "{one}"
        );
        assert_ne!(one, other);
        assert_eq!(one, bounded(long('1')));
        let most = "x".repeat(MAX_NAME_BYTES);
        assert_eq!(bounded(most.clone()), most);
    }

    proptest! {
        #[test]
        fn two_names_never_make_one_file_name(job in "(?s).{0,20}") {
            // What can be undone is the same for no two.
            prop_assert_eq!(job_name(&file_name(&job)), Some(job));
        }

        #[test]
        fn no_name_leaves_the_directory(job in "(?s)[./\\\\\0a%é]{0,400}") {
            let file = file_name(&job);
            prop_assert!(!file.is_empty() && file.len() <= MAX_FILE_NAME_BYTES);
            prop_assert!(!file.starts_with('.') && !file.contains(['/', '\\', '\0']));
            prop_assert_eq!(std::path::Path::new(&*file).components().count(), 1);
        }
    }
}
