//! The arguments of `#[notify(…)]`, every rule about them that a user can break, and its message.

mod value;

use std::path::PathBuf;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Error, Expr, Ident, Path, Result, Token, Type};

use crate::manifest::{self, Dependency};
use value::{Check, check_name};

/// The arguments whose value is settled at a job's first run, each with an example of a value and its check. Each is a
/// method of the core's `Arguments`: one more is one more line.
const SETTLED: &[(&str, &str, Check)] = &[
    ("channel", "\"data-alerts\"", value::channel),
    ("silent_seconds", "60", value::amount),
    ("ok_silent_hours", "24", value::amount_or_never),
    ("remind_hours", "60", value::amount),
    ("overdue_minutes", "60", value::amount),
    ("every_hours", "60", value::amount),
    ("schedule", "\"5 3 * * 1-5\"", value::schedule),
    ("timezone", "\"Europe/Berlin\"", value::timezone),
    ("grace_minutes", "60", value::amount),
    ("took_hours", "0.5..4.0", value::range),
    ("overlap", "true", value::switch),
    ("start", "true", value::switch),
    ("after", "3", value::count),
    ("flapping", "true", value::switch),
    ("mention", "\"U123\"", value::mention),
    ("cancelled", "\"keep\"", value::cancelled),
    (
        "runbook",
        "\"https://wiki.example.com/orders\"",
        value::runbook,
    ),
    ("owner", "\"team-data\"", value::owner),
    ("rule", "path::to::a_function", value::rule),
    ("message", "path::to::a_function", value::message),
];

const OTHERS: &[&str] = &["name", "errors", "when", "crate"];

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
        let settled = SETTLED.iter().find(|(settled, ..)| *settled == name);
        if let Some((_, example, check)) = settled {
            let value = check(key, value(key, input, example)?, example)?;
            self.settled.push((key.clone(), value));
            return Ok(());
        }
        match name.as_str() {
            "name" => {
                let value = value(key, input, "\"load\"")?;
                check_name(value.clone())?;
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

    /// Returns whether the user's code looks at errors: a filter, or a rule.
    pub(crate) fn looks_at_errors(&self) -> bool {
        self.when.is_some() || self.errors.is_some() || self.has_rule()
    }

    /// Returns whether a rule is to see the error itself.
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

/// Line, column and file.
pub(crate) fn place(span: Span) -> (usize, usize, Option<PathBuf>) {
    let span = span.unwrap();
    (span.line(), span.column(), span.local_file())
}

fn list() -> String {
    let settled = SETTLED.iter().map(|(name, ..)| *name);
    let others = OTHERS.iter().copied();
    let names: Vec<String> = settled
        .chain(others)
        .map(|name| format!("`{name}`"))
        .collect();
    format!("`#[notify]` takes {}", names.join(", "))
}

fn value(key: &Ident, input: ParseStream, example: &str) -> Result<Expr> {
    let has_equals = input.parse::<Token![=]>().is_ok();
    if !has_equals || input.is_empty() || input.peek(Token![,]) {
        let message = format!("`{key}` needs a value: write `{key} = {example}`, for example");
        return Err(Error::new(key.span(), message));
    }
    let written = input.fork();
    input.parse().map_err(|error| {
        // What ends too soon has no place of its own, and would be shown at the whole attribute.
        if place(error.span()) != place(Span::call_site()) {
            return error;
        }
        let written: TokenStream = written.parse().unwrap_or_default();
        let message = format!("this value is not complete: write `{key} = {example}`, for example");
        Error::new_spanned(written, message)
    })
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
    let types = Punctuated::<Type, Token![,]>::parse_terminated(&content);
    let types = types.map_err(|error| usage(error.span()))?;
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
    let filter = value(key, input, "|error| …")?;
    if let Expr::Lit(literal) = &filter {
        let message = "`when` takes a closure or the path of a function: it gets the error, and returns a `bool`";
        return Err(Error::new(literal.span(), message));
    }
    Ok(filter)
}

fn library(key: &Ident, input: ParseStream) -> Result<Path> {
    let usage = "write `crate = path`, without quotes: where `pipeline_notify` is found";
    match value(key, input, "path")? {
        Expr::Path(path) if path.qself.is_none() => Ok(path.path),
        other => Err(Error::new_spanned(other, usage)),
    }
}
