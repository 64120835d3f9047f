use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use super::{Position, Unsent};
use crate::cache::{
    Entry,
    purges::{Bounds, Purge, Purges, Records},
};

/// What one process knows of the log of purges, and what it has to add to it.
#[derive(Debug)]
pub(super) struct Log {
    position: Position,
    /// Whether no purge of others can have been missed.
    is_current: bool,
    /// What the log says up to the position, by its numbers.
    known: Records,
    /// What this process has purged, by issue.
    own: Records,
    issues: u64,
    /// Purges of this process that the log up to the position does not have, by issue.
    unsettled: BTreeMap<u64, Issued>,
    /// Of these, by what they are, those that nobody was handed yet.
    waiting: HashMap<Bytes, u64>,
    /// Of these, by number, those that have one in this log.
    ahead: BTreeMap<u64, u64>,
}

#[derive(Debug)]
struct Issued {
    purge: Purge,
    bytes: Bytes,
    is_numbered: bool,
}

/// With more that are not settled, they become one purge of everything.
const MOST_UNSETTLED: usize = 65_536;
/// How many are handed out at once.
const BATCH: usize = 1_024;

impl Default for Log {
    fn default() -> Self {
        Self {
            position: Position::default(),
            is_current: false,
            known: Records::new(Bounds::default()),
            own: Records::new(Bounds::default()),
            issues: 0,
            unsettled: BTreeMap::new(),
            waiting: HashMap::new(),
            ahead: BTreeMap::new(),
        }
    }
}

impl Log {
    pub(super) fn position(&self) -> Position {
        self.position
    }

    pub(super) fn is_current(&self) -> bool {
        self.is_current
    }

    pub(super) fn lose(&mut self) {
        self.is_current = false;
    }

    /// Purges something in this process, whose purges these are, and notes that others are to be told.
    pub(super) fn issue(&mut self, purge: &Purge, local: &Purges) {
        local.purge(purge);
        if self.unsettled.len() >= MOST_UNSETTLED {
            self.unsettled.clear();
            self.waiting.clear();
            self.ahead.clear();
            self.note(&Purge::All);
        } else {
            self.note(purge);
        }
    }

    fn note(&mut self, purge: &Purge) {
        self.issues += 1;
        let (issue, bytes) = (self.issues, purge.to_bytes());
        // One that was handed out may have its number already, and a request between the two must be told from a later one.
        if let Some(same) = self.waiting.insert(bytes.clone(), issue) {
            self.unsettled.remove(&same);
        }
        self.own.add(issue, purge);
        self.unsettled.insert(issue, Issued { purge: purge.clone(), bytes, is_numbered: false });
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.unsettled.values().any(|issued| !issued.is_numbered)
    }

    pub(super) fn unsent(&mut self) -> Vec<Unsent> {
        let unsent = self.unsettled.iter().filter(|(_, issued)| !issued.is_numbered);
        let unsent: Vec<Unsent> = unsent
            .take(BATCH)
            .map(|(issue, issued)| Unsent { issue: *issue, purge: issued.bytes.clone() })
            .collect();
        for Unsent { issue, purge } in &unsent {
            if self.waiting.get(purge) == Some(issue) {
                self.waiting.remove(purge);
            }
        }
        unsent
    }

    /// Whether nothing is known to be missing up to there.
    pub(super) fn sent(&mut self, issue: u64, at: Position) -> bool {
        if at.log != self.position.log {
            // Of two logs it is not known which is the newer. If it is that, the purge is in both; it is sent once more.
            self.is_current = false;
            return false;
        }
        if let Some(issued) = self.unsettled.get_mut(&issue) {
            issued.is_numbered = true;
            self.ahead.insert(at.number, issue);
            self.settle();
        }
        at.number <= self.position.number
    }

    pub(super) fn received(&mut self, at: Position, purge: &[u8], local: &Purges) -> bool {
        if at.log != self.position.log {
            return false;
        }
        if at.number == self.position.number + 1 {
            self.take_over(at.number, &Purge::from_bytes(purge), local);
            self.settle();
        }
        at.number <= self.position.number
    }

    pub(super) fn catch_up(
        &mut self,
        position: Position,
        floor: u64,
        purges: impl IntoIterator<Item = (u64, Bytes)>,
        local: &Purges,
    ) -> usize {
        let is_same = position.log == self.position.log;
        if !is_same {
            self.position = Position { log: position.log, number: 0 };
            self.known = Records::new(Bounds::default());
            // What was told to the one before is purged wherever it ended, as is everything.
            self.unsettled.retain(|_, issued| !issued.is_numbered);
            self.ahead.clear();
        }
        let is_beyond = floor > self.position.number;
        if !is_same || is_beyond {
            local.purge(&Purge::All);
        }
        if is_beyond {
            self.known.raise_floor(floor);
        }
        let come = self.position.number;
        let mut new: Vec<_> = purges.into_iter().filter(|(number, _)| *number > come).collect();
        new.sort_unstable_by_key(|(number, _)| *number);
        // A number that is missing is that of a purge that was repeated later, perhaps by this process: of the same, the log
        // holds the last. If it was one of others, what was asked for between the two is not purged here yet.
        let (mut last, mut is_whole) = (come, true);
        for (number, purge) in &new {
            is_whole &= number - last == 1;
            last = *number;
            let purge = Purge::from_bytes(purge);
            if is_whole && self.ahead.contains_key(number) {
                self.known.add(*number, &purge);
            } else {
                self.take_over(*number, &purge, local);
            }
        }
        self.position.number = position.number.max(last);
        self.is_current = true;
        self.settle();
        new.len()
    }

    /// In both under one lock: see [`Purging::has_outlived`](super::Purging::has_outlived).
    fn take_over(&mut self, number: u64, purge: &Purge, local: &Purges) {
        self.known.add(number, purge);
        local.purge(purge);
        self.position.number = number;
    }

    /// Takes over what this process has purged itself, as far as nothing is missing before it.
    fn settle(&mut self) {
        while let Some(first) = self.ahead.first_entry() {
            let (number, issue) = (*first.key(), *first.get());
            if number > self.position.number + 1 {
                break;
            }
            first.remove();
            let Some(issued) = self.unsettled.remove(&issue) else { continue };
            if number > self.position.number {
                self.known.add(number, &issued.purge);
                self.position.number = number;
            }
        }
    }

    /// The last issue up to which the log has all of this process's, up to the position.
    fn settled(&self) -> u64 {
        self.unsettled.first_key_value().map_or(self.issues, |(first, _)| first - 1)
    }

    pub(super) fn has_outlived(&self, entry: &Entry, written: Position) -> bool {
        self.is_current
            && written.log == self.position.log
            && !self.known.concern(entry, written.number)
            && !self.own.concern(entry, self.settled())
    }

    pub(super) fn born(&self, entry: &Entry, local: &Purges) -> Option<Position> {
        let may_be_written = self.position.log != 0
            && !local.concerns(entry)
            && !self.own.concern(entry, self.settled());
        may_be_written.then_some(self.position)
    }
}

#[cfg(test)]
mod tests;
