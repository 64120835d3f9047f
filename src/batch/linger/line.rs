use std::time::Duration;

/// How long a batch takes by its size: `fixed + each · size`, by least squares over about the last [`BATCHES`](Self::BATCHES),
/// of which the older ones weigh less.
///
/// Means and the deviations from them are kept: sums of squares would lose what they differ by (D. H. D. West, "Updating mean
/// and variance estimates: an improved method", Communications of the ACM 22(9), 1979).
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// How many batches the means stand for.
    weight: f64,
    size: f64,
    /// In seconds.
    took: f64,
    /// Of the sizes, from their mean, squared.
    spread: f64,
    /// Of the sizes, times that of the times.
    slant: f64,
}

impl Line {
    /// Nothing is known.
    pub(super) const UNKNOWN: Self =
        Self { weight: 0.0, size: 0.0, took: 0.0, spread: 0.0, slant: 0.0 };

    const BATCHES: f64 = 50.0;
    const KEPT: f64 = 1.0 - 1.0 / Self::BATCHES;

    /// What takes longer than so many times what was foretold counts as that. Otherwise one call that hung for ten seconds
    /// would be all that is known for long. A service that has become slower in earnest is followed all the same, in steps.
    const OUTLIER: f64 = 4.0;

    /// Added to the spread, as a batch of one item more or less than the mean that took no longer would: as long as sizes
    /// hardly differ, time is taken to be fixed. The contrary, that all of it is the items', would be worse: nothing would be
    /// gained by waiting then, so sizes would stay as they are, and nothing would ever show the error.
    const DOUBT: f64 = 1.0;

    /// A batch has ended.
    pub(super) fn add(&mut self, size: usize, took: Duration) {
        let (size, took) = (size as f64, took.as_secs_f64());
        let most = self.at(size).map_or(f64::INFINITY, |foretold| Self::OUTLIER * foretold);
        // Zero would be an end: no multiple of it is more.
        let took = took.min(most).max(1e-9);
        let before = Self::KEPT * self.weight;
        self.weight = before + 1.0;
        let (by_size, by_took) = (size - self.size, took - self.took);
        let share = before / self.weight;
        self.spread = Self::KEPT * self.spread + share * by_size * by_size;
        self.slant = Self::KEPT * self.slant + share * by_size * by_took;
        self.size += by_size / self.weight;
        self.took += by_took / self.weight;
    }

    /// How long a batch takes on average, in seconds.
    pub(super) fn mean(&self) -> f64 {
        self.took
    }

    /// How much longer it takes with each item, in seconds: never less than nothing, nor so much that an empty one would.
    pub(super) fn each(&self) -> f64 {
        let most = if self.size > 0.0 { self.took / self.size } else { 0.0 };
        (self.slant / (self.spread + Self::DOUBT)).clamp(0.0, most)
    }

    /// How long a batch of `size` takes, in seconds; `None` before the first has ended.
    pub(super) fn at(&self, size: f64) -> Option<f64> {
        (self.weight > 0.0).then(|| self.took + self.each() * (size - self.size))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(batches: impl IntoIterator<Item = (usize, f64)>) -> Line {
        let mut line = Line::UNKNOWN;
        for (size, millis) in batches {
            line.add(size, Duration::from_secs_f64(millis / 1e3));
        }
        line
    }

    fn millis(line: &Line, size: usize) -> f64 {
        line.at(size as f64).unwrap() * 1e3
    }

    /// Within so much of it.
    fn near(value: f64, of: f64, share: f64) -> bool {
        (value / of - 1.0).abs() <= share
    }

    #[test]
    fn nothing_is_known_before_the_first_batch() {
        assert_eq!(Line::UNKNOWN.at(1.0), None);
        assert_eq!(Line::UNKNOWN.each(), 0.0);
        assert!(near(millis(&line([(3, 7.0)]), 3), 7.0, 1e-9));
    }

    #[test]
    fn time_is_taken_to_be_fixed_as_long_as_all_batches_are_of_one_size() {
        let line = line([(8, 4.0); 500]);
        assert_eq!(line.each(), 0.0);
        assert!(near(millis(&line, 64), 4.0, 1e-9));
    }

    #[test]
    fn what_an_item_costs_is_not_forgotten_at_once_when_sizes_differ_no_more() {
        let sizes = (0..200).map(|nth| 1 + nth % 32).chain([16; 100]);
        let line = line(sizes.map(|size| (size, 2.0 + 0.5 * size as f64)));
        assert!(near(line.each(), 0.5e-3, 0.05), "{line:?}");
    }

    #[test]
    fn a_call_that_hung_is_outweighed_soon() {
        let mut line = line((0..100).map(|nth| (1 + nth % 10, 5.0)));
        line.add(4, Duration::from_secs(10));
        assert!(millis(&line, 64) < 12.0, "{line:?}");
        (0..100).for_each(|nth| line.add(1 + nth % 10, Duration::from_millis(5)));
        assert!(near(millis(&line, 5), 5.0, 0.02), "{line:?}");
    }

    #[test]
    fn a_service_that_has_become_a_hundred_times_slower_is_followed() {
        let slower = (0..400).map(|nth| (1 + nth % 10, if nth < 100 { 1.0 } else { 100.0 }));
        assert!(near(millis(&line(slower), 5), 100.0, 0.02));
        let faster = (0..500).map(|nth| (1 + nth % 10, if nth < 100 { 100.0 } else { 1.0 }));
        assert!(near(millis(&line(faster), 5), 1.0, 0.05));
    }

    #[test]
    fn items_never_save_time_and_an_empty_batch_never_costs_less_than_nothing() {
        let falling = line((0..100).map(|nth| (1 + nth % 10, 10.0 - (nth % 10) as f64)));
        assert_eq!(falling.each(), 0.0);
        let squares = line((0..100).map(|nth| (1 + nth % 10, ((1 + nth % 10) as f64).powi(2))));
        assert!(squares.at(0.0).unwrap() >= -1e-12, "{squares:?}");
    }

    #[test]
    fn calls_that_take_no_time_at_all_do_not_hide_those_that_do() {
        let line = line((0..1_000).map(|nth| (1, if nth < 100 { 0.0 } else { 1.0 })));
        assert!(near(millis(&line, 1), 1.0, 0.02), "{line:?}");
    }

    proptest! {
        #[test]
        fn what_is_fixed_and_what_an_item_costs_are_found_under_noise(
            fixed in 0.1..10.0_f64,
            each in 0.05..1.0_f64,
            sizes in prop::collection::vec(1..64_usize, 400),
            noise in prop::collection::vec(0.9..1.1_f64, 400),
        ) {
            let takes = |size: usize| fixed + each * size as f64;
            let line = line(sizes.iter().zip(&noise).map(|(size, noise)| (*size, noise * takes(*size))));
            for size in [1, 32, 64] {
                let off = (millis(&line, size) - takes(size)).abs();
                prop_assert!(off < 0.1 * takes(32), "{line:?} at {size}");
            }
            prop_assert!(near(line.each() * 1e3, each, 0.25), "{line:?}");
        }

        #[test]
        fn what_is_foretold_is_always_a_time(
            batches in prop::collection::vec((0..10_000_usize, prop_oneof![Just(0), 0..u64::MAX]), 1..100),
            size in 0..10_000_usize,
        ) {
            let mut line = Line::UNKNOWN;
            for (size, nanos) in batches {
                line.add(size, Duration::from_nanos(nanos));
                let foretold = line.at(size as f64).unwrap();
                prop_assert!(foretold.is_finite() && foretold >= -1e-6, "{line:?}");
            }
            prop_assert!(line.at(size as f64).unwrap().is_finite());
        }
    }
}
