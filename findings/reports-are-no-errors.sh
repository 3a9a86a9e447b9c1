#!/usr/bin/env bash
# Guess: an error library's report is a `std::error::Error`, or at least prints its causes with `{:#}`,
# as anyhow's does.
# Seen: of eight only n0-error's is an `Error`. `{:#}` gives the cause in seven, but not in exn, which
# shows it in `Debug` alone; rootcause and eros give it in `{}` as well.
# Why it matters: code that walks `source()` for the root cause does not compile, and where
# only `{}` is printed the alert reads "load failed" without "disk full".
set -euo pipefail
. "$(dirname "$0")/common.bash"

crates 'anyhow = "=1.0.105"' 'eyre = "=0.6.14"' 'miette = "=7.6.0"' 'error-stack = "=0.8.0"' 'exn = "=0.3.1"' \
    'rootcause = "=0.13.0"' 'eros = "=0.8.1"' 'n0-error = "=1.0.1"' << 'RUST'
use std::fmt::Display;
use std::io::Error as Disk;
use std::marker::PhantomData;

struct Is<T>(PhantomData<T>);
trait Otherwise {
    const ERROR: bool = false;
}
impl<T> Otherwise for Is<T> {}
impl<T: std::error::Error> Is<T> {
    const ERROR: bool = true;
}

#[derive(Debug)]
struct Load;
impl Display for Load {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("load failed")
    }
}
impl std::error::Error for Load {}

fn show(name: &str, is_error: bool, report: impl Display) {
    let has = |text: String| if text.contains("disk full") { "cause" } else { "no cause" };
    println!("{name}: Error {is_error}, {{}} {}, {{:#}} {}", has(format!("{report}")), has(format!("{report:#}")));
}

fn disk() -> Disk {
    Disk::other("disk full")
}

fn main() {
    show("anyhow", Is::<anyhow::Error>::ERROR, anyhow::Error::new(disk()).context("load failed"));
    show("eyre", Is::<eyre::Report>::ERROR, eyre::Report::new(disk()).wrap_err("load failed"));
    let report = miette::IntoDiagnostic::into_diagnostic(Err::<(), _>(disk())).unwrap_err();
    show("miette", Is::<miette::Report>::ERROR, report.wrap_err("load failed"));
    show("error-stack", Is::<error_stack::Report<Load>>::ERROR, error_stack::Report::new(disk()).change_context(Load));
    let exn: Result<(), exn::Exn<Load>> = exn::ResultExt::or_raise(Err(disk()), || Load);
    show("exn", Is::<exn::Exn<Load>>::ERROR, exn.unwrap_err());
    let report = rootcause::Report::<Disk>::new(disk()).context("load failed");
    show("rootcause", Is::<rootcause::Report>::ERROR, report);
    let eros = eros::Context::context(Err::<(), _>(disk()), "load failed");
    show("eros", Is::<eros::ErrorUnion<(Disk,)>>::ERROR, eros.unwrap_err());
    show("n0-error", Is::<n0_error::AnyError>::ERROR, n0_error::AnyError::from_std(disk()).context("load failed"));
}
RUST
expect 'anyhow: Error false, {} no cause, {:#} cause
eyre: Error false, {} no cause, {:#} cause
miette: Error false, {} no cause, {:#} cause
error-stack: Error false, {} no cause, {:#} cause
exn: Error false, {} no cause, {:#} no cause
rootcause: Error false, {} cause, {:#} cause
eros: Error false, {} cause, {:#} cause
n0-error: Error true, {} no cause, {:#} cause' "$(timeout 30 "$work/program")"
