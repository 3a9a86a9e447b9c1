//! What a user reads after a mistake: one message, at the right place, and the item is kept.
//!
//! The messages are those of one compiler, and so run on that one alone.

use std::collections::BTreeSet;
use std::env::consts::DLL_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whose messages these are.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn each_mistake_has_one_message() {
    let version = rustc().arg("--version").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    if !version.starts_with(COMPILER) {
        println!("skipped: the messages are those of {COMPILER}, and this is {version}");
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.compile_fail("*.rs");
    // Those of a body, without the attribute.
    cases.compile_fail("plain/*.rs");
}

#[test]
fn the_errors_of_a_body_are_those_that_it_has_without_the_attribute() {
    let plain = fs::read_dir("plain").unwrap().map(Result::unwrap);
    let names = plain.map(|entry| entry.file_name().into_string().unwrap());
    let names: Vec<_> = names.filter(|name| name.ends_with(".stderr")).collect();
    assert_eq!(names.len(), 4, "syntax, types, borrows and names");
    for name in names {
        let with = errors(&fs::read_to_string(&name).unwrap());
        let without = errors(&fs::read_to_string(format!("plain/{name}")).unwrap());
        assert!(!with.is_empty());
        assert_eq!(with, without, "{name}");
    }
}

/// Each error, and where it is: what the compiler says of it may depend on whether the body is a
/// function's or a closure's. (Of a parameter of an `async fn` that was moved it leaves out the name.)
fn errors(messages: &str) -> BTreeSet<(String, String)> {
    let mut lines = messages.lines();
    let mut errors = BTreeSet::new();
    while let Some(line) = lines.next() {
        if line.starts_with("error") {
            let place = lines.next().unwrap_or_default();
            let place = place.rsplit_once(".rs:").map_or("", |(_, place)| place);
            let error = line.split_once("]: ").map_or(line, |(code, _)| code);
            errors.insert((error.to_owned(), place.to_owned()));
        }
    }
    errors
}

/// The library of the attribute, which was built for this test.
fn attribute() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let here = program.parent().unwrap();
    // Where the build is for another target than this host, the attribute is not.
    let profile = here.parent().unwrap().file_name().unwrap();
    let of_host = here.join("../../..").join(profile).join("deps");
    let entries = [here, &of_host]
        .into_iter()
        .filter_map(|folder| fs::read_dir(folder).ok());
    let files = entries.flatten().map(|entry| entry.unwrap().path());
    let built = files.filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.contains("notify_macros-") && name.ends_with(DLL_SUFFIX)
    });
    let latest = built.max_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    latest.expect("the attribute is built")
}

fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// Compiles a source file of a package with this manifest, and returns the errors.
fn compile(folder: &Path, kind: &str, manifest: &str, name: &str, source: &str) -> String {
    compile_as_of("2024", folder, kind, manifest, name, source)
}

/// The same, of an edition.
fn compile_as_of(
    edition: &str,
    folder: &Path,
    kind: &str,
    manifest: &str,
    name: &str,
    source: &str,
) -> String {
    let source_file = folder.join(format!("{name}.rs"));
    fs::write(&source_file, source).unwrap();
    let manifest_file = folder.join("Cargo.toml");
    fs::write(&manifest_file, manifest).unwrap();
    let mut compiler = rustc();
    compiler
        .args(["--edition", edition, "--crate-type", kind, "--extern"])
        .arg(format!("facade={}", attribute().display()))
        .arg("-L")
        .arg(folder)
        .arg("--out-dir")
        .arg(folder)
        .arg(&source_file)
        .env("CARGO_MANIFEST_DIR", folder)
        .env("CARGO_MANIFEST_PATH", &manifest_file);
    match kind {
        "proc-macro" => compiler.args(["--extern", "proc_macro"]),
        _ => compiler.arg("--emit=metadata"),
    };
    let output = compiler.output().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("notify-ui-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

// Issue 12, point 26.
#[test]
fn a_library_that_is_no_dependency_is_one_error_that_says_where_to_name_it() {
    let folder = folder("missing");
    let manifest = "[package]\nname = \"shop\"\n[dependencies]\nfacade = \"1\"\n";
    let source = "#[facade::notify]\npub fn load() {}\npub fn call() { load() }\n";
    let errors = compile(&folder, "lib", manifest, "shop", source);
    fs::remove_dir_all(&folder).unwrap();
    for part in [
        "crate = facade::pipeline_notify",
        "shop.rs:1:1",
        "due to 1 previous error",
    ] {
        assert!(errors.contains(part), "{errors}");
    }
}

#[test]
fn a_mistake_is_named_in_edition_2015_too() {
    let folder = folder("edition-2015");
    let source =
        "extern crate facade;\n#[facade::notify(crate = none, chanel = \"x\")]\npub fn load() {}\n";
    let errors = compile_as_of("2015", &folder, "lib", "", "shop", source);
    fs::remove_dir_all(&folder).unwrap();
    for part in [
        "unknown argument `chanel`",
        "shop.rs:2:32",
        "due to 1 previous error",
    ] {
        assert!(errors.contains(part), "{errors}");
    }
}

/// As `rocket::launch` does, and as a macro that makes all in one place.
const LAUNCHER: &str = r##"
use proc_macro::{TokenStream, TokenTree};

#[proc_macro_attribute]
pub fn launch(_: TokenStream, item: TokenStream) -> TokenStream {
    let body = item.clone().into_iter().last().unwrap();
    let allow: TokenStream = "#[allow(dead_code)]".parse().unwrap();
    let at_body = allow.into_iter().map(|mut tree: TokenTree| {
        tree.set_span(body.span());
        tree
    });
    let main: TokenStream = "pub fn main_of_all()".parse().unwrap();
    at_body.chain(item).chain(main).chain([body.clone()]).collect()
}

#[proc_macro]
pub fn make(_: TokenStream) -> TokenStream {
    "#[allow(dead_code)] #[facade::notify(crate = none)] pub fn made() {}".parse().unwrap()
}
"##;

// Issue 12, point 17.
#[test]
fn a_body_that_another_attribute_runs_as_a_copy_is_an_error_and_one_that_a_macro_made_is_none() {
    let folder = folder("copied");
    let errors = compile(&folder, "proc-macro", "", "launcher", LAUNCHER);
    assert_eq!(errors, "");
    let copied = |source: &str| {
        let errors = compile(&folder, "lib", "", "job", source);
        errors.contains("runs a copy of this function's body")
    };
    let below = "extern crate launcher;\n#[launcher::launch]\n#[facade::notify(crate = none)]\npub fn load() { }\n";
    assert!(copied(below));
    assert!(!copied("extern crate launcher;\nlauncher::make!();\n"));
    assert!(!copied(
        "#[allow(dead_code)]\n#[facade::notify(crate = none)]\nfn load() { }\n"
    ));
    fs::remove_dir_all(&folder).unwrap();
}
