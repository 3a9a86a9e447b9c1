//! `--label`: what tells the metrics of one notify directory from those of another.

use clap::Args;

use super::exposition::label;
use crate::Failure;

/// Names that the metrics have already, or that Prometheus gives them.
const TAKEN: [&str; 6] = ["job_name", "channel", "state", "kind", "job", "instance"];

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Labels {
    /// A label of every metric, such as team=etl; of two files in one folder that have a metric in common, the node
    /// exporter may show one alone
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = named)]
    labels: Vec<(String, String)>,
}

impl Labels {
    /// Returns whether none was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Writes them as they stand in each line.
    pub(crate) fn text(&self) -> Result<String, Failure> {
        for (number, (name, _)) in self.labels.iter().enumerate() {
            if self.labels[..number].iter().any(|(known, _)| known == name) {
                return Err(format!("the label `{name}` is given twice: give each once").into());
            }
        }
        let labels = self.labels.iter().map(|(name, value)| label(name, value));
        Ok(labels.collect::<Vec<_>>().join(","))
    }
}

fn named(text: &str) -> Result<(String, String), String> {
    let Some((name, value)) = text.split_once('=') else {
        return Err("write NAME=VALUE, such as team=etl".to_owned());
    };
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty()
        || !name.chars().all(is_of_name)
        || name.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err("a name is of letters, digits and _, and begins with no digit".to_owned());
    }
    if name.starts_with("__") || TAKEN.contains(&name) {
        return Err(format!("`{name}` is taken: choose another name"));
    }
    if value.is_empty() {
        return Err("an empty value is no label to Prometheus: write one behind the =".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}
