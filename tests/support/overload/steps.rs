/// A second, in nanoseconds from the beginning.
pub(crate) const SECOND: u64 = 1_000_000_000;
/// A millisecond.
pub(crate) const MS: u64 = 1_000_000;

/// A value that changes at some moments: pairs of a moment and the value from then on. The first moment is 0.
#[derive(Clone, Debug)]
pub(crate) struct Steps(Vec<(u64, f64)>);

impl Steps {
    /// Moments in milliseconds.
    pub(crate) fn new(steps: &[(u64, f64)]) -> Self {
        assert!(steps[0].0 == 0 && steps.is_sorted_by(|a, b| a.0 < b.0), "{steps:?}");
        Self(steps.iter().map(|(at, value)| (at * MS, *value)).collect())
    }

    pub(crate) fn always(value: f64) -> Self {
        Self::new(&[(0, value)])
    }

    pub(crate) fn at(&self, now: u64) -> f64 {
        let begun = self.0.partition_point(|(from, _)| *from <= now);
        self.0[begun - 1].1
    }

    /// When it changes.
    pub(crate) fn changes(&self) -> impl Iterator<Item = u64> {
        self.0.iter().skip(1).map(|(from, _)| *from)
    }

    /// When it changes next.
    pub(crate) fn change_after(&self, now: u64) -> Option<u64> {
        let begun = self.0.partition_point(|(from, _)| *from <= now);
        self.0.get(begun).map(|(from, _)| *from)
    }
}
