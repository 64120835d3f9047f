use std::collections::VecDeque;

use crate::clock::Timestamp;

/// When the calls began that are under way. Which of them has ended is not told: the oldest, presumably.
#[derive(Clone, Debug)]
pub(super) struct UnderWay {
    began: VecDeque<Timestamp>,
    /// The most that could begin at a time: as many as there may be, for at first there are none.
    most_idle: usize,
}

impl UnderWay {
    pub(super) const NONE: Self = Self { began: VecDeque::new(), most_idle: 0 };

    pub(super) fn sent(&mut self, now: Timestamp) {
        self.began.push_back(now);
    }

    pub(super) fn ended(&mut self) {
        self.began.pop_front();
    }

    /// So many could begin now: calls whose end was not told are gone too.
    pub(super) fn could_begin(&mut self, idle: usize) {
        self.most_idle = self.most_idle.max(idle);
        let most = self.most_idle - idle;
        while self.began.len() > most {
            self.began.pop_front();
        }
    }

    /// For how many seconds the oldest has been under way, if there is any.
    pub(super) fn oldest(&self, now: Timestamp) -> Option<f64> {
        self.began.front().map(|began| now.saturating_since(*began).as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_nanos(1_000_000_000 * secs)
    }

    #[test]
    fn tells_how_long_the_oldest_has_been_under_way() {
        let mut under_way = UnderWay::NONE;
        under_way.could_begin(2);
        assert_eq!(under_way.oldest(at(1)), None);
        under_way.sent(at(1));
        under_way.sent(at(3));
        assert_eq!(under_way.oldest(at(4)), Some(3.0));
        under_way.ended();
        assert_eq!(under_way.oldest(at(4)), Some(1.0));
        assert_eq!(under_way.oldest(at(2)), Some(0.0), "the clock went backwards");
    }

    #[test]
    fn a_call_whose_end_is_never_told_is_forgotten() {
        let mut under_way = UnderWay::NONE;
        under_way.could_begin(2);
        under_way.sent(at(1));
        under_way.could_begin(1);
        assert_eq!(under_way.oldest(at(2)), Some(1.0));
        under_way.could_begin(2);
        assert_eq!(under_way.oldest(at(2)), None);
    }
}
