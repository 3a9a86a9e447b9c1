//! A rule of the program: a function that says whether people hear of a run.

use std::sync::Arc;

use crate::format::debug::debug_by_name;
use crate::rules::decision::Decision;
use crate::rules::occasion::Occasion;

/// A function of the program that decides.
#[derive(Clone)]
pub struct Rule(Arc<dyn Fn(&Occasion<'_>) -> Decision + Send + Sync>);

impl Rule {
    pub(crate) fn new(rule: impl Fn(&Occasion<'_>) -> Decision + Send + Sync + 'static) -> Self {
        Self(Arc::new(rule))
    }

    /// Asks the rule, which is foreign code.
    pub(crate) fn ask(&self, occasion: &Occasion<'_>) -> Decision {
        (self.0)(occasion)
    }
}

debug_by_name!(Rule);
