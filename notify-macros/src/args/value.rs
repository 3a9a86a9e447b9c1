//! The values of arguments: what can be checked of them before they are evaluated.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, Expr, ExprLit, ExprUnary, Ident, Lit, Result, UnOp};

use crate::schedule;

/// Checks what can be checked of a value before it is evaluated, and writes it; of an argument by its name, with an
/// example of a value.
pub(super) type Check = fn(&Ident, Expr, &str) -> Result<TokenStream>;

/// Gives a `None` its type: that of a text, for what may be left out is one.
fn typed(value: Expr) -> TokenStream {
    match &value {
        Expr::Path(path) if path.path.is_ident("None") => {
            quote_spanned!(value.span()=> #value::<&'static str>)
        }
        _ => value.into_token_stream(),
    }
}

/// Checks a text that is written here, for what an expression comes to is not known yet; `usage` is said of what is no
/// text.
fn check_written(
    value: Expr,
    usage: &str,
    check: impl FnOnce(&str) -> std::result::Result<(), String>,
) -> Result<TokenStream> {
    match literal(&value) {
        None => {}
        Some(Lit::Str(text)) => {
            check(&text.value()).map_err(|fault| Error::new(text.span(), fault))?;
        }
        Some(other) => return Err(Error::new(other.span(), usage)),
    }
    Ok(typed(value))
}

pub(super) fn channel(key: &Ident, value: Expr, _: &str) -> Result<TokenStream> {
    let usage = format!("`{key}` takes a text: write `{key} = \"…\"`, or `{key} = None`");
    check_written(value, &usage, |text| {
        let is_fitting = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
        let Some(char) = text.chars().find(|char| !is_fitting(*char)) else {
            return Ok(());
        };
        let char = char.escape_debug();
        let mut fault =
            format!("a channel's name has no `{char}`: only ASCII letters, digits, `-` and `_`");
        if text.contains("://") {
            fault += "; a webhook goes into a variable, such as `SLACK_ALERTS_WEBHOOK_URL`";
        }
        Err(fault)
    })
}

pub(super) fn amount(key: &Ident, value: Expr, _: &str) -> Result<TokenStream> {
    check_amount(key, value, false)
}

pub(super) fn amount_or_never(key: &Ident, value: Expr, _: &str) -> Result<TokenStream> {
    check_amount(key, value, true)
}

fn check_amount(key: &Ident, value: Expr, may_be_never: bool) -> Result<TokenStream> {
    if let Expr::Unary(ExprUnary {
        op: UnOp::Neg(_),
        expr,
        ..
    }) = &value
        && is_number(expr)
    {
        let message = format!("`{key}` cannot be negative");
        return Err(Error::new_spanned(&value, message));
    }
    if let Expr::Path(path) = &value
        && let Some(last) = path.path.segments.last()
    {
        if may_be_never && last.ident == "never" {
            return Err(Error::new_spanned(&value, takes_amount(key, may_be_never)));
        }
        if last.ident == "NAN" {
            let message = format!("`{key}` must be a number");
            return Err(Error::new_spanned(&value, message));
        }
        if !may_be_never && last.ident == "INFINITY" {
            let message = format!("`{key}` must be finite: only `ok_silent_hours` may be infinite");
            return Err(Error::new_spanned(&value, message));
        }
    }
    match literal(&value) {
        // With a type of its own: a number without one would be a finding of a strict lint.
        Some(Lit::Int(number)) if number.suffix().is_empty() => {
            Ok(suffixed(number.base10_parse()?, number.span()))
        }
        Some(Lit::Float(number)) if number.suffix().is_empty() => {
            Ok(suffixed(number.base10_parse()?, number.span()))
        }
        None | Some(Lit::Int(_) | Lit::Float(_)) => Ok(value.into_token_stream()),
        Some(other) => Err(Error::new(other.span(), takes_amount(key, may_be_never))),
    }
}

fn takes_amount(key: &Ident, may_be_never: bool) -> String {
    let example = if may_be_never {
        "24`, for example, or `f64::INFINITY` for never"
    } else {
        "60`, for example"
    };
    format!("`{key}` takes a number or a `Duration`: write `{key} = {example}")
}

fn check_text(
    key: &Ident,
    value: Expr,
    example: &str,
    check: fn(&str) -> std::result::Result<(), String>,
) -> Result<TokenStream> {
    let usage = format!("`{key}` takes a text: write `{key} = {example}`, for example");
    check_written(value, &usage, |text| {
        check(text).map_err(|fault| format!("`{key}`: {fault}"))
    })
}

pub(super) fn schedule(key: &Ident, value: Expr, example: &str) -> Result<TokenStream> {
    check_text(key, value, example, schedule::check)
}

pub(super) fn timezone(key: &Ident, value: Expr, example: &str) -> Result<TokenStream> {
    check_text(key, value, example, check_zone)
}

pub(super) fn owner(key: &Ident, value: Expr, example: &str) -> Result<TokenStream> {
    check_text(key, value, example, |_| Ok(()))
}

/// Checks the characters alone: which zones there are those know who look at the job.
fn check_zone(name: &str) -> std::result::Result<(), String> {
    let is_fitting = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
    if !name.is_empty() && name.bytes().all(is_fitting) {
        return Ok(());
    }
    Err(format!(
        "`{name}` is no name of a time zone, such as `Europe/Berlin` or `UTC`"
    ))
}

/// Checks the ends of a range, which are amounts.
pub(super) fn range(key: &Ident, value: Expr, _: &str) -> Result<TokenStream> {
    let usage = format!("write `{key} = 0.5..4.0`, `{key} = ..4.0` or `{key} = 0.5..`");
    let Expr::Range(range) = value else {
        return match literal(&value) {
            Some(literal) => {
                let message = format!("`{key}` takes a range: {usage}");
                Err(Error::new(literal.span(), message))
            }
            None => Ok(value.into_token_stream()),
        };
    };
    if range.start.is_none() && range.end.is_none() {
        let message = format!("`{key}` needs one end at least: {usage}");
        return Err(Error::new_spanned(range, message));
    }
    let number = |end: &Option<Box<Expr>>| match literal(end.as_deref()?) {
        Some(Lit::Int(number)) => number.base10_parse::<f64>().ok(),
        Some(Lit::Float(number)) => number.base10_parse::<f64>().ok(),
        _ => None,
    };
    if let (Some(start), Some(end)) = (number(&range.start), number(&range.end))
        && start >= end
    {
        let message = format!("`{key}` begins with the smaller number: {usage}");
        return Err(Error::new_spanned(range, message));
    }
    let end = |end: Option<Box<Expr>>| {
        let checked = end.map(|end| match literal(&end) {
            None | Some(Lit::Int(_) | Lit::Float(_)) => check_amount(key, *end, false),
            Some(other) => {
                let message = format!("`{key}` takes a range of numbers or `Duration`s: {usage}");
                Err(Error::new(other.span(), message))
            }
        });
        checked.transpose()
    };
    let (start, limits, end) = (end(range.start)?, range.limits, end(range.end)?);
    Ok(quote!(#start #limits #end))
}

pub(super) fn count(key: &Ident, value: Expr, _: &str) -> Result<TokenStream> {
    let message =
        format!("`{key}` takes a number of runs from 1 up: write `{key} = 3`, for example");
    match literal(&value) {
        Some(Lit::Int(number)) if number.base10_parse::<u64>().is_ok_and(|count| count == 0) => {
            Err(Error::new(number.span(), message))
        }
        // With a type of its own, as for an amount.
        Some(Lit::Int(number)) if number.suffix().is_empty() => {
            let mut literal = Literal::u64_suffixed(number.base10_parse()?);
            literal.set_span(number.span());
            Ok(literal.to_token_stream())
        }
        None if matches!(&value, Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) if is_number(expr)) => {
            Err(Error::new_spanned(value, message))
        }
        None | Some(Lit::Int(_)) => Ok(value.into_token_stream()),
        Some(other) => Err(Error::new(other.span(), message)),
    }
}

pub(super) fn switch(key: &Ident, value: Expr, _: &str) -> Result<TokenStream> {
    match literal(&value) {
        None | Some(Lit::Bool(_)) => Ok(typed(value)),
        Some(other) => {
            let message = format!("`{key}` is on or off: write `{key} = true`");
            Err(Error::new(other.span(), message))
        }
    }
}

pub(super) fn cancelled(key: &Ident, value: Expr, _: &str) -> Result<TokenStream> {
    let usage = format!(
        "`{key}` takes `\"keep\"`, for which a cancelled run proves nothing, or `\"error\"`, the default"
    );
    check_written(value, &usage, |text| match text {
        "keep" | "error" => Ok(()),
        _ => Err(usage.clone()),
    })
}

/// As the core checks it at run time.
pub(super) fn runbook(key: &Ident, value: Expr, example: &str) -> Result<TokenStream> {
    let example = format!("write `{key} = {example}`, for example");
    let usage = format!("`{key}` takes the address of a page: {example}");
    check_written(value, &usage, |text| {
        let fault = fault_of_url(text.trim());
        fault.map_or(Ok(()), |fault| Err(format!("`{key}` {fault}: {example}")))
    })
}

/// Says what is wrong with the address of a page.
fn fault_of_url(url: &str) -> Option<&'static str> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| {
        let head = url.get(..scheme.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    });
    let Some(rest) = scheme.map(|scheme| &url[scheme.len()..]) else {
        return Some("must begin with `https://` or `http://`");
    };
    let is_of_a_url =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    if url.len() > 2_000 {
        Some("is longer than 2,000 bytes")
    } else if !url.bytes().all(is_of_a_url) {
        Some("has a character that no URL has, which is written as `%20`, say")
    } else if authority.contains('@') {
        Some("must have no user and no password before the host, for everybody can read it")
    } else if authority.is_empty() || authority.starts_with(':') {
        Some("has no host")
    } else {
        None
    }
}

pub(super) fn rule(key: &Ident, value: Expr, _: &str) -> Result<TokenStream> {
    check_function(
        key,
        value,
        "it gets an `&Occasion`, and returns a `Decision`",
    )
}

pub(super) fn message(key: &Ident, value: Expr, _: &str) -> Result<TokenStream> {
    check_function(key, value, "it gets an `&Alert`, and returns a `Message`")
}

fn check_function(key: &Ident, value: Expr, does: &str) -> Result<TokenStream> {
    match literal(&value) {
        None => Ok(typed(value)),
        Some(literal) => {
            let message = format!("`{key}` takes a closure or the path of a function: {does}");
            Err(Error::new(literal.span(), message))
        }
    }
}

pub(super) fn mention(key: &Ident, value: Expr, _: &str) -> Result<TokenStream> {
    let usage = format!(
        "`{key}` takes `\"@here\"`, `\"@channel\"`, the id of a user of Slack (`\"U123\"`) or of a group (`\"S123\"`), \
         of Discord (`\"123456789012345678\"`), a name of Telegram (`\"@anna_k\"`) or of Teams (`\"anna@example.com\"`), \
         or several with spaces between them"
    );
    check_written(value, &usage, |text| {
        if text.split_whitespace().all(is_mention) {
            Ok(())
        } else {
            Err(usage.clone())
        }
    })
}

/// As the core checks it at run time: whom Slack knows, or Discord, Telegram or Teams.
fn is_mention(word: &str) -> bool {
    let is_of = |text: &str, signs: &[u8]| {
        let mut bytes = text.bytes();
        !text.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || signs.contains(&byte))
    };
    match word.split_once('@') {
        Some(("", name)) => {
            let is_of_telegram = (5..=32).contains(&name.len()) && is_of(name, b"_");
            is_of_telegram || ["here", "channel", "everyone"].contains(&name)
        }
        Some((user, domain)) => {
            let [is_user, is_domain] = [user, domain].map(|part| is_of(part, b"._-+'"));
            is_user && is_domain && domain.contains('.')
        }
        None => {
            let is_of_slack = word.len() > 1
                && word.starts_with(['U', 'W', 'S'])
                && is_of(word, b"")
                && !word.contains(char::is_lowercase);
            let number = word.strip_prefix('&').unwrap_or(word);
            let is_digit = |byte: u8| byte.is_ascii_digit();
            let is_of_discord = (15..=20).contains(&number.len()) && number.bytes().all(is_digit);
            let is_of_teams =
                word.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && is_of(word, b"-");
            is_of_slack || is_of_discord || is_of_teams
        }
    }
}

fn suffixed(number: f64, span: Span) -> TokenStream {
    let mut literal = Literal::f64_suffixed(number);
    literal.set_span(span);
    literal.to_token_stream()
}

fn literal(value: &Expr) -> Option<&Lit> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        Expr::Group(group) => literal(&group.expr),
        Expr::Paren(paren) => literal(&paren.expr),
        _ => None,
    }
}

fn is_number(value: &Expr) -> bool {
    matches!(literal(value), Some(Lit::Int(_) | Lit::Float(_)))
}

pub(super) fn check_name(value: Expr) -> Result<TokenStream> {
    let usage = "`name` takes a text: write `name = \"…\"`, or an expression such as `format!(…)`";
    check_written(value, usage, |text| match text {
        "" => Err("`name` is empty: write the job's name, or leave the argument out".to_owned()),
        _ => Ok(()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_mentioned_whom_the_documentation_names() {
        for word in [
            "U123",
            "S0AB",
            "@here",
            "@everyone",
            "123456789012345678",
            "&123456789012345678",
            "@anna_k",
            "anna@example.com",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
        ] {
            assert!(is_mention(word), "{word}");
        }
        for word in [
            "anna", "u123", "U123,U456", "@a b", "#ops", "anna@host", "1234",
        ] {
            assert!(!is_mention(word), "{word}");
        }
    }
}
