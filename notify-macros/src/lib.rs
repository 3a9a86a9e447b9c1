//! The `#[notify]` attribute; its documentation is written here and read in `pipeline-notify`.

// Programs may print and give up; a library may not.
#![warn(
    clippy::expect_used, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used
)]

mod args;
mod expand;
mod expectations;
mod function;
mod manifest;
mod schedule;

use proc_macro::TokenStream;
use proc_macro2::TokenTree;
use syn::parse::Parser as _;

/// Reports each run of the function: a status file for anyone to read, and alerts when it fails.
///
/// ```
/// use pipeline_notify::notify;
///
/// #[notify(channel = "data-alerts", silent_seconds = 60)]
/// fn load(text: &str) -> Result<u64, std::num::ParseIntError> {
///     text.parse()
/// }
///
/// // To its callers the function is what it was.
/// assert_eq!(load("7"), Ok(7));
/// assert!(load("seven").is_err());
/// ```
///
/// # What is recorded
///
/// | the function returns | recorded |
/// |---|---|
/// | `()`, `T`, `Option<T>` | `OK`; `None` too |
/// | `Result<T, E>`, under any name (`io::Result`, `anyhow::Result`) | `ERROR` for `Err` |
/// | `ExitCode`, `Result<ExitCode, E>` | `ERROR` for a code other than `SUCCESS` |
/// | `Ok(Err(_))`, `Some(Err(_))` | `OK`: only the outer result counts |
/// | `impl Termination` | by its exit code |
/// | in `main`, a `Termination` type of your own, or any type below another attribute | by the exit code of the process, at its end |
/// | `impl Trait`, any other | `OK`, because the type is hidden |
/// | `Result<impl Trait, impl Error>` | as a `Result` |
/// | `!` | only a panic ends it |
/// | `async fn`, `impl Future<Output = T>` | what the *future* comes to, as above |
/// | `Pin<Box<dyn Future<Output = T> + …>>`, under any name, and what `async_trait` makes of a function | what the future comes to |
/// | another type of future | a compile error, because it could not be followed |
/// | a panic, in all of them | `ERROR`, with message, place, and backtrace if `RUST_BACKTRACE` asks for one |
/// | a future that is dropped unfinished | `ERROR`, cancelled; inside another run, or with `cancelled = "keep"`, a note in the status file |
/// | `main` ends with 0 while it goes on in another thread, or its future waits | the same, cut short; of `main` it is `OK` |
/// | a future that is never polled | nothing |
///
/// The text of an error is as much as its type can say: for an [`Error`](std::error::Error), for
/// `Box<dyn Error>`, `anyhow::Error` and `eyre::Report` its text, then its causes, then the backtrace
/// that it carries, each cause once; else its long `Display` (`{:#}`), its `Debug`, or the name of its type. Reports
/// that are no `Error` (`miette`, `error-stack`, `exn`) show their causes so, too. In a generic function the bounds
/// decide which. Where a text says no more than that another thread has panicked (`join().unwrap()`,
/// `thread::scope`), what that thread panicked with, and where, is added.
///
/// # Arguments
///
/// | argument | default | meaning |
/// |---|---|---|
/// | `errors(TypeA, TypeB)` | every error | only these make the run an `ERROR`. Each is looked for as the error itself, in a `Box`, an `Arc`, `anyhow::Error` or `eyre::Report` and their contexts, and along the causes. What an error of thiserror or snafu holds that is `transparent` is no cause of it: list that one's own type. An error that cannot be searched (a `Vec`, a `String` that is not listed, `Box<dyn AppError>`, a report that may wrap what it holds, as `miette`'s) is a compile error: use `when` |
/// | `when = \|error\| …`, or a path | every error | only an error for which this is true makes the run an `ERROR`. It gets a reference to the error, and cannot use the parameters, which are gone by then |
/// | `channel` | `"alerts"` | where alerts go: a `&str`, `String`, or `Option` of one; `""` and `None` send none |
/// | `silent_seconds` | `1.0` | the same status within this time sends nothing |
/// | `ok_silent_hours` | `0.99` | `OK` again is sent after this; `f64::INFINITY` is never |
/// | `remind_hours` | `0.99` | while it fails, an alert is sent at least this often |
/// | `overdue_minutes` | never | a run that takes longer sends one alert while it goes on, and one at its end |
/// | `after` | `1` | an alert is sent at the N-th failed run in a row. If the job still fails, it is sent once it is older than the larger of `silent_seconds` and `remind_hours` |
/// | `flapping` | `false` | a job whose status keeps changing sends alerts that say so |
/// | `mention` | nobody | whom the alert of a failure mentions: `"U123"`, `"S123"`, `"@here"` in Slack, or several with spaces between them; docs/destinations.md has those of Discord, Teams and Telegram |
/// | `cancelled` | `"error"` | what a run proves whose future is dropped unfinished, or that the end of `main` cuts short: `"keep"`, for a task that is stopped at each deploy, leaves the status as it is but for a line `cancelled:`, and nothing is sent |
/// | `every_hours` | not said | how often the job is meant to run, for those who look at the status file |
/// | `schedule` | not said | when the job is meant to run, as a line of a crontab says it: `"5 3 * * 1-5"`, `"@daily"`. Not together with `every_hours` |
/// | `timezone` | the host's | the time zone of the schedule: `"Europe/Berlin"` |
/// | `grace_minutes` | a tenth of the time between two runs, or an hour if that is more | how late a run may begin, for those who look; it wins over theirs |
/// | `took_hours` | not said | how long a run should take: a range such as `0.5..4.0`, `..4.0` or `0.5..`, of numbers or `Duration`s. A run that works and ends sooner or later is sent as a remark; the status stays `OK` |
/// | `overlap` | `true` | `false`: a run that begins while another outermost run of the same job goes on is sent as a remark |
/// | `start` | `false` | `true`: the beginning of each run is sent, too, for runs of hours; what they say with `progress` is in `status` and in the alert of one that is overdue |
/// | `runbook` | none | the address of a page that says what to do, `https` or `http` without a user: a button or a link in the alert |
/// | `owner` | nobody | whose job it is: `"team-data"` |
/// | `rule` | the built-in rules | a function, or a closure, that says which runs are sent, why and where: it gets an `&Occasion` and returns a `Decision`; see `Config::rule`. The type of the function's error must borrow nothing, as for `errors` |
/// | `message` | as the library writes it | a function, or a closure, that writes into the alert of each run's end: it gets an `&Alert` and returns a `Message`; see `Config::message` |
/// | `name` | from the code | the job's name. It may use the parameters, and is evaluated at each run: `name = format!("load.{table}")` |
/// | `crate = path` | by the manifest | where this library is found, for those who re-export it; a dependency under another name is found by itself |
///
/// Numbers may be of any type, or a [`Duration`](std::time::Duration). All but `name` are evaluated once, at
/// the job's first run, as if they stood beside the function: without its parameters, `self` and type
/// parameters. One that panics or is not valid is a warning, and the default is used. With
/// both filters an error must pass both. An error that is passed over leaves the status `OK`, is named in
/// it, and is a warning in the log, if there is a logger; a panic is never passed over. An error type that hides what
/// it holds, also from [`Error::source`](std::error::Error::source), hides it from `errors`, too.
///
/// ```
/// use std::io;
/// use std::time::Duration;
///
/// use pipeline_notify::notify;
///
/// #[notify(
///     name = format!("read.{path}"),
///     when = |error| error.kind() != io::ErrorKind::NotFound,
///     remind_hours = Duration::from_secs(30 * 60),
/// )]
/// async fn read(path: &str) -> io::Result<String> {
///     std::fs::read_to_string(path)
/// }
/// # let _ = read("");
/// ```
///
/// # What changes, and what does not
///
/// Signature, visibility, documentation, `Send`, `?`, early `return`, unwinding, the order in which
/// arguments are dropped, and the compiler's errors are those of the function without the attribute. These few
/// things are not:
///
/// - In a `#[track_caller]` function `Location::caller()` is a place in the expansion.
/// - Each level of recursion takes more of the stack. Backtraces have more frames; those in alerts and status files
///   leave ours and the runtime's out.
/// - The future of an `async fn` is some 40 bytes larger, and may hold its arguments once more.
/// - A returned future (not an `async fn`) is boxed once more. Futures in futures reach the compiler's
///   recursion limit at about half the depth.
/// - Lints that look at a whole function do not see through it: rustc's `unconditional_recursion`, and of clippy
///   `needless_return`, `ptr_arg`, `needless_lifetimes`, `only_used_in_recursion`, `redundant_locals`,
///   `manual_async_fn`, and some of the pedantic ones (`unnecessary_wraps`, `unused_async`,
///   `needless_pass_by_value`, `missing_const_for_fn`, `elidable_lifetime_names`). An `#[expect]` of one of them on the
///   function becomes an `#[allow]`. One is added: `clippy::result_large_err`, of a trait's method in an `impl` whose error
///   is large, for our closure returns it, too. An `#[allow]` on the method holds for both.
/// - A parameter `_` is shown as `__notify_0` in the documentation, unless it is a reference. What `..` leaves of
///   a parameter, a `_` inside a struct's pattern, and what a `ref` refers to, is dropped after all other arguments.
/// - The closure that an `async fn` returns as `impl Fn(&str) -> u8` needs the types of its parameters: `|text: &str| …`.
/// - A debugger's `break load` stops at the attribute's line; `break file:line` is exact.
/// - `const fn` cannot be annotated, nor a function without a body, nor anything else than a function.
///
/// Beside other attributes the order counts: `docs/attributes.md` in the repository has a table of them.
#[proc_macro_attribute]
pub fn notify(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = syn::parse::<function::Function>(item.clone()).and_then(|function| {
        let mut args = syn::parse::<args::Args>(arguments)?;
        args.find_library()?;
        expand::expand(&args, &function)
    });
    match expanded {
        Ok(expanded) => expanded.into(),
        Err(error) => {
            // With the item as it was: without it each use of it would be an error too.
            let mut tokens = once(item);
            tokens.extend(TokenStream::from(message(error)));
            tokens
        }
    }
}

/// Writes an error at its place. Without the `::core` of syn, which in edition 2015 would be a module of the user's.
fn message(error: syn::Error) -> proc_macro2::TokenStream {
    let is_path = |tree: &TokenTree| match tree {
        TokenTree::Ident(name) => name == "core",
        TokenTree::Punct(punct) => punct.as_char() == ':',
        _ => false,
    };
    let tokens = error.into_compile_error().into_iter();
    tokens.filter(|tree| !is_path(tree)).collect()
}

/// Takes further `#[notify]` off an item, so that a mistake is reported once.
fn once(item: TokenStream) -> TokenStream {
    let strip = |input: syn::parse::ParseStream| {
        let mut attributes = input.call(syn::Attribute::parse_outer)?;
        attributes.retain(|attribute| !function::is_notify(attribute));
        let rest: proc_macro2::TokenStream = input.parse()?;
        Ok(quote::quote!(#(#attributes)* #rest).into())
    };
    strip.parse(item.clone()).unwrap_or(item)
}
