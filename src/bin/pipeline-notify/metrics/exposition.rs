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

    pub(super) fn value(&mut self, labels: &[(&str, &str)], value: f64) {
        self.text += &self.family;
        for (number, (name, label)) in labels.iter().enumerate() {
            let before = if number == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{before}{name}=\"");
            for c in label.chars() {
                match c {
                    '\\' => self.text += "\\\\",
                    '"' => self.text += "\\\"",
                    '\n' => self.text += "\\n",
                    c => self.text.push(c),
                }
            }
            self.text.push('"');
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }

    pub(super) fn end(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Issue 18, point 5.
    #[test]
    fn whatever_a_label_holds_stays_within_its_quotes() {
        let mut page = Exposition::default();
        page.family("job_failing", Type::Gauge, "Whether it fails.");
        page.value(&[("job_name", "a\\b\"c\nd{e=\"f\"} 1"), ("x", "é")], 1.0);
        page.value(&[], 1_795_348_800.25);
        assert_eq!(
            page.end(),
            "# HELP pipeline_notify_job_failing Whether it fails.\n# TYPE pipeline_notify_job_failing gauge\npipeline_notify_job_failing{job_name=\"a\\\\b\\\"c\\nd{e=\\\"f\\\"} 1\",x=\"é\"} 1\npipeline_notify_job_failing 1795348800.25\n"
        );
    }
}
