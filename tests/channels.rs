//! One panic through nested jobs on two channels. Settings are for the whole process, and so this is
//! one test in a file of its own.

use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pipeline_notify::{Alert, Config, Notifier, Refusal, drain, message, notify};

/// Gathers what is told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<String>>, &'static str);

impl Told {
    fn text(&self) -> String {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Notifier for Told {
    fn notify(&self, alerts: &[Alert], _: Duration) -> Result<(), Refusal> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *told += &message(alerts);
        *told += "\n";
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
fn one_panic_through_nested_jobs_is_told_once_on_each_channel() {
    let directory = std::env::temp_dir().join(format!("channels-{}", std::process::id()));
    let (load, all) = (Told(Arc::default(), "load"), Told(Arc::default(), "all"));
    let config = Config::new()
        .directory(&directory)
        .channel("load", load.clone())
        .channel("all", all.clone());
    assert!(config.install().is_ok());
    assert!(catch_unwind(outer).is_err());
    assert!(drain(Duration::from_secs(10)).is_ok());
    for told in [load.text(), all.text()] {
        assert_eq!(told.matches("--- ERROR ---").count(), 1, "{told}");
        assert!(told.contains("it broke"), "{told}");
    }
    for job in ["innermost", "inner", "outer"] {
        let status = std::fs::read_to_string(directory.join(job)).unwrap_or_default();
        assert!(status.starts_with("ERROR\n"), "{job}: {status}");
    }
    let _ = std::fs::remove_dir_all(&directory);
}
