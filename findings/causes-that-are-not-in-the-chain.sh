#!/usr/bin/env bash
# Guess: an `io::Error` that is the cause of an error is found by going along `source()` and asking each with `downcast_ref::<io::Error>()`.
# Seen: not where it was taken in by thiserror's or snafu's `transparent`, or by miette's `into_diagnostic()`, nor where it is held in an `Arc` or a `Box`;
# anyhow's `chain()` does not find it there, either. std does so itself: an error of one's own within `io::Error::other()` is not found. The `source()` of
# all these goes past the one that they hold, or is the `Arc`. It is found below a plain `#[source]`, in a `Box<dyn Error>`, and below `context()` of
# anyhow and eyre.
# Why it matters: "a timeout is tried again, all else calls somebody" never sees its timeout, once somebody has made the error cloneable with an
# `Arc`, or its variant transparent; the text of the message is the same as before. It is found by asking for `Arc<io::Error>`, by the type of the
# transparent one, and by `get_ref()` of an `io::Error`.
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'anyhow = "=1.0.105"' 'eyre = "=0.6.14"' 'miette = "=7.6.0"' 'snafu = "=0.8.9"' 'thiserror = "=2.0.21"' << 'RUST'
use std::error::Error;
use std::io;
use std::sync::Arc;

#[derive(Debug, thiserror::Error)]
#[error("load")]
struct Plain(#[source] io::Error);

#[derive(Debug, thiserror::Error)]
#[error("load")]
struct Dynamic(#[source] Box<dyn Error + Send + Sync>);

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Transparent(#[from] io::Error);

#[derive(Debug, thiserror::Error)]
#[error("load")]
struct InArc(#[source] Arc<io::Error>);

#[derive(Debug, thiserror::Error)]
#[error("load")]
struct InBox(#[source] Box<io::Error>);

#[derive(Debug, snafu::Snafu)]
#[snafu(transparent)]
struct Snafu {
    source: io::Error,
}

#[derive(Debug, thiserror::Error)]
#[error("the table is locked")]
struct Own;

fn timeout() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

fn along(error: &(dyn Error + 'static), is: fn(&(dyn Error + 'static)) -> bool) -> bool {
    is(error) || error.source().is_some_and(|cause| along(cause, is))
}

fn say(title: &str, found: bool) {
    println!("{title}: {}", if found { "found" } else { "not found" });
}

fn main() {
    let along_it = |error: &(dyn Error + 'static)| along(error, |error| error.is::<io::Error>());
    let taken_in = miette::IntoDiagnostic::into_diagnostic(Err::<(), _>(timeout())).unwrap_err();
    say("#[source]", along_it(&Plain(timeout())));
    say("Box<dyn Error>", along_it(&Dynamic(timeout().into())));
    say("anyhow, context", anyhow::Error::new(timeout()).context("load").chain().any(|error| error.is::<io::Error>()));
    say("eyre, wrap_err", eyre::Report::new(timeout()).wrap_err("load").chain().any(|error| error.is::<io::Error>()));
    say("thiserror, transparent", along_it(&Transparent(timeout())));
    say("snafu, transparent", along_it(&Snafu { source: timeout() }));
    say("miette, into_diagnostic", along_it(taken_in.as_ref()));
    say("Arc", along_it(&InArc(timeout().into())));
    say("Box", along_it(&InBox(timeout().into())));
    let transparent = anyhow::Error::new(Transparent(timeout())).context("load");
    say("anyhow, transparent", transparent.chain().any(|error| error.is::<io::Error>()));
    let shared = anyhow::Error::new(Arc::new(timeout())).context("load");
    say("anyhow, Arc", shared.chain().any(|error| error.is::<io::Error>()));
    say("an own error in io::Error::other", along(&io::Error::other(Own), |error| error.is::<Own>()));
    say("Arc, asked for Arc", along(&InArc(timeout().into()), |error| error.is::<Arc<io::Error>>()));
    say("get_ref", io::Error::other(Own).get_ref().is_some_and(|error| error.is::<Own>()));
}
RUST
expect '#[source]: found
Box<dyn Error>: found
anyhow, context: found
eyre, wrap_err: found
thiserror, transparent: not found
snafu, transparent: not found
miette, into_diagnostic: not found
Arc: not found
Box: not found
anyhow, transparent: not found
anyhow, Arc: not found
an own error in io::Error::other: not found
Arc, asked for Arc: found
get_ref: found' "$("$work/program")"
