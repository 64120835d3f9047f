use super::window::Seen;

/// A limit, and how the service did with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) limit: f64,
    /// In a nanosecond.
    pub(super) rate: f64,
    answers: f64,
    /// In nanoseconds.
    pub(super) rtt: f64,
}

/// What was changed to learn from it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Experiment {
    /// The limit falls since it was there, as latency asks for it.
    Shrinking { from: Point },
    /// It is back where it began to fall, since throughput fell with it; this is where it was least, and what the latency of
    /// an empty service was taken for then.
    Restored { least: Point, base: f64 },
    /// It is lower for a window, to see the latency of an empty service.
    Lowered { from: Point },
}

/// What a difference in throughput must be, in standard errors, to say something.
pub(super) const SURE: f64 = 1.5;

impl Point {
    pub(super) fn new(limit: f64, seen: &Seen) -> Self {
        Self { limit, rate: seen.rate, answers: seen.answers, rtt: seen.log.exp() }
    }

    /// By how much the logarithm of the limit is above that of another.
    pub(super) fn above(self, other: Self) -> f64 {
        (self.limit / other.limit).ln()
    }

    /// Whether throughput went up with the limit from `lower` to here: positive if it went up by more than half as much, in
    /// standard errors, and negative if by less.
    ///
    /// It goes up as much where nothing waits, and not at all where a queue only grows.
    pub(super) fn gained_over(self, lower: Self) -> f64 {
        let gain = (self.rate / lower.rate).ln() - 0.5 * self.above(lower);
        // As if each answer came at a random moment; the answers of a busy worker are a little more regular.
        gain / (1.0 / self.answers + 1.0 / lower.answers).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(limit: f64, rate: f64) -> Point {
        Point { limit, rate, answers: 200.0, rtt: 1e7 }
    }

    #[test]
    fn throughput_that_follows_the_limit_is_a_gain() {
        assert!(point(20.0, 2.0).gained_over(point(10.0, 1.0)) > 3.0);
        assert!(point(20.0, 1.0).gained_over(point(10.0, 1.0)) < -3.0);
        assert!(point(20.0, 2_f64.sqrt()).gained_over(point(10.0, 1.0)).abs() < 1e-9);
    }

    #[test]
    fn a_few_answers_are_little_evidence() {
        let few = |limit, rate| Point { answers: 8.0, ..point(limit, rate) };
        let (many, few) = (
            point(20.0, 2.0).gained_over(point(10.0, 1.0)),
            few(20.0, 2.0).gained_over(few(10.0, 1.0)),
        );
        assert!((many / few - 5.0).abs() < 1e-9, "{many} {few}");
    }
}
