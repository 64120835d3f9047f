use std::time::Duration;

use crate::clock::Timestamp;

/// How many items come within some time after a batch could leave, learnt from how many did.
///
/// They are counted whether the batch leaves or waits, so it need not wait for anything to be learnt. A mean gap between
/// arrivals would not tell as much: of twenty items within a millisecond, twenty times a second, it is 2.5 ms, which is neither
/// the gap between two of them nor how long the first of the next takes to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forecast {
    mean: f64,
    /// Of the counts, from their mean, squared.
    variance: f64,
    count: Option<Count>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    began: Timestamp,
    items: f64,
}

impl Forecast {
    /// None come.
    pub(super) const NOTHING: Self = Self { mean: 0.0, variance: 0.0, count: None };

    /// What the last count weighs: of what was before a change, a twentieth is left after ten counts.
    const WEIGHT: f64 = 0.25;

    /// An item has come. Counts go on `within` so long.
    pub(super) fn arrived(&mut self, within: Duration, now: Timestamp) {
        self.proceed(within, now);
        if let Some(count) = &mut self.count {
            count.items += 1.0;
        }
    }

    /// A batch can leave: counts what comes from now on, unless it is counting.
    pub(super) fn begin(&mut self, within: Duration, now: Timestamp) {
        self.proceed(within, now);
        self.count.get_or_insert(Count { began: now, items: 0.0 });
    }

    fn proceed(&mut self, within: Duration, now: Timestamp) {
        // A clock that went backwards would leave one that never ends.
        self.count.take_if(|count| now < count.began);
        if let Some(count) = self.count.take_if(|count| now.saturating_since(count.began) > within)
        {
            let off = count.items - self.mean;
            self.mean += Self::WEIGHT * off;
            self.variance += Self::WEIGHT * (off * off - self.variance);
        }
    }

    /// How many more are to be expected: what is being counted already has come.
    pub(super) fn more(&self) -> f64 {
        (self.mean - self.count.map_or(0.0, |count| count.items)).max(0.0)
    }

    /// How far counts are from their mean.
    pub(super) fn deviation(&self) -> f64 {
        self.variance.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITHIN: Duration = Duration::from_millis(1);

    fn at(micros: u64) -> Timestamp {
        Timestamp::from_nanos(1_000 * micros)
    }

    /// The first of so many items can leave, and the others come 50 µs apart.
    fn burst(forecast: &mut Forecast, from: u64, items: u64) {
        forecast.arrived(WITHIN, at(from));
        forecast.begin(WITHIN, at(from));
        (1..items).for_each(|nth| forecast.arrived(WITHIN, at(from + 50 * nth)));
    }

    #[test]
    fn learns_how_many_follow_the_first() {
        let mut forecast = Forecast::NOTHING;
        (1..40).for_each(|nth| burst(&mut forecast, 50_000 * nth, 20));
        assert!((forecast.mean - 19.0).abs() < 0.01, "{forecast:?}");
        assert!(forecast.deviation() < 0.1, "{forecast:?}");
    }

    #[test]
    fn what_has_come_already_is_not_expected_again() {
        let mut forecast = Forecast::NOTHING;
        (1..40).for_each(|nth| burst(&mut forecast, 50_000 * nth, 10));
        burst(&mut forecast, 5_000_000, 7);
        assert!((forecast.more() - 3.0).abs() < 0.1, "{forecast:?}");
        burst(&mut forecast, 6_000_000, 15);
        assert_eq!(forecast.more(), 0.0, "more than are expected have come");
    }

    #[test]
    fn is_forgotten_when_nothing_follows_any_more() {
        let mut forecast = Forecast::NOTHING;
        (1..40).for_each(|nth| burst(&mut forecast, 50_000 * nth, 20));
        (1..12).for_each(|nth| burst(&mut forecast, 3_000_000 + 50_000 * nth, 1));
        assert!(forecast.more() < 1.5, "{forecast:?}");
    }

    #[test]
    fn a_clock_that_goes_backwards_does_not_stop_the_counting() {
        let mut forecast = Forecast::NOTHING;
        burst(&mut forecast, 900_000_000, 3);
        (1..20).for_each(|nth| burst(&mut forecast, 50_000 * nth, 8));
        assert!((forecast.mean - 7.0).abs() < 0.5, "{forecast:?}");
    }
}
