//! The arguments of `#[notify(…)]`, every rule that a user can break, and its message.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Error, Expr, ExprLit, ExprUnary, Ident, Lit, Path, Result, Token, Type, UnOp};

use crate::manifest::{self, Dependency};
use crate::schedule;

/// The arguments whose value is settled at a job's first run. Each is a method of the core's
/// `Arguments`: one more is one more line.
const SETTLED: &[(&str, Kind)] = &[
    ("channel", Kind::Channel),
    (
        "silent_seconds",
        Kind::Amount {
            may_be_never: false,
        },
    ),
    ("ok_silent_hours", Kind::Amount { may_be_never: true }),
    (
        "remind_hours",
        Kind::Amount {
            may_be_never: false,
        },
    ),
    (
        "overdue_minutes",
        Kind::Amount {
            may_be_never: false,
        },
    ),
    (
        "every_hours",
        Kind::Amount {
            may_be_never: false,
        },
    ),
    ("schedule", Kind::Schedule),
    ("timezone", Kind::Timezone),
    (
        "grace_minutes",
        Kind::Amount {
            may_be_never: false,
        },
    ),
    ("took_hours", Kind::Range),
    ("overlap", Kind::Switch),
    ("start", Kind::Switch),
    ("after", Kind::Count),
    ("flapping", Kind::Switch),
    ("mention", Kind::Mention),
    ("cancelled", Kind::Cancelled),
    ("runbook", Kind::Runbook),
    ("owner", Kind::Owner),
    ("rule", Kind::Rule),
    ("message", Kind::Message),
];

/// The other arguments.
const OTHERS: &[&str] = &["name", "errors", "when", "crate"];

/// What a value may be.
#[derive(Clone, Copy)]
enum Kind {
    /// The name of a channel, or none.
    Channel,
    /// A number or a `Duration`.
    Amount { may_be_never: bool },
    /// A line of a crontab.
    Schedule,
    /// The name of a time zone.
    Timezone,
    /// Two numbers or `Duration`s, or one of them.
    Range,
    /// A number of runs.
    Count,
    /// `true` or `false`.
    Switch,
    /// Whom Slack is to mention.
    Mention,
    /// `"keep"` or `"error"`
    Cancelled,
    /// The address of a page.
    Runbook,
    /// The name of a person or a team.
    Owner,
    /// A function that decides.
    Rule,
    /// A function that writes.
    Message,
}

/// What stands in the parentheses.
#[derive(Default)]
pub(crate) struct Args {
    settled: Vec<(Ident, TokenStream)>,
    name: Option<Expr>,
    errors: Option<(Ident, Vec<Type>)>,
    when: Option<(Ident, Expr)>,
    library: Option<Path>,
}

impl Parse for Args {
    fn parse(input: ParseStream) -> Result<Self> {
        let mut args = Self::default();
        let mut given: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            let Ok(key) = Ident::parse_any(input) else {
                let message = format!("an argument begins with its name: {}", list());
                return Err(input.error(message));
            };
            if given.contains(&key) {
                let message = format!("`{key}` is given twice: remove one");
                return Err(Error::new(key.span(), message));
            }
            args.argument(&key, input)?;
            given.push(key);
            if !input.is_empty() && input.parse::<Token![,]>().is_err() {
                return Err(input.error("arguments are separated by a comma"));
            }
        }
        let key = |name| given.iter().find(|key| *key == name);
        if let (Some(schedule), Some(_)) = (key("schedule"), key("every_hours")) {
            let message = "`schedule` and `every_hours` both say when it should run: remove one";
            return Err(Error::new(schedule.span(), message));
        }
        if let (Some(zone), None) = (key("timezone"), key("schedule")) {
            let message =
                "`timezone` is that of a `schedule`, and there is none: remove it, or add one";
            return Err(Error::new(zone.span(), message));
        }
        Ok(args)
    }
}

impl Args {
    fn argument(&mut self, key: &Ident, input: ParseStream) -> Result<()> {
        let name = key.to_string();
        if let Some((_, kind)) = SETTLED.iter().find(|(settled, _)| *settled == name) {
            let value = kind.check(key, value(key, input)?)?;
            self.settled.push((key.clone(), value));
            return Ok(());
        }
        match name.as_str() {
            "name" => {
                let value = value(key, input)?;
                check_name(&value)?;
                self.name = Some(value);
            }
            "errors" => self.errors = Some((key.clone(), types(key, input)?)),
            "when" => self.when = Some((key.clone(), filter(key, input)?)),
            "crate" => self.library = Some(library(key, input)?),
            _ => {
                let message = format!("unknown argument `{key}`: {}", list());
                return Err(Error::new(key.span(), message));
            }
        }
        Ok(())
    }

    /// Finds the library where no argument says where it is.
    pub(crate) fn find_library(&mut self) -> Result<()> {
        if self.library.is_some() {
            return Ok(());
        }
        match manifest::dependency() {
            Dependency::Named(name) if name != "pipeline_notify" => {
                let name = Ident::new(&name, Span::mixed_site());
                self.library = Some(syn::parse_quote!(::#name));
                Ok(())
            }
            Dependency::Named(_) | Dependency::Unknown => Ok(()),
            Dependency::Missing => Err(Error::new(
                Span::call_site(),
                "`pipeline-notify` is no dependency in this crate's Cargo.toml: say where it is found, \
                 `#[notify(crate = facade::pipeline_notify)]`, for example",
            )),
        }
    }

    /// The path of what the expansion calls.
    pub(crate) fn private(&self, span: Span) -> TokenStream {
        self.library.as_ref().map_or_else(
            || quote_spanned!(span=> ::pipeline_notify::__private),
            |library| quote_spanned!(span=> #library::__private),
        )
    }

    /// Hands the settled ones over to the core's `Site`.
    pub(crate) fn settled(&self, span: Span) -> Option<TokenStream> {
        if self.settled.is_empty() {
            return None;
        }
        let private = self.private(span);
        let calls = self.settled.iter().map(|(key, value)| {
            // Ours, so that a wrong type is shown at the value and not at the argument's name.
            let method = Ident::new(&key.to_string(), located_at(value.span()));
            quote!(.#method(|| #value))
        });
        Some(quote_spanned!(span=> .with(|| #private::Arguments::new() #(#calls)*)))
    }

    /// The expression of the run's name.
    pub(crate) fn name(&self) -> Option<&Expr> {
        self.name.as_ref()
    }

    /// Tells whether the user's code looks at errors: a filter, or a rule.
    pub(crate) fn looks_at_errors(&self) -> bool {
        self.when.is_some() || self.errors.is_some() || self.has_rule()
    }

    /// Tells whether a rule is to see the error itself.
    pub(crate) fn has_rule(&self) -> bool {
        self.settled.iter().any(|(key, _)| key == "rule")
    }

    /// The condition under which the error in `probe` is a failure.
    pub(crate) fn filter(&self, probe: &Ident) -> Option<TokenStream> {
        let when = self.when.as_ref().map(|(key, filter)| {
            let span = located_at(key.span());
            let private = self.private(span);
            let probe = Ident::new(&probe.to_string(), span);
            quote_spanned!(span=> #private::when(#private::error(&#probe), #filter))
        });
        let errors = self.errors.as_ref().map(|(key, types)| {
            let span = located_at(key.span());
            let private = self.private(span);
            let probe = Ident::new(&probe.to_string(), span);
            let beside = types.iter().map(|listed| {
                let span = located_at(listed.span());
                quote_spanned! {span=>
                    let __notify_found = __notify_found.__notify_beside::<#listed>().__notify_see();
                }
            });
            let any = types.iter().map(|listed| {
                // An error that cannot be seen is a fault of the whole list, and is reported once.
                let asked = quote_spanned! {span=>
                    #private::says_yes(&__notify_found, &__notify_error.downcast_ref::<#listed>())
                };
                let span = located_at(listed.span());
                let private = self.private(span);
                quote_spanned! {span=>
                    (&&#private::Listed::<#listed>::new()).__notify_is(&__notify_found) || #asked
                }
            });
            quote_spanned! {span=> {
                use #private::finds::*;
                let _ = #private::error(&#probe);
                let __notify_probe = #probe.__notify_bare().__notify_bare();
                let __notify_error = #private::error(&__notify_probe);
                let __notify_found = (&&&&&&__notify_probe).__notify_find();
                #(#beside)*
                #(#any)||*
            }}
        });
        match (when, errors) {
            (Some(when), Some(errors)) => Some(quote!(#when && #errors)),
            (when, errors) => when.or(errors),
        }
    }
}

/// A place that is shown as the user's, of code that is known as ours.
pub(crate) fn located_at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// Lists the arguments.
fn list() -> String {
    let settled = SETTLED.iter().map(|(name, _)| *name);
    let others = OTHERS.iter().copied();
    let names: Vec<String> = settled
        .chain(others)
        .map(|name| format!("`{name}`"))
        .collect();
    format!("`#[notify]` takes {}", names.join(", "))
}

fn value(key: &Ident, input: ParseStream) -> Result<Expr> {
    if input.parse::<Token![=]>().is_err() {
        let message = format!("`{key}` needs a value: write `{key} = …`");
        return Err(Error::new(key.span(), message));
    }
    if input.is_empty() || input.peek(Token![,]) {
        let message = format!("`{key}` needs a value after the `=`");
        return Err(Error::new(key.span(), message));
    }
    input.parse()
}

fn types(key: &Ident, input: ParseStream) -> Result<Vec<Type>> {
    let usage = |span| {
        Error::new(
            span,
            "write `errors(TypeA, TypeB)`: the types that count as failures",
        )
    };
    if !input.peek(syn::token::Paren) {
        return Err(usage(key.span()));
    }
    let content;
    syn::parenthesized!(content in input);
    let types = Punctuated::<Type, Token![,]>::parse_terminated(&content)?;
    if types.is_empty() {
        return Err(usage(key.span()));
    }
    Ok(types.into_iter().collect())
}

fn filter(key: &Ident, input: ParseStream) -> Result<Expr> {
    if !input.peek(Token![=]) {
        let message = "write `when = |error| …`, or `when = path::to::a_function`";
        return Err(Error::new(key.span(), message));
    }
    let filter = value(key, input)?;
    if let Expr::Lit(literal) = &filter {
        let message = "`when` takes a closure or the path of a function: it gets the error, and returns a `bool`";
        return Err(Error::new(literal.span(), message));
    }
    Ok(filter)
}

fn library(key: &Ident, input: ParseStream) -> Result<Path> {
    let usage = "write `crate = path`, without quotes: where `pipeline_notify` is found";
    match value(key, input)? {
        Expr::Path(path) if path.qself.is_none() => Ok(path.path),
        other => Err(Error::new_spanned(other, usage)),
    }
}

fn check_name(value: &Expr) -> Result<()> {
    match literal(value) {
        Some(Lit::Str(text)) if text.value().is_empty() => Err(Error::new(
            text.span(),
            "`name` is empty: write the job's name, or leave the argument out",
        )),
        None | Some(Lit::Str(_)) => Ok(()),
        Some(other) => Err(Error::new(
            other.span(),
            "`name` takes a text: write `name = \"…\"`, or an expression such as `format!(…)`",
        )),
    }
}

impl Kind {
    /// Checks what can be checked of a value before it is evaluated.
    fn check(self, key: &Ident, value: Expr) -> Result<TokenStream> {
        match self {
            Self::Channel => check_channel(key, &value)?,
            Self::Amount { may_be_never } => return check_amount(key, value, may_be_never),
            Self::Range => return check_range(key, value),
            Self::Count => return check_count(key, value),
            Self::Schedule => check_text(key, &value, "5 3 * * 1-5", schedule::check)?,
            Self::Timezone => check_text(key, &value, "Europe/Berlin", check_zone)?,
            Self::Switch => check_switch(key, &value)?,
            Self::Mention => check_mention(key, &value)?,
            Self::Cancelled => check_cancelled(key, &value)?,
            Self::Runbook => check_runbook(key, &value)?,
            Self::Owner => check_owner(key, &value)?,
            Self::Rule => check_function(key, &value, RULE)?,
            Self::Message => check_function(key, &value, MESSAGE)?,
        }
        Ok(value.into_token_stream())
    }
}

fn check_channel(key: &Ident, value: &Expr) -> Result<()> {
    let Some(literal) = literal(value) else {
        return Ok(());
    };
    let Lit::Str(text) = literal else {
        let message = format!("`{key}` takes a text: write `{key} = \"…\"`, or `{key} = None`");
        return Err(Error::new(literal.span(), message));
    };
    let is_fitting = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
    match text.value().chars().find(|char| !is_fitting(*char)) {
        Some(char) => {
            let char = char.escape_debug();
            let message = format!(
                "a channel's name has no `{char}`: only ASCII letters, digits, `-` and `_`"
            );
            Err(Error::new(text.span(), message))
        }
        None => Ok(()),
    }
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
        Some(other) => {
            let message =
                format!("`{key}` takes a number or a `Duration`: write `{key} = 60`, for example");
            Err(Error::new(other.span(), message))
        }
    }
}

/// Checks a text where it is written here.
fn check_text(
    key: &Ident,
    value: &Expr,
    example: &str,
    check: fn(&str) -> std::result::Result<(), String>,
) -> Result<()> {
    match literal(value) {
        None => Ok(()),
        Some(Lit::Str(text)) => check(&text.value())
            .map_err(|fault| Error::new(text.span(), format!("`{key}`: {fault}"))),
        Some(other) => {
            let message =
                format!("`{key}` takes a text: write `{key} = \"{example}\"`, for example");
            Err(Error::new(other.span(), message))
        }
    }
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
fn check_range(key: &Ident, value: Expr) -> Result<TokenStream> {
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

fn check_count(key: &Ident, value: Expr) -> Result<TokenStream> {
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

fn check_switch(key: &Ident, value: &Expr) -> Result<()> {
    match literal(value) {
        None | Some(Lit::Bool(_)) => Ok(()),
        Some(other) => {
            let message = format!("`{key}` is on or off: write `{key} = true`");
            Err(Error::new(other.span(), message))
        }
    }
}

fn check_cancelled(key: &Ident, value: &Expr) -> Result<()> {
    match literal(value) {
        None => Ok(()),
        Some(Lit::Str(text)) if ["keep", "error"].contains(&&*text.value()) => Ok(()),
        Some(other) => {
            let message = format!(
                "`{key}` takes `\"keep\"`, for which a cancelled run proves nothing, or `\"error\"`, the default"
            );
            Err(Error::new(other.span(), message))
        }
    }
}

/// As the core checks it at run time.
fn check_runbook(key: &Ident, value: &Expr) -> Result<()> {
    let Some(literal) = literal(value) else {
        return Ok(());
    };
    let example = format!("write `{key} = \"https://wiki.example.com/orders\"`, for example");
    let Lit::Str(text) = literal else {
        let message = format!("`{key}` takes the address of a page: {example}");
        return Err(Error::new(literal.span(), message));
    };
    match fault_of_url(text.value().trim()) {
        Some(fault) => Err(Error::new(
            text.span(),
            format!("`{key}` {fault}: {example}"),
        )),
        None => Ok(()),
    }
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

fn check_owner(key: &Ident, value: &Expr) -> Result<()> {
    match literal(value) {
        None | Some(Lit::Str(_)) => Ok(()),
        Some(other) => {
            let message =
                format!("`{key}` takes a text: write `{key} = \"team-data\"`, for example");
            Err(Error::new(other.span(), message))
        }
    }
}

/// What the function of `rule` gets and returns, and that of `message`.
const RULE: &str = "it gets an `&Occasion`, and returns a `Decision`";
const MESSAGE: &str = "it gets an `&Alert`, and returns a `Message`";

fn check_function(key: &Ident, value: &Expr, does: &str) -> Result<()> {
    match literal(value) {
        None => Ok(()),
        Some(literal) => {
            let message = format!("`{key}` takes a closure or the path of a function: {does}");
            Err(Error::new(literal.span(), message))
        }
    }
}

fn check_mention(key: &Ident, value: &Expr) -> Result<()> {
    let Some(literal) = literal(value) else {
        return Ok(());
    };
    let message = format!(
        "`{key}` takes the id of a user (`\"U123\"`) or of a group (`\"S123\"`), `\"@here\"` or `\"@channel\"`, \
         or several with spaces between them"
    );
    let Lit::Str(text) = literal else {
        return Err(Error::new(literal.span(), message));
    };
    if text.value().split_whitespace().all(is_mention) {
        Ok(())
    } else {
        Err(Error::new(text.span(), message))
    }
}

/// As the core checks it at run time.
fn is_mention(word: &str) -> bool {
    let is_id = word.starts_with(['U', 'W', 'S'])
        && word.len() > 1
        && word
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_id || ["@here", "@channel", "@everyone"].contains(&word)
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
