//! Durations as small pictures.

use std::iter;

use super::words::chars;
use crate::profile::Histogram;

/// How many characters a picture has.
const WIDTH: usize = 28;

/// The logarithmic scale that all pictures of a table share.
pub(super) struct Axis {
    /// Natural logarithms of nanoseconds.
    from: f64,
    to: f64,
}

impl Axis {
    /// `None` if there is nothing to show on it.
    pub(super) fn over<'a>(histograms: impl Iterator<Item = &'a Histogram>) -> Option<Self> {
        let ranges = histograms.flat_map(Histogram::buckets).map(|(range, _)| range);
        let (from, to) = ranges
            .map(|range| (range.start, range.end))
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
        // Below the least bucket's end there is nothing to be told apart.
        let [from, to] = [from, to].map(|end| (end.as_nanos() as f64).max(16.0).ln());
        // Not so narrow that a bucket is wider than a character.
        let missing = (10_f64.ln() - (to - from)).max(0.0);
        Some(Self { from: from - missing / 2.0, to: to + missing / 2.0 })
    }

    /// Where in a picture a number of nanoseconds is.
    fn cell(&self, nanos: f64) -> usize {
        let share = (nanos.max(1.0).ln() - self.from) / (self.to - self.from);
        (share * WIDTH as f64).clamp(0.0, WIDTH as f64 - 1.0) as usize
    }

    /// A line with marks at powers of ten, or more often if it is shorter than two of them. Each mark is above what it is for.
    pub(super) fn legend(&self) -> String {
        let powers = || iter::successors(Some(1_u64), |power| power.checked_mul(10));
        let within = |nanos: &u64| (self.from..=self.to).contains(&(*nanos as f64).ln());
        let mut marks: Vec<_> = powers().filter(within).collect();
        if self.to - self.from < 100_f64.ln() {
            let parts = powers().flat_map(|power| [1, 2, 5].map(|part| power.checked_mul(part)));
            marks = parts.flatten().filter(within).collect();
        }
        let mut line = ['─'; WIDTH];
        for mark in &marks {
            line[self.cell(*mark as f64)] = '┬';
        }
        // Those of whole units first, in place of marks if there is no room for both.
        let (whole, others): (Vec<u64>, Vec<_>) =
            marks.into_iter().partition(|mark| [1, 1_000, 1_000_000, 1_000_000_000].contains(mark));
        for (marks, room) in [(whole, &['─', '┬'][..]), (others, &['─'])] {
            for mark in marks {
                let (label, start) = (label(mark), self.cell(mark as f64) + 1);
                let Some(place) = line.get_mut(start..start + chars(&label)) else { continue };
                if place.iter().all(|char| room.contains(char)) {
                    place.iter_mut().zip(label.chars()).for_each(|(place, char)| *place = char);
                }
            }
        }
        line.iter().collect()
    }

    /// The higher, the more: by the square root, so that a tail of one in a hundred is still to be seen.
    pub(super) fn picture(&self, histogram: &Histogram) -> String {
        const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let mut cells = [0_u64; WIDTH];
        for (range, count) in histogram.buckets() {
            cells[self.cell((range.start + range.end).as_nanos() as f64 / 2.0)] += count;
        }
        let most = cells.iter().copied().max().unwrap_or(0).max(1) as f64;
        let block = |count: u64| {
            let height = (count as f64 / most).sqrt() * (BLOCKS.len() - 1) as f64;
            BLOCKS[height.ceil() as usize]
        };
        cells.map(block).iter().collect()
    }
}

/// A number that is whole in its unit.
fn label(nanos: u64) -> String {
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns")];
    let unit = units.into_iter().find(|(size, _)| nanos >= *size);
    unit.map(|(size, unit)| format!("{}{unit}", nanos / size)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// One above the other: the marks, and the picture of one duration for each number of nanoseconds.
    fn drawn(nanos: &[u64]) -> String {
        let mut histogram = Histogram::default();
        nanos.iter().for_each(|nanos| histogram.record(Duration::from_nanos(*nanos)));
        let axis = Axis::over([&histogram].into_iter()).unwrap();
        format!("{}\n{}", axis.legend(), axis.picture(&histogram).trim_end())
    }

    #[test]
    fn marks_stand_where_their_durations_are_drawn() {
        let of = |nanos: &[u64], expected: [&str; 2]| assert_eq!(drawn(nanos), expected.join("\n"));
        of(&[1_000_000], ["─────┬500µs──┬1ms─────┬2ms──", "              █"]);
        of(
            &[10_000_000, 100_000_000],
            ["┬10ms───┬20ms──────┬50ms───┬", "█                          █"],
        );
        of(
            &[100, 1_000, 1_000_000, 1_000_000_000, 3_600_000_000_000],
            ["┬─┬1µs─┬──┬1ms─┬──┬1s┬─┬──┬─", "█ █       █       █        █"],
        );
        of(&[0], ["────────┬10ns───┬20ns──────┬", "     █"]);
        of(&[u64::MAX], ["──────┬10000000000s─────────", "              █"]);
    }

    #[test]
    fn the_more_the_higher_and_few_are_seen_beside_many() {
        let mut histogram = Histogram::default();
        for (count, millis) in [(10_000, 1), (2_500, 10), (1, 100)] {
            (0..count).for_each(|_| histogram.record(Duration::from_millis(millis)));
        }
        let picture = Axis::over([&histogram].into_iter()).unwrap().picture(&histogram);
        let blocks: Vec<_> = picture.split_whitespace().collect();
        assert_eq!(blocks, ["█", "▄", "▁"]);
        assert!(Axis::over(std::iter::empty()).is_none());
    }
}
