//! A function of the program that writes into alerts.

use std::fmt;
use std::sync::Arc;

use crate::message::alert::Alert;
use crate::message::written::Message;

/// A function of the program that writes into alerts.
#[derive(Clone)]
pub struct Writer(Arc<dyn Fn(&Alert) -> Message + Send + Sync>);

impl Writer {
    pub(crate) fn new(writer: impl Fn(&Alert) -> Message + Send + Sync + 'static) -> Self {
        Self(Arc::new(writer))
    }

    /// Asks it. It is foreign code.
    pub(crate) fn ask(&self, alert: &Alert) -> Message {
        (self.0)(alert)
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer(…)")
    }
}
