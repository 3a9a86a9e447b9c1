//! One panic through nested jobs on two channels. Settings are for the whole process, and so this is
//! one test in a file of its own.

use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pipeline_notify::{Alert, Config, Notifier, Refusal, drain, message, notify};

/// Gathers what is sent.
#[derive(Clone, Default)]
struct Delivered(Arc<Mutex<String>>, &'static str);

impl Delivered {
    fn text(&self) -> String {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Notifier for Delivered {
    fn notify(&self, alerts: &[Alert], _: Duration) -> Result<(), Refusal> {
        let mut delivered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *delivered += &message(alerts);
        *delivered += "\n";
        Ok(())
    }

    fn identity(&self) -> String {
        self.1.to_owned()
    }
}

#[notify(channel = "load", name = "innermost")]
fn innermost() {
    panic!("it broke");
}

#[notify(channel = "load", name = "inner")]
fn inner() {
    innermost();
}

#[notify(channel = "all", name = "outer")]
fn outer() {
    inner();
}

#[test]
fn one_panic_through_nested_jobs_is_sent_once_on_each_channel() {
    let directory = std::env::temp_dir().join(format!("channels-{}", std::process::id()));
    let (load, all) = (
        Delivered(Arc::default(), "load"),
        Delivered(Arc::default(), "all"),
    );
    let config = Config::new()
        .directory(&directory)
        .channel("load", load.clone())
        .channel("all", all.clone());
    assert!(config.install().is_ok());
    assert!(catch_unwind(outer).is_err());
    assert!(drain(Duration::from_secs(10)).is_ok());
    for delivered in [load.text(), all.text()] {
        assert_eq!(delivered.matches("--- ERROR ---").count(), 1, "{delivered}");
        assert!(delivered.contains("it broke"), "{delivered}");
    }
    for job in ["innermost", "inner", "outer"] {
        let status = std::fs::read_to_string(directory.join(job)).unwrap_or_default();
        assert!(status.starts_with("ERROR\n"), "{job}: {status}");
    }
    let _ = std::fs::remove_dir_all(&directory);
}
