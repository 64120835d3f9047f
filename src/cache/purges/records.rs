use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::Matcher;
use crate::cache::Entry;

/// How many tags and matchers are told apart. Past that, the older half counts as a purge of everything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) tags: usize,
    pub(super) matchers: usize,
}

/// Which purges there were. Their numbers only ever grow.
#[derive(Debug)]
pub(super) struct Records {
    bounds: Bounds,
    /// The number of the last one.
    epoch: u64,
    /// Whatever was born before this epoch is purged.
    floor: u64,
    /// The last purge of each tag. The tags are keyed hashes already.
    tags: HashMap<u64, u64, FxBuildHasher>,
    /// By rising epoch; none twice.
    matchers: Vec<(u64, Matcher)>,
}

impl Records {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, epoch: 0, floor: 0, tags: HashMap::default(), matchers: Vec::new() }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Purges what has `tag`.
    pub(super) fn add_tag(&mut self, tag: u64) {
        self.epoch += 1;
        self.tags.insert(tag, self.epoch);
        if self.tags.len() > self.bounds.tags {
            let mut epochs: Vec<u64> = self.tags.values().copied().collect();
            let middle = epochs.len() / 2;
            let (_, &mut median, _) = epochs.select_nth_unstable(middle);
            self.raise_floor(median);
        }
    }

    /// Purges what `matcher` matches.
    pub(super) fn add_matcher(&mut self, matcher: Matcher) {
        self.epoch += 1;
        self.matchers.retain(|(_, known)| *known != matcher);
        self.matchers.push((self.epoch, matcher));
        if self.matchers.len() > self.bounds.matchers {
            self.raise_floor(self.matchers[self.matchers.len() / 2].0);
        }
    }

    /// Purges everything.
    pub(super) fn add_all(&mut self) {
        self.epoch += 1;
        self.raise_floor(self.epoch);
    }

    /// Makes every purge up to `epoch` one of everything, so that nothing more needs to be known of it.
    fn raise_floor(&mut self, epoch: u64) {
        self.floor = self.floor.max(epoch);
        self.tags.retain(|_, purged| *purged > epoch);
        let newer = self.matchers.partition_point(|(purged, _)| *purged <= epoch);
        self.matchers.drain(..newer);
    }

    /// Whether a purge after number `epoch` concerns `entry`.
    pub(super) fn concern(&self, entry: &Entry, epoch: u64) -> bool {
        let newer = self.matchers.partition_point(|(purged, _)| *purged <= epoch);
        self.floor > epoch
            || entry.tags.iter().any(|tag| self.tags.get(tag).is_some_and(|purged| *purged > epoch))
            || self.matchers[newer..].iter().any(|(_, matcher)| matcher.matches(entry))
    }
}
