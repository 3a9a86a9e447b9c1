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
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Type {
    Counter,
    Gauge,
}

impl Exposition {
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
        let family = &self.family;
        let _ = writeln!(self.text, "{family}{label} {value}");
    }

    pub(super) fn end(self) -> String {
        self.text
    }
}

/// Writes a label, whatever its text holds.
pub(super) fn label(name: &str, text: &str) -> String {
    let text = text.replace('\\', "\\\\");
    let text = text.replace('"', "\\\"").replace('\n', "\\n");
    format!("{{{name}=\"{text}\"}}")
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
}
