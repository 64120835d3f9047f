use std::time::Duration;

use super::settings::Probing;
use crate::clock::Timestamp;

/// The calls by which a half-open breaker finds out how the service fares.
#[derive(Debug, Default)]
pub(super) struct Probes {
    under_way: Vec<Probe>,
    /// How many there ever were; from 1, a probe's number.
    begun: u32,
    succeeded: u32,
    failed: u32,
}

#[derive(Debug)]
struct Probe {
    number: u32,
    since: Timestamp,
    /// The head of its answer is there.
    answered: bool,
}

impl Probes {
    /// Reserves a place for a probe, if there is one. What comes back is its number.
    pub(super) fn begin(&mut self, terms: &Probing, now: Timestamp) -> Option<u32> {
        let under_way = self.under_way.len() as u32;
        if under_way >= terms.at_once || under_way + self.succeeded + self.failed >= terms.of {
            return None;
        }
        // Not 0, which is the number of calls that are none.
        self.begun = self.begun.wrapping_add(1).max(1);
        self.under_way.push(Probe { number: self.begun, since: now, answered: false });
        Some(self.begun)
    }

    /// The head of a probe's answer is there, and the rest may take as long as it likes.
    pub(super) fn answered(&mut self, number: u32) {
        let mut under_way = self.under_way.iter_mut();
        if let Some(probe) = under_way.find(|probe| probe.number == number) {
            probe.answered = true;
        }
    }

    /// Takes a probe's place back, and counts whether it was good, if that is known.
    pub(super) fn end(&mut self, number: u32, good: Option<bool>) {
        let Some(at) = self.under_way.iter().position(|probe| probe.number == number) else {
            return;
        };
        self.under_way.swap_remove(at);
        match good {
            Some(true) => self.succeeded += 1,
            Some(false) => self.failed += 1,
            None => {}
        }
    }

    /// Ends those that have been under way for too long. Whether one of them had no answer: it failed. One that is still being
    /// answered is a stream: it succeeded, or no service of long streams could ever close.
    pub(super) fn expire(&mut self, timeout: Duration, now: Timestamp) -> bool {
        let mut failed = false;
        self.under_way.retain(|probe| {
            let expired = now.saturating_since(probe.since) >= timeout;
            if expired && probe.answered {
                self.succeeded += 1;
            } else if expired {
                self.failed += 1;
                failed = true;
            }
            !expired
        });
        failed
    }

    /// Whether the service has recovered, as soon as that is certain.
    pub(super) fn verdict(&self, terms: &Probing) -> Option<bool> {
        if self.succeeded >= terms.required {
            Some(true)
        } else if self.failed > terms.of - terms.required {
            Some(false)
        } else {
            None
        }
    }

    #[cfg(test)]
    pub(super) fn under_way(&self) -> usize {
        self.under_way.len()
    }
}
