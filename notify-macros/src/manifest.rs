//! The name under which a crate depends on this library, as its manifest has it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const PACKAGE: &str = "pipeline-notify";

/// What a manifest says of this library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dependency {
    /// The name of its crate there.
    Named(String),
    /// It is no dependency.
    Missing,
    /// There is no manifest to read.
    Unknown,
}

/// Reads the manifest of the crate that is compiled.
pub(crate) fn dependency() -> Dependency {
    // An editor's server compiles many crates in one process.
    static LATEST: Mutex<Option<(PathBuf, Dependency)>> = Mutex::new(None);
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let in_folder = || Some(variable("CARGO_MANIFEST_DIR")?.join("Cargo.toml"));
    let Some(path) = variable("CARGO_MANIFEST_PATH").or_else(in_folder) else {
        return Dependency::Unknown;
    };
    let mut latest = LATEST.lock().unwrap_or_else(PoisonError::into_inner);
    match &*latest {
        Some((of, dependency)) if *of == path => dependency.clone(),
        _ => {
            let dependency = read(&path);
            *latest = Some((path, dependency.clone()));
            dependency
        }
    }
}

fn read(path: &Path) -> Dependency {
    match std::fs::read_to_string(path) {
        Ok(manifest) => find(&manifest).map_or(Dependency::Missing, Dependency::Named),
        Err(_) => Dependency::Unknown,
    }
}

/// Finds the name in a manifest; the package's own, where it is this library itself.
fn find(manifest: &str) -> Option<String> {
    let mut renamed = None;
    let mut table = "";
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            table = header.split(']').next().unwrap_or_default().trim();
            if table.contains("dependencies.") && last(table) == PACKAGE {
                return Some(krate(PACKAGE));
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let (key, value) = (key.trim(), value.replace([' ', '\t'], ""));
        let is_package = value.starts_with(&format!("\"{PACKAGE}\""));
        if table.ends_with("dependencies") {
            let name = bare(key.split('.').next().unwrap_or_default());
            if name == PACKAGE {
                return Some(krate(PACKAGE));
            }
            if value.contains(&format!("package=\"{PACKAGE}\""))
                || key.ends_with(".package") && is_package
            {
                renamed = Some(krate(name));
            }
        } else if key == "package" && is_package && table.contains("dependencies.") {
            renamed = Some(krate(last(table)));
        } else if key == "name" && is_package && table == "package" {
            return Some(krate(PACKAGE));
        }
    }
    renamed
}

fn last(table: &str) -> &str {
    bare(table.rsplit('.').next().unwrap_or_default())
}

fn bare(key: &str) -> &str {
    key.trim().trim_matches(['"', '\''])
}

fn krate(dependency: &str) -> String {
    dependency.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    // Issue 12, point 26.
    #[test]
    fn the_library_is_found_under_the_name_that_the_manifest_gives_it() {
        for (manifest, name) in [
            (
                "[dependencies]\npipeline-notify = \"0.1\"",
                Some("pipeline_notify"),
            ),
            (
                "[dependencies]\npipeline-notify.workspace = true",
                Some("pipeline_notify"),
            ),
            (
                "[dependencies.pipeline-notify]\npath = \"..\"",
                Some("pipeline_notify"),
            ),
            (
                "[target.'cfg(unix)'.dependencies]\n\"pipeline-notify\" = { path = \"..\" }",
                Some("pipeline_notify"),
            ),
            (
                "[package]\nname = \"pipeline-notify\"",
                Some("pipeline_notify"),
            ),
            (
                "[dependencies]\nmy-alerts = { version = \"0.1\", package = \"pipeline-notify\" }",
                Some("my_alerts"),
            ),
            (
                "[dependencies.alerts]\npath = \"..\"\npackage=\"pipeline-notify\"",
                Some("alerts"),
            ),
            (
                "[dependencies]\nalerts = { package = \"pipeline-notify\" }\n[dev-dependencies]\npipeline-notify = \"0.1\"",
                Some("pipeline_notify"),
            ),
            (
                "[package]\nname = \"shop\"\n[dependencies]\nfacade = \"1\"",
                None,
            ),
            ("[dependencies]\npipeline-notify-core = \"0.1\"", None),
            ("", None),
        ] {
            assert_eq!(find(manifest).as_deref(), name, "{manifest}");
        }
    }
}
