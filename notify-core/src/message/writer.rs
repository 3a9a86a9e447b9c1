//! A function of the program that writes into alerts.

use std::sync::Arc;

use crate::format::debug::debug_by_name;
use crate::message::alert::Alert;
use crate::message::written::Message;

/// A function of the program that writes into alerts.
#[derive(Clone)]
pub struct Writer(Arc<dyn Fn(&Alert) -> Message + Send + Sync>);

impl Writer {
    pub(crate) fn new(writer: impl Fn(&Alert) -> Message + Send + Sync + 'static) -> Self {
        Self(Arc::new(writer))
    }

    /// Asks the writer, which is foreign code.
    pub(crate) fn ask(&self, alert: &Alert) -> Message {
        (self.0)(alert)
    }
}

debug_by_name!(Writer);
