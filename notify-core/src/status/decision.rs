//! What was decided of a run's alert, as files hold it: a code for programs, words for people.
//!
//! Programs go by the code alone, so that the words may be written anew at any time.

use crate::format::fields::{Fields, Page};

/// The words, as a key of the status file.
const WORDS: &str = "decision";

/// The code, as a key of the status file.
const CODE: &str = "decision-code";

/// Whether an alert was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is on its way to its channel, or was delivered.
    Sent,
    /// It was due, and no destination could take it.
    Undelivered,
    /// A rule withheld it, or holds it back.
    NotSent,
}

/// Declares the reasons, each with its code and its words.
macro_rules! reasons {
    ($($(#[$doc:meta])* $reason:ident = $code:literal: $words:literal,)*) => {
        /// The rule that decided. Its code stands in files, and stays; its words may change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Reason { $($(#[$doc])* $reason,)* }

        impl Reason {
            const ALL: &[Self] = &[$(Self::$reason,)*];

            fn of(code: &str) -> Option<Self> {
                let word = code.split(' ').nth(1)?;
                Self::ALL.iter().copied().find(|reason| reason.code() == word)
            }

            fn code(self) -> &'static str {
                match self { $(Self::$reason => $code,)* }
            }

            /// Says why, in a few words.
            pub(crate) fn words(self) -> &'static str {
                match self { $(Self::$reason => $words,)* }
            }
        }
    };
}

reasons! {
    /// 1: there is no earlier status.
    First = "first-run": "first run",
    /// 1: the earlier status cannot be read.
    Unreadable = "unreadable-status": "the status file could not be read",
    /// 2: the status changed.
    Changed = "changed": "the status changed",
    /// 3: the earlier status is younger than `silent_seconds`.
    Recent = "recent": "same status within silent_seconds",
    /// 4: it fails again.
    StillFailing = "still-failing": "still failing",
    /// 5: it works, and no `OK` was sent for `ok_silent_hours`.
    StillOk = "still-ok": "OK for longer than ok_silent_hours",
    /// 6: it works, as before.
    NothingNew = "nothing-new": "still OK",
    UnsentFailure = "unsent-failure": "failing, and the last failure was not sent",
    /// It fails, and the last alert is older than `silent_seconds` and `remind_hours`.
    Reminder = "reminder": "still failing after remind_hours",
    NewError = "new-error": "failing with another error",
    OkNever = "ok-never": "no message for OK (ok_silent_hours)",
    /// It works, and the directory that holds its last status cannot be used.
    NoMemory = "unknown-past": "OK, and the status before is not known",
    RecoveryOfUnsent = "recovery-of-unsent": "OK again, and the failure was not sent",
    Took = "took": "the run took less or more than took_hours",
    TookAgain = "took-again": "the run took less or more than took_hours, as was sent",
    Overlapping = "overlapping": "another run is still going",
    Started = "started": "the run has begun (start)",
    Late = "late": "it ran late, after a missed-run alert",
    WasOverdue = "was-overdue": "finished, after an overdue alert",
    Overdue = "overdue": "overdue",
    Older = "older-run": "a newer run has finished already",
    Overtaken = "older-run-died": "died, and a newer run has finished already",
    OtherErrors = "other-errors": "three other errors were sent; the rest waits for the reminder",
    RecoveryOfAnother = "recovery-by-another-job": "OK again; another job sent the failure (alerted-by)",
    KnownInside = "known-inside": "still failing because of a job inside it, which sent an alert",
    SamePanic = "same-event": "another job sent the same event",
    Silenced = "silenced": "silenced by a person",
    Quiet = "quiet": "a planned quiet is on",
    Acknowledged = "acknowledged": "acknowledged by a person",
    Attempt = "attempt-follows": "another attempt follows (NOTIFY_ATTEMPT)",
    After = "after": "fewer failures in a row than `after`",
    Rule = "rule": "by the program's rule",
    Flapping = "flapping": "flapping",
    FlappingOn = "still-flapping": "still flapping",
    Steady = "steady": "steady again",
    /// It failed while a person had silenced that, and still does: sent without a run.
    SilenceOver = "silence-over": "the silence is over, and it still fails",
    ChannelMended = "channel-mended": "the channel works again",
}

impl Fate {
    /// Each with its code, and its words.
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Sent, "sent", "sent"),
        (
            Self::Undelivered,
            "undelivered",
            "not delivered (no destination)",
        ),
        (Self::NotSent, "not-sent", "not sent"),
    ];

    fn of(code: &str) -> Option<Self> {
        let word = code.split(' ').next();
        let found = Self::ALL
            .into_iter()
            .find(|(_, code, _)| Some(*code) == word)?;
        Some(found.0)
    }

    fn code(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    fn words(self) -> &'static str {
        Self::ALL[self as usize].2
    }
}

/// What was decided of a run's alert, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decided {
    /// By a rule, in the words of this version.
    By(Fate, Reason),
    /// In other words, which a file or a later event has given.
    Said {
        /// `None` in files from before there were codes; one of a later version may be unknown here.
        code: Option<String>,
        words: String,
    },
}

impl Decided {
    /// An alert that was due reaches nobody now, for a reason that no rule gave.
    pub(crate) fn undelivered(why: &str) -> Self {
        Self::Said {
            code: Some(Fate::Undelivered.code().to_owned()),
            words: format!("not delivered: {why}"),
        }
    }

    /// A rule of the program decided, and says why in its own words.
    pub(crate) fn by_program(fate: Fate, why: &str) -> Self {
        let rule = Self::By(fate, Reason::Rule);
        Self::Said {
            code: rule.code(),
            words: format!("{}: {why}", rule.words()),
        }
    }

    /// Takes what a file says; `None` where it says nothing.
    pub(crate) fn of(code: Option<&str>, words: &str) -> Option<Self> {
        if words.is_empty() && code.is_none() {
            return None;
        }
        let known = code.and_then(|code| Some((Fate::of(code)?, Reason::of(code)?)));
        match known {
            Some((fate, reason)) if is_said(words, fate, reason) => Some(Self::By(fate, reason)),
            // A file in other words keeps them.
            _ => Some(Self::Said {
                code: code.map(str::to_owned),
                words: words.to_owned(),
            }),
        }
    }

    pub(crate) fn fate(&self) -> Option<Fate> {
        self.parts().0
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        self.parts().1
    }

    fn parts(&self) -> (Option<Fate>, Option<Reason>) {
        match self {
            Self::By(fate, reason) => (Some(*fate), Some(*reason)),
            Self::Said { code: None, words } => without_code(words),
            Self::Said {
                code: Some(code), ..
            } => (Fate::of(code), Reason::of(code)),
        }
    }

    /// Returns the code: the fate's, and the reason's where there is one.
    pub(crate) fn code(&self) -> Option<String> {
        match self {
            Self::By(fate, reason) => Some([fate.code(), " ", reason.code()].concat()),
            Self::Said { code, .. } => code.clone(),
        }
    }

    /// Says whether it was sent, and why.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::By(fate, reason) => [fate.words(), ": ", reason.words()].concat(),
            Self::Said { words, .. } => words.clone(),
        }
    }

    pub(crate) fn parse(fields: &Fields) -> Option<Self> {
        Self::of(fields.get(CODE), fields.get(WORDS).unwrap_or_default())
    }

    /// Writes it into a status file.
    pub(crate) fn put(&self, page: &mut Page) {
        page.put(WORDS, &self.words());
        page.put_some(CODE, self.code().as_deref());
    }
}

/// Returns whether these are the words of this version for a decision.
fn is_said(words: &str, fate: Fate, reason: Reason) -> bool {
    let rest = words.strip_prefix(fate.words());
    rest.and_then(|rest| rest.strip_prefix(": ")) == Some(reason.words())
}

/// Understands words that stand without a code, by as much as anything depends on: those of a version
/// before there were codes, which also drops the codes where it shortens a history of this version.
/// Nothing else reads words.
fn without_code(words: &str) -> (Option<Fate>, Option<Reason>) {
    const FATES: [(&str, Fate); 4] = [
        ("not delivered: ", Fate::Undelivered),
        ("told: ", Fate::Sent),
        ("due, and nobody could be told: ", Fate::Undelivered),
        ("not told: ", Fate::NotSent),
    ];
    const REASONS: [(&str, Reason); 5] = [
        ("it is overdue", Reason::Overdue),
        ("it died, and a later run has ended", Reason::Overtaken),
        ("a run that began later has ended", Reason::Older),
        ("its silence is over", Reason::SilenceOver),
        ("another attempt follows (NOTIFY_ATTEMPT)", Reason::Attempt),
    ];
    for (fate, ..) in Fate::ALL {
        let mut all = Reason::ALL.iter().copied();
        if let Some(reason) = all.find(|&reason| is_said(words, fate, reason)) {
            return (Some(fate), Some(reason));
        }
    }
    let fate = FATES.iter().find(|(before, _)| words.starts_with(before));
    let reason = REASONS.iter().find(|(said, _)| words.ends_with(said));
    (
        fate.map(|(_, fate)| *fate),
        reason.map(|(_, reason)| *reason),
    )
}

#[cfg(test)]
mod tests;
