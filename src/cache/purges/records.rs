use std::{collections::HashMap, hash::RandomState};

use super::{Matcher, Purge};
use crate::cache::Entry;

/// How many tags and matchers are told apart. Past that, the older half counts as a purge of everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(super) tags: usize,
    pub(super) matchers: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { tags: 65_536, matchers: 256 }
    }
}

/// Which purges there were. Their numbers only ever grow.
#[derive(Debug)]
pub(crate) struct Records {
    bounds: Bounds,
    /// The number of the last one.
    epoch: u64,
    /// Whatever was born before this epoch is purged.
    floor: u64,
    /// The last purge of each tag. Clients choose URIs, and where processes share a tier no secret is in their hashes: by a
    /// secret of the map's own, it is not for clients to say which fall into one place.
    tags: HashMap<u64, u64, RandomState>,
    /// By rising epoch; none twice.
    matchers: Vec<(u64, Matcher)>,
}

impl Records {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, epoch: 0, floor: 0, tags: HashMap::default(), matchers: Vec::new() }
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Takes up the purge of this number, which is higher than those before it.
    pub(crate) fn add(&mut self, number: u64, purge: &Purge) {
        self.epoch = number;
        match purge {
            Purge::Tag(tag) => {
                self.tags.insert(*tag, number);
                if self.tags.len() > self.bounds.tags {
                    let mut epochs: Vec<u64> = self.tags.values().copied().collect();
                    let middle = epochs.len() / 2;
                    let (_, &mut median, _) = epochs.select_nth_unstable(middle);
                    self.raise_floor(median);
                }
            }
            Purge::Matching(matcher) => {
                self.matchers.retain(|(_, known)| known != matcher);
                self.matchers.push((number, matcher.clone()));
                if self.matchers.len() > self.bounds.matchers {
                    self.raise_floor(self.matchers[self.matchers.len() / 2].0);
                }
            }
            Purge::All => self.raise_floor(number),
        }
    }

    /// Makes every purge up to `epoch` one of everything, so that nothing more needs to be known of it.
    pub(crate) fn raise_floor(&mut self, epoch: u64) {
        self.floor = self.floor.max(epoch);
        self.tags.retain(|_, purged| *purged > epoch);
        let newer = self.matchers.partition_point(|(purged, _)| *purged <= epoch);
        self.matchers.drain(..newer);
    }

    /// Whether a purge after number `epoch` concerns `entry`.
    pub(crate) fn concern(&self, entry: &Entry, epoch: u64) -> bool {
        let newer = self.matchers.partition_point(|(purged, _)| *purged <= epoch);
        self.floor > epoch
            || entry.tags.iter().any(|tag| self.tags.get(tag).is_some_and(|purged| *purged > epoch))
            || self.matchers[newer..].iter().any(|(_, matcher)| matcher.matches(entry))
    }
}
