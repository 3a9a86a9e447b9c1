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
    let Ok(manifest) = std::fs::read_to_string(path) else {
        return Dependency::Unknown;
    };
    match find(&manifest).or_else(|| inherited(&manifest, path)) {
        Some(name) => Dependency::Named(name),
        // It is there, in a way that is not understood here.
        None if manifest.contains(PACKAGE) => Dependency::Unknown,
        None => Dependency::Missing,
    }
}

/// Finds the name that the workspace gives it, where the package takes it from there.
fn inherited(manifest: &str, path: &Path) -> Option<String> {
    let folders = path.parent()?.ancestors().skip(1);
    let manifests =
        folders.filter_map(|folder| std::fs::read_to_string(folder.join("Cargo.toml")).ok());
    let mut roots = manifests.filter(|manifest| manifest.contains("[workspace"));
    let name = find(&roots.next()?)?;
    is_inherited(&name, manifest).then_some(name)
}

fn is_inherited(name: &str, manifest: &str) -> bool {
    let mut lines = manifest.lines().map(|line| line.replace([' ', '\t'], ""));
    let is_of_it = |key: &str| krate(bare(key)) == name;
    lines.any(|line| match line.split_once('=') {
        Some((key, value)) => match key.strip_suffix(".workspace") {
            Some(key) => is_of_it(key),
            None => value.contains("workspace=true") && is_of_it(key),
        },
        // `workspace = true` stands below it.
        None => is_of_it(last(line.trim_matches(['[', ']']))),
    })
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
    fn what_a_package_takes_from_its_workspace_has_the_workspaces_name() {
        for manifest in [
            "[dependencies]\nmy-alerts.workspace = true",
            "[dependencies]\nmy-alerts = { workspace = true }",
            "[dependencies.my-alerts]\nworkspace = true",
        ] {
            assert!(is_inherited("my_alerts", manifest), "{manifest}");
            assert!(!is_inherited("alerts", manifest), "{manifest}");
        }
    }

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
