//! Durations by how long they are, in buckets whose width grows with them.

use std::{fmt, ops::Range, time::Duration};

use crate::clock::nanos;

/// How many steps each doubling is divided into, as a power of two.
const STEP_BITS: u32 = if cfg!(weir_loom) { 1 } else { 6 };
/// The least step is 16 ns.
const UNIT_BITS: u32 = 4;
/// Buckets in a block.
pub(super) const STEPS: usize = 1 << STEP_BITS;
/// Blocks that hold any 64 bits of nanoseconds: one whose steps are all 16 ns, then one for each doubling.
pub(super) const BLOCKS: usize =
    if cfg!(weir_loom) { 1 } else { (u64::BITS - UNIT_BITS - STEP_BITS + 1) as usize };

/// The bucket of a number of nanoseconds: its block, and its step there.
#[inline]
pub(super) fn place(nanos: u64) -> (usize, usize) {
    let units = nanos >> UNIT_BITS;
    let doublings = (u64::BITS - (units >> STEP_BITS).leading_zeros()) as usize;
    let shift = doublings.saturating_sub(1);
    (doublings, (units >> shift) as usize % STEPS)
}

/// How often durations of about each length occurred.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::profile::Histogram;
///
/// let mut latencies = Histogram::default();
/// for millis in 1..=100 {
///     latencies.record(Duration::from_millis(millis));
/// }
/// let p99 = latencies.quantile(0.99).unwrap();
/// assert!((Duration::from_micros(98_200)..Duration::from_micros(99_800)).contains(&p99));
/// ```
///
/// The buckets are log-linear: each doubling of the duration is divided into 64 equal steps. A quantile is the middle of a
/// bucket, so it is off by 0.8 % at most from 1 µs up to any duration, and by 8 ns below; the mean and the ends are exact.
/// Only buckets that hold something take memory, 8 bytes each. Histograms of the same kind of thing can be
/// [merged](Histogram::merge) without loss, unlike quantiles.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// By index, none empty.
    buckets: Vec<Bucket>,
    /// Nanoseconds.
    sum: u128,
    ends: Ends,
}

/// The shortest and the longest duration of a time that may have begun before those of the buckets, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) min: u64,
    pub(super) max: u64,
}

impl Default for Ends {
    /// Of nothing.
    fn default() -> Self {
        Self { min: u64::MAX, max: 0 }
    }
}

impl Ends {
    pub(super) fn of(nanos: u64) -> Self {
        Self { min: nanos, max: nanos }
    }

    pub(super) fn widen(&mut self, other: Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

/// A count and an index above it, so that buckets are small and sort by index.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Bucket(u64);

const COUNT_BITS: u32 = 52;

impl Bucket {
    fn new(index: usize, count: u64) -> Self {
        Self((index as u64) << COUNT_BITS | count.min((1 << COUNT_BITS) - 1))
    }

    fn index(self) -> usize {
        (self.0 >> COUNT_BITS) as usize
    }

    fn count(self) -> u64 {
        self.0 & ((1 << COUNT_BITS) - 1)
    }

    /// Its least nanoseconds, and how many it spans.
    fn span(self) -> (u64, u64) {
        let (doublings, step) = (self.index() / STEPS, (self.index() % STEPS) as u64);
        match doublings.checked_sub(1) {
            None => (step << UNIT_BITS, 1 << UNIT_BITS),
            Some(shift) => {
                let width = 1 << (UNIT_BITS as usize + shift);
                ((STEPS as u64 + step) * width, width)
            }
        }
    }

    fn middle(self) -> u64 {
        let (start, width) = self.span();
        start + width / 2
    }

    /// An end, if it lies in this bucket; the middle otherwise, as it is of an earlier time then.
    fn end(self, nanos: u64) -> u64 {
        let (start, width) = self.span();
        if nanos.checked_sub(start).is_some_and(|above| above < width) {
            nanos
        } else {
            self.middle()
        }
    }
}

impl Histogram {
    /// Counts a duration.
    pub fn record(&mut self, duration: Duration) {
        let (block, step) = place(nanos(duration));
        let index = block * STEPS + step;
        match self.buckets.binary_search_by_key(&index, |bucket| bucket.index()) {
            Ok(at) => self.buckets[at] = Bucket::new(index, self.buckets[at].count() + 1),
            Err(at) => self.buckets.insert(at, Bucket::new(index, 1)),
        }
        self.sum += duration.as_nanos();
        self.ends.widen(Ends::of(nanos(duration)));
    }

    /// How many durations there are.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.count()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Their exact mean; `None` if there are none.
    pub fn mean(&self) -> Option<Duration> {
        let mean = self.sum.checked_div(self.count().into())?;
        Some(Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)))
    }

    /// The shortest; `None` if there are none.
    ///
    /// It is exact, but of a window it is right within 0.8 % if a still shorter one came before.
    pub fn min(&self) -> Option<Duration> {
        self.buckets.first().map(|bucket| Duration::from_nanos(bucket.end(self.ends.min)))
    }

    /// The longest; `None` if there are none.
    ///
    /// It is exact, but of a window it is right within 0.8 % if a still longer one came before.
    pub fn max(&self) -> Option<Duration> {
        self.buckets.last().map(|bucket| Duration::from_nanos(bucket.end(self.ends.max)))
    }

    /// The shortest duration that the share `q` of all do not exceed, by the nearest rank: of a hundred, `0.99` is the 99th.
    /// `None` if there are none. A share out of `0..=1` is taken for the nearer end.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        self.quantiles([q]).map(|[quantile]| quantile)
    }

    /// Those of several shares, which rise, in one go.
    pub(super) fn quantiles<const N: usize>(&self, shares: [f64; N]) -> Option<[Duration; N]> {
        let (count, min, max) = (self.count(), self.min()?, self.max()?);
        let (mut below, mut buckets) = (0, self.buckets.iter().peekable());
        Some(shares.map(|q| {
            // Not the least below it, where the product is a whole number but for the last bit.
            let rank = (q.clamp(0.0, 1.0) * count as f64 * (1.0 - f64::EPSILON)).ceil() as u64;
            if rank <= 1 {
                return min;
            }
            if rank >= count {
                return max;
            }
            while let Some(bucket) = buckets.next_if(|bucket| below + bucket.count() < rank) {
                below += bucket.count();
            }
            // What is in the bucket of an end does not lie beyond it.
            let middle = buckets.peek().map_or(max, |bucket| Duration::from_nanos(bucket.middle()));
            middle.clamp(min, max)
        }))
    }

    /// Adds all durations of another.
    pub fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.ends.widen(other.ends);
        self.combine(other, |ours, theirs| ours + theirs);
    }

    /// All durations of many, in one go.
    pub(super) fn sum<'a>(all: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let ends = all.clone().filter_map(|one| Some((one.buckets.first()?, one.buckets.last()?)));
        let ends = ends.map(|(first, last)| (first.index(), last.index()));
        let range = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let Some((first, last)) = range else { return Self::default() };
        let mut counts = vec![0; last - first + 1];
        let mut sum = Self::default();
        for one in all {
            for bucket in &one.buckets {
                counts[bucket.index() - first] += bucket.count();
            }
            sum.sum += one.sum;
            sum.ends.widen(one.ends);
        }
        let counted = counts.into_iter().enumerate().filter(|(_, count)| *count > 0);
        sum.buckets = counted.map(|(at, count)| Bucket::new(first + at, count)).collect();
        sum
    }

    /// The ranges that hold any durations, with how many, the shortest first.
    pub fn buckets(&self) -> impl Iterator<Item = (Range<Duration>, u64)> {
        self.buckets.iter().map(|bucket| {
            let (start, width) = bucket.span();
            let end = start.saturating_add(width);
            (Duration::from_nanos(start)..Duration::from_nanos(end), bucket.count())
        })
    }

    /// Adds `count` durations of a bucket that comes after all that are there.
    pub(super) fn push(&mut self, block: usize, step: usize, count: u64) {
        if count > 0 {
            self.buckets.push(Bucket::new(block * STEPS + step, count));
        }
    }

    pub(super) fn add(&mut self, sum: u64, ends: Ends) {
        self.sum += u128::from(sum);
        self.ends.widen(ends);
    }

    /// What came since `earlier`, of which nothing may be missing here, but for sums that have wrapped at 64 bits.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let mut since = self.clone();
        since.sum = u128::from((self.sum as u64).wrapping_sub(earlier.sum as u64));
        since.combine(earlier, u64::saturating_sub);
        if since.is_empty() {
            since.ends = Ends::default();
        }
        since
    }

    /// Sets each count to what `f` makes of both.
    fn combine(&mut self, other: &Self, f: impl Fn(u64, u64) -> u64) {
        if other.is_empty() {
            return;
        }
        let mut combined = Vec::with_capacity(self.buckets.len() + other.buckets.len());
        let (mut ours, mut theirs) = (&*self.buckets, &*other.buckets);
        loop {
            let index = match (ours.first(), theirs.first()) {
                (Some(a), Some(b)) => a.index().min(b.index()),
                (Some(one), None) | (None, Some(one)) => one.index(),
                (None, None) => break,
            };
            let count = f(take(&mut ours, index), take(&mut theirs, index));
            if count > 0 {
                combined.push(Bucket::new(index, count));
            }
        }
        // Windows keep many of them for long.
        combined.shrink_to_fit();
        self.buckets = combined;
    }
}

/// Takes the first bucket's count if it is the one at `index`.
fn take(buckets: &mut &[Bucket], index: usize) -> u64 {
    match buckets.split_first() {
        Some((first, rest)) if first.index() == index => {
            *buckets = rest;
            first.count()
        }
        _ => 0,
    }
}

impl Extend<Duration> for Histogram {
    fn extend<I: IntoIterator<Item = Duration>>(&mut self, durations: I) {
        durations.into_iter().for_each(|duration| self.record(duration));
    }
}

impl FromIterator<Duration> for Histogram {
    fn from_iter<I: IntoIterator<Item = Duration>>(durations: I) -> Self {
        let mut histogram = Self::default();
        histogram.extend(durations);
        histogram
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("min", &self.min())
            .field("p50", &self.quantile(0.5))
            .field("max", &self.max())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_a_gap_up_to_the_last_nanosecond() {
        let spans = (0..BLOCKS * STEPS).map(|index| Bucket::new(index, 1).span());
        let mut next = 0_u64;
        for (index, (start, width)) in spans.enumerate() {
            assert_eq!(start, next, "bucket {index}");
            for nanos in [start, start + width / 2, start + (width - 1)] {
                let (block, step) = place(nanos);
                assert_eq!(block * STEPS + step, index, "{nanos} ns");
            }
            // The last ends where 64 bits do.
            next = start.wrapping_add(width);
        }
        assert_eq!(next, 0);
        assert_eq!(place(u64::MAX), (BLOCKS - 1, STEPS - 1));
    }

    #[test]
    fn what_came_since_is_told_although_the_sum_has_wrapped() {
        let mut cells = Histogram::default();
        cells.push(3, 7, 5);
        cells.add(u64::MAX - 10, Ends::default());
        let earlier = cells.clone();
        cells = Histogram::default();
        cells.push(3, 7, 6);
        cells.push(4, 0, 1);
        cells.add(89, Ends::default());
        let since = cells.since(&earlier);
        assert_eq!((since.count(), since.sum), (2, 100));
    }
}
