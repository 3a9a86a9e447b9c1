//! The order of the rooms: a folder of `src` uses only those below it, and no two files use each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, from the ground up: each imports only from those before it.
const FLOORS: [&str; 14] = [
    "error", "format", "os", "status", "message", "rules", "job", "state", "notifier", "settings",
    "dispatch", "runs", "monitor", "attribute",
];

/// `lib.rs` may use every room, and tests may, too.
const OUTSIDE: [&str; 3] = ["lib", "testing", "tests"];

/// A room is kept to a size that can be read at a sitting.
const MOST_FOLDERS: usize = 16;

/// A file of the crate: its module path, and the module paths that it imports.
struct File {
    module: String,
    imports: BTreeSet<String>,
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Returns a file's module path, such as `state::local`.
fn module_of(path: &Path) -> String {
    let path = path.strip_prefix(sources()).unwrap().with_extension("");
    let parts: Vec<_> = path.iter().map(|part| part.to_str().unwrap()).collect();
    let parts = parts.strip_suffix(&["mod"]).unwrap_or(&parts);
    parts.join("::")
}

/// Returns what stands before the file's own tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap()
}

/// Returns the paths that follow `crate::` in code.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            let end = rest.find(|letter: char| !letter.is_alphanumeric() && !"_:".contains(letter));
            rest[..end.unwrap_or(rest.len())].trim_end_matches(':')
        })
}

fn files() -> Vec<File> {
    let paths_of_files = rust_files(&sources());
    let modules: BTreeSet<String> = paths_of_files.iter().map(|path| module_of(path)).collect();
    let module_in = |path: &str| {
        let ends = path.match_indices("::").map(|(end, _)| end);
        let prefixes = ends.chain([path.len()]).map(|end| &path[..end]);
        prefixes
            .filter(|prefix| modules.contains(*prefix))
            .last()
            .map(str::to_owned)
    };
    let is_test = |module: &str| module.split("::").any(|part| part == "tests");
    paths_of_files
        .iter()
        .map(|path| (module_of(path), fs::read_to_string(path).unwrap()))
        .filter(|(module, _)| !is_test(module) && !OUTSIDE.contains(&&**module))
        .map(|(module, text)| File {
            imports: paths(without_tests(&text)).filter_map(module_in).collect(),
            module,
        })
        .collect()
}

fn room(module: &str) -> &str {
    module.split("::").next().unwrap()
}

fn floor(room: &str) -> usize {
    let floor = FLOORS.iter().position(|name| *name == room);
    floor.unwrap_or_else(|| panic!("the room `{room}` is not in FLOORS: give it a floor"))
}

#[test]
fn a_room_imports_only_from_the_rooms_below_it() {
    let mut upwards = Vec::new();
    for file in files() {
        for import in &file.imports {
            if !OUTSIDE.contains(&room(import)) && floor(room(import)) > floor(room(&file.module)) {
                upwards.push(format!("{} imports {import}", file.module));
            }
        }
    }
    assert!(upwards.is_empty(), "imports upwards: {upwards:#?}");
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let files = files();
    // A module and its children are one room: it declares them, and they use what it holds.
    let is_family =
        |a: &str, b: &str| a.starts_with(&format!("{b}::")) || b.starts_with(&format!("{a}::"));
    let mut open: BTreeMap<&str, Vec<&str>> = files
        .iter()
        .map(|file| {
            let imports = file.imports.iter().map(String::as_str);
            let imports =
                imports.filter(|import| *import != file.module && !is_family(&file.module, import));
            (&*file.module, imports.collect())
        })
        .collect();
    // What imports nothing that is left is in no circle.
    loop {
        let done: Vec<&str> = open
            .iter()
            .filter(|(_, imports)| !imports.iter().any(|import| open.contains_key(import)))
            .map(|(module, _)| *module)
            .collect();
        if done.is_empty() {
            break;
        }
        for module in &done {
            open.remove(module);
        }
    }
    // Of what is left, what nothing left imports only leads to a circle.
    loop {
        let used: BTreeSet<&str> = open.values().flatten().copied().collect();
        let before = open.len();
        open.retain(|module, _| used.contains(module));
        if open.len() == before {
            break;
        }
    }
    let keys: BTreeSet<&str> = open.keys().copied().collect();
    let circle: Vec<String> = open
        .iter()
        .flat_map(|(module, imports)| {
            let inside = imports.iter().filter(|import| keys.contains(**import));
            inside.map(move |import| format!("{module} imports {import}"))
        })
        .collect();
    assert!(circle.is_empty(), "a circle of imports: {circle:#?}");
}

#[test]
fn the_house_has_few_rooms() {
    let rooms: BTreeSet<String> = fs::read_dir(sources())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert!(rooms.len() <= MOST_FOLDERS, "{rooms:?}");
}

/// Issue 13, point 2: whoever runs foreign code asks one file to, which also sees to a payload that panics.
#[test]
fn panics_are_caught_in_one_place() {
    let catches = rust_files(&sources()).into_iter().filter(|path| {
        let text = fs::read_to_string(path).unwrap();
        let code = without_tests(&text).lines();
        code.filter(|line| !line.trim_start().starts_with("//"))
            .any(|line| line.contains("catch_unwind("))
    });
    let catches: Vec<_> = catches.map(|path| module_of(&path)).collect();
    assert_eq!(catches, ["os::isolate"]);
}
