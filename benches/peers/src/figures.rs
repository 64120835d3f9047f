use std::collections::HashMap;

use crate::{area::Area, callgrind};

/// What was measured of the cases of an area.
pub struct Figures<'a> {
    area: &'a Area,
    quick: bool,
    times: HashMap<&'static str, Spread>,
}

/// Quartiles.
struct Spread([f64; 3]);

impl<'a> Figures<'a> {
    pub(crate) fn new(area: &'a Area, quick: bool) -> Self {
        Self { area, quick, times: HashMap::new() }
    }

    pub(crate) fn insert(&mut self, case: &'static str, mut samples: Vec<f64>) {
        samples.sort_by(f64::total_cmp);
        let quartiles = [1, 2, 3].map(|quarter| samples[(samples.len() - 1) * quarter / 4]);
        self.times.insert(case, Spread(quartiles));
    }

    /// Whether less of the work is to be done.
    pub fn is_quick(&self) -> bool {
        self.quick
    }

    /// Nanoseconds an iteration of `case` took: the median of its rounds.
    ///
    /// # Panics
    ///
    /// If the area has no such case.
    pub fn ns(&self, case: &str) -> f64 {
        let Some(Spread([_, median, _])) = self.times.get(case) else {
            panic!("no case `{case}` was timed")
        };
        *median
    }

    /// Allocations in each iteration of `case`, preparations included.
    ///
    /// # Panics
    ///
    /// If the area has no such case.
    pub fn allocations(&self, case: &str) -> f64 {
        let Some(case) = self.area.case(case) else { panic!("there is no case `{case}`") };
        case.allocations()
    }

    /// Instructions in each iteration of `case`, in what is [`timed`](crate::timed), as valgrind counts them.
    ///
    /// # Panics
    ///
    /// If valgrind fails.
    pub fn instructions(&self, case: &str) -> f64 {
        callgrind::instructions(case).unwrap_or_else(|error| panic!("case `{case}`: {error}"))
    }

    /// How far the middle half of the rounds was apart, as a share of the median: that of a typical case, if any was timed.
    pub(crate) fn noise(&self) -> Option<f64> {
        let spreads = self.times.values().map(|Spread([low, median, high])| (high - low) / median);
        let mut spreads: Vec<_> = spreads.collect();
        spreads.sort_by(f64::total_cmp);
        spreads.get(spreads.len() / 2).copied()
    }
}
