/// A second of simulated time, which counts in nanoseconds from the beginning.
pub(crate) const SECOND: u64 = 1_000_000_000;

/// A value that changes at some moments: pairs of a second and the value from then on. The first second is 0.
#[derive(Clone, Copy)]
pub(crate) struct Steps(pub(crate) &'static [(u64, f64)]);

impl Steps {
    pub(crate) fn at(self, now: u64) -> f64 {
        let begun = self.0.iter().rev().find(|(from, _)| from * SECOND <= now);
        begun.map_or(0.0, |(_, value)| *value)
    }

    /// When it changes.
    pub(super) fn changes(self) -> impl Iterator<Item = u64> {
        self.0.iter().skip(1).map(|(from, _)| from * SECOND)
    }

    /// When it changes next.
    pub(super) fn change_after(self, now: u64) -> Option<u64> {
        self.changes().find(|from| *from > now)
    }
}
