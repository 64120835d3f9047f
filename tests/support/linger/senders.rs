use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    chance::{exponential, share},
    random::Random,
    steps::Steps,
};

/// Who sends items, and when.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    /// Many who know nothing of each other: a Poisson process with this many items a nanosecond.
    Poisson(Steps),
    /// `items` at random times within `within`, each `every` nanoseconds.
    Bursts { items: usize, within: u64, every: u64 },
    /// So many who each wait for their answer, and send the next item after an exponential time with the mean `think`.
    Closed { clients: usize, think: u64 },
}

#[derive(Clone)]
pub(super) struct Senders {
    pattern: Pattern,
    random: Random,
    coming: BinaryHeap<Reverse<u64>>,
    /// From when on nothing has been drawn yet.
    drawn: u64,
}

impl Senders {
    pub(super) fn new(pattern: &Pattern, seed: u64) -> Self {
        let random = Random::new(seed);
        let mut senders =
            Self { pattern: pattern.clone(), random, coming: BinaryHeap::new(), drawn: 0 };
        if let Pattern::Closed { clients, .. } = pattern {
            (0..*clients).for_each(|_| senders.answered(0));
        }
        senders.proceed();
        senders
    }

    pub(super) fn next_at(&self) -> u64 {
        self.coming.peek().map_or(u64::MAX, |Reverse(at)| *at)
    }

    /// The next item has been sent.
    pub(super) fn take(&mut self) {
        self.coming.pop();
        self.proceed();
    }

    /// One who waited has been answered, or refused.
    pub(super) fn answered(&mut self, now: u64) {
        if let Pattern::Closed { think, .. } = self.pattern {
            let pause = exponential(&mut self.random) * think as f64;
            self.coming.push(Reverse(now + pause as u64));
        }
    }

    fn proceed(&mut self) {
        if !self.coming.is_empty() {
            return;
        }
        match &self.pattern {
            Pattern::Closed { .. } => {}
            Pattern::Bursts { items, within, every } => {
                for _ in 0..*items {
                    let at = self.drawn as f64 + share(&mut self.random) * *within as f64;
                    self.coming.push(Reverse(at as u64));
                }
                self.drawn += every;
            }
            Pattern::Poisson(rate) => loop {
                let gap = exponential(&mut self.random) / rate.at(self.drawn);
                // The conversion saturates where the rate is zero.
                let next = self.drawn.saturating_add(gap as u64);
                // What would come after a change was not drawn by its rate. Nothing is remembered, so begin anew there.
                match rate.change_after(self.drawn) {
                    Some(change) if change < next => self.drawn = change,
                    _ => {
                        self.drawn = next;
                        self.coming.push(Reverse(next));
                        return;
                    }
                }
            },
        }
    }
}
