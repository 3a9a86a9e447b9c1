//! The runs of a process that is gone.

use super::local;
#[cfg(feature = "postgres")]
use super::shared;
use crate::format::fields::Fields;
use crate::state::change::RunKey;
use crate::state::run_record::Recorded;

/// The runs of a process that is gone. Nobody else reports them while this lasts.
pub(crate) enum ExpiredRuns {
    Local(local::lease::Expired),
    #[cfg(feature = "postgres")]
    Shared(shared::life::Gone),
}

impl ExpiredRuns {
    pub(crate) fn process(&self) -> &Fields {
        either!(self, dead => dead.process())
    }

    /// Returns the runs that were under way, each with what its end is decided by; `None` where its part of
    /// the record is damaged.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (&RunKey, Option<Recorded<'static>>)> {
        let runs = either!(self, dead => dead.open_runs());
        let process = self.process();
        runs.iter()
            .map(move |(run, fields)| (run, Recorded::read(fields, process)))
    }

    pub(crate) fn is_open(&self, run: &RunKey) -> bool {
        either!(self, dead => dead.is_open(run))
    }

    /// Returns whether the process may have ended well, and only its connection to the store was lost before.
    pub(crate) fn is_cut(&self) -> bool {
        either!(self, _ => false; gone => gone.is_cut())
    }

    /// Returns whether the process may live all the same, and only its connection to the store is lost.
    pub(crate) fn may_live(&self) -> bool {
        either!(self, _ => false; gone => gone.may_live())
    }

    /// Names the program that the process has become, where it is one by now.
    pub(crate) fn successor(&self) -> Option<String> {
        match self {
            Self::Local(_) => Recorded::successor(self.process()),
            #[cfg(feature = "postgres")]
            Self::Shared(_) => {
                let program = Recorded::successor(self.process())?;
                (self.process().get("exe") != Some(&*program)).then_some(program)
            }
        }
    }

    /// Removes what was written of the process, once each of its runs is reported.
    pub(crate) fn remove(self) {
        match self {
            Self::Local(dead) => dead.remove(),
            // Each run has gone with its report.
            #[cfg(feature = "postgres")]
            Self::Shared(_) => {}
        }
    }
}
