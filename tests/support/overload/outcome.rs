use super::{
    scenario::{SLO, Scenario},
    steps::MS,
};

/// What became of a scenario.
pub(crate) struct Outcome {
    /// In order, each of [`Outcome::BIN`].
    pub(crate) bins: Vec<Bin>,
    now: u64,
    counts_from: u64,
    /// What the workers could have done, for each change of the scenario: until when, how much.
    supply: Vec<(u64, f64)>,
}

/// What was seen in a tenth of a second.
#[derive(Clone)]
pub(crate) struct Bin {
    /// First attempts.
    pub(crate) asked: u32,
    pub(crate) let_in: u32,
    pub(crate) refused: u32,
    /// Refused though a worker was idle, or though not more was asked for than can be done.
    pub(crate) falsely: u32,
    /// Answered in time.
    pub(crate) good: u32,
    /// What would have been, with what was asked for and what could be done.
    pub(crate) ideal: f64,
    /// At its end.
    pub(crate) limit: Option<usize>,
    pub(crate) in_flight: usize,
    latencies: Box<[u32; BUCKETS]>,
}

/// Buckets of latencies in an octave: each is 3 % wide.
const FINE: u32 = 5;
/// The first octave begins at 16 µs, the last ends at 17 s.
const FIRST: u32 = 14;
const BUCKETS: usize = 20 << FINE;

fn bucket(latency: u64) -> usize {
    let latency = latency.max(1 << FIRST);
    let octave = latency.ilog2();
    let fine = (latency >> (octave - FINE)) as usize & ((1 << FINE) - 1);
    (((octave - FIRST) as usize) << FINE | fine).min(BUCKETS - 1)
}

/// The middle of a bucket.
fn middle(bucket: usize) -> f64 {
    let (octave, fine) = (bucket >> FINE, bucket & ((1 << FINE) - 1));
    let base = f64::from(1 << FIRST) * (octave as f64).exp2();
    base * (1.0 + (fine as f64 + 0.5) / f64::from(1 << FINE))
}

impl Outcome {
    /// How long a bin is.
    pub(crate) const BIN: u64 = 100 * MS;

    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut begin = 0;
        let supply = scenario.changes().into_iter().map(|end| {
            let supply = scenario.supply(begin) * (end - begin) as f64;
            begin = end;
            (end, supply)
        });
        let supply = supply.collect();
        let bins = (0..scenario.length / Self::BIN).map(|nth| {
            let at = nth * Self::BIN;
            let ideal = scenario.demand(at).min(scenario.supply(at)) * Self::BIN as f64;
            Bin::new(ideal)
        });
        Self { bins: bins.collect(), now: 0, counts_from: scenario.counts_from, supply }
    }

    /// Time has come so far; what was so until now.
    pub(super) fn proceed(&mut self, now: u64, limit: Option<usize>, in_flight: usize) {
        let (from, to) = (self.now / Self::BIN, now / Self::BIN);
        self.now = now;
        for nth in from..to {
            let bin = &mut self.bins[nth as usize];
            (bin.limit, bin.in_flight) = (limit, in_flight);
        }
    }

    fn bin(&mut self) -> &mut Bin {
        &mut self.bins[(self.now / Self::BIN) as usize]
    }

    pub(super) fn asked(&mut self) {
        self.bin().asked += 1;
    }

    pub(super) fn let_in(&mut self) {
        self.bin().let_in += 1;
    }

    pub(super) fn refused(&mut self, falsely: bool) {
        let bin = self.bin();
        bin.refused += 1;
        bin.falsely += u32::from(falsely);
    }

    pub(super) fn answered(&mut self, came: u64, now: u64) {
        let counts_from = self.counts_from;
        let bin = self.bin();
        if came >= counts_from {
            bin.latencies[bucket(now - came)] += 1;
        }
        bin.good += u32::from(now - came <= SLO);
    }

    /// Counts as an answer as late as the client has waited.
    pub(super) fn left(&mut self, came: u64, now: u64) {
        if came >= self.counts_from {
            self.bin().latencies[bucket(now - came)] += 1;
        }
    }

    fn between(&self, from: u64, to: u64) -> &[Bin] {
        &self.bins[(from / Self::BIN) as usize..(to / Self::BIN) as usize]
    }

    fn counted(&self) -> &[Bin] {
        self.between(self.counts_from, self.bins.len() as u64 * Self::BIN)
    }

    /// What was answered in time, as a share of what could have been of those requests that came.
    pub(crate) fn goodput(&self) -> f64 {
        let mut ideal = 0.0;
        let mut begin = self.counts_from;
        for &(end, supply) in self.supply.iter().filter(|(end, _)| *end > self.counts_from) {
            let asked: u32 = self.between(begin, end).iter().map(|bin| bin.asked).sum();
            ideal += supply.min(asked.into());
            begin = end;
        }
        let good: u32 = self.counted().iter().map(|bin| bin.good).sum();
        (f64::from(good) / ideal).min(1.0)
    }

    /// The share of what came that was refused without need.
    pub(crate) fn falsely_shed(&self) -> f64 {
        let count = |of: fn(&Bin) -> u32| self.counted().iter().map(of).sum::<u32>();
        f64::from(count(|bin| bin.falsely)) / f64::from(count(|bin| bin.let_in + bin.refused))
    }

    /// In nanoseconds, of requests that were let in.
    pub(crate) fn p99(&self) -> f64 {
        percentile(self.counted(), 0.99)
    }

    /// As [`Outcome::p99`], of answers that came in this time.
    pub(crate) fn p99_between(&self, from: u64, to: u64) -> f64 {
        percentile(self.between(from, to), 0.99)
    }

    /// Goodput as a share of the ideal, by how much too late answers are, and by what was refused without need.
    #[allow(dead_code, reason = "tests hold its parts to goals")]
    pub(crate) fn score(&self) -> f64 {
        self.goodput() * (SLO as f64 / self.p99()).min(1.0) * (1.0 - self.falsely_shed())
    }

    /// After how many nanoseconds from `at` a second follows in which at least nine tenths of the ideal is answered in time,
    /// and 98 of 100 answers are in time; infinite if never.
    pub(crate) fn settles(&self, at: u64) -> f64 {
        let after = self.bins.get((at / Self::BIN) as usize..).unwrap_or_default();
        let settled = after.windows(10).position(|bins| {
            let good: u32 = bins.iter().map(|bin| bin.good).sum();
            let ideal: f64 = bins.iter().map(|bin| bin.ideal).sum();
            f64::from(good) >= 0.9 * ideal && percentile(bins, 0.98) <= SLO as f64
        });
        settled.map_or(f64::INFINITY, |bins| bins as f64 * Self::BIN as f64)
    }
}

fn percentile(bins: &[Bin], share: f64) -> f64 {
    let of = |bucket: usize| bins.iter().map(|bin| u64::from(bin.latencies[bucket])).sum::<u64>();
    let total: u64 = (0..BUCKETS).map(of).sum();
    let rank = (share * total as f64).ceil() as u64;
    let mut seen = 0;
    let found = (0..BUCKETS).find(|bucket| {
        seen += of(*bucket);
        seen >= rank
    });
    found.map_or(0.0, middle)
}

impl Bin {
    fn new(ideal: f64) -> Self {
        Self {
            asked: 0,
            let_in: 0,
            refused: 0,
            falsely: 0,
            good: 0,
            ideal,
            limit: None,
            in_flight: 0,
            latencies: Box::new([0; BUCKETS]),
        }
    }

    /// In nanoseconds.
    #[allow(dead_code, reason = "for plots")]
    pub(crate) fn p99(&self) -> f64 {
        percentile(std::slice::from_ref(self), 0.99)
    }
}
