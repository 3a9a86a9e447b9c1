//! The text format of Prometheus, 0.0.4:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.

use std::fmt::Write as _;

/// What the name of each metric begins with.
const PREFIX: &str = "pipeline_notify_";

/// Metrics, family by family.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    text: String,
    family: String,
    /// Labels of every value.
    labels: String,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Type {
    Counter,
    Gauge,
}

impl Exposition {
    /// Begins with the labels of every value, which may be none.
    pub(super) fn new(labels: String) -> Self {
        Self {
            labels,
            ..Self::default()
        }
    }

    /// Begins the family of a metric; what follows are its values.
    pub(super) fn family(&mut self, name: &str, kind: Type, help: &str) {
        self.family = format!("{PREFIX}{name}");
        let kind = match kind {
            Type::Counter => "counter",
            Type::Gauge => "gauge",
        };
        let family = &self.family;
        // It cannot fail: it writes into a text.
        let _ = writeln!(self.text, "# HELP {family} {help}\n# TYPE {family} {kind}");
    }

    /// Writes a value, with a [`label`] or none.
    pub(super) fn value(&mut self, label: &str, value: f64) {
        let Self { family, labels, .. } = self;
        let _ = match (label, &**labels) {
            ("", "") => writeln!(self.text, "{family} {value}"),
            (one, "") | ("", one) => writeln!(self.text, "{family}{{{one}}} {value}"),
            (one, others) => writeln!(self.text, "{family}{{{one},{others}}} {value}"),
        };
    }

    pub(super) fn end(self) -> String {
        self.text
    }
}

/// Writes a label, whatever its text holds.
pub(super) fn label(name: &str, text: &str) -> String {
    let text = text.replace('\\', "\\\\");
    let text = text.replace('"', "\\\"").replace('\n', "\\n");
    format!("{name}=\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 18, point 5.
    #[test]
    fn whatever_a_label_holds_stays_within_its_quotes() {
        let mut page = Exposition::default();
        page.family("job_failing", Type::Gauge, "Whether it fails.");
        page.value(&label("job_name", "a\\b\"c\nd{e=\"f\"} é 1"), 1.0);
        page.value("", 1_795_348_800.25);
        assert_eq!(
            page.end(),
            "# HELP pipeline_notify_job_failing Whether it fails.\n# TYPE pipeline_notify_job_failing gauge\npipeline_notify_job_failing{job_name=\"a\\\\b\\\"c\\nd{e=\\\"f\\\"} é 1\"} 1\npipeline_notify_job_failing 1795348800.25\n"
        );
    }

    /// Issue 18, point 5: files of two notify directories in one folder.
    #[test]
    fn labels_of_the_directory_stand_behind_those_of_a_value_and_alone_where_there_are_none() {
        let mut page = Exposition::new("team=\"etl\"".to_owned());
        page.family("jobs", Type::Gauge, "Jobs.");
        page.value("", 2.0);
        page.value(&label("kind", "dead"), 1.0);
        let text = page.end();
        let values: Vec<_> = text.lines().skip(2).collect();
        assert_eq!(
            values,
            [
                "pipeline_notify_jobs{team=\"etl\"} 2",
                "pipeline_notify_jobs{kind=\"dead\",team=\"etl\"} 1"
            ]
        );
    }
}
