//! Many measurements of one thing.

use std::fmt;
use std::fs;

/// What the middle half of many measurements says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    quarter: f64,
    three_quarters: f64,
}

impl Spread {
    /// # Panics
    ///
    /// Where nothing was measured.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        let last = values.len() - 1;
        Self {
            median: values[last / 2],
            quarter: values[last / 4],
            three_quarters: values[last * 3 / 4],
        }
    }

    /// Returns it as multiples of a floor.
    pub(crate) fn over(self, floor: f64) -> Self {
        Self {
            median: self.median / floor,
            quarter: self.quarter / floor,
            three_quarters: self.three_quarters / floor,
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            median,
            quarter,
            three_quarters,
        } = self;
        write!(f, "{median:.2} ({quarter:.2} to {three_quarters:.2})")
    }
}

/// The load average of the last minute: other programs on the machine move every time.
pub(crate) fn load() -> String {
    let all = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    all.split(' ').next().unwrap_or_default().to_owned()
}
