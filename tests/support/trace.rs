//! What services are asked for: a few keys often and most rarely; now and then many in turn, and never again.

/// How keys are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trace {
    /// How many keys are asked for again and again.
    pub(crate) keys: usize,
    /// The key of rank n is asked for in proportion to n to the power of minus this (Zipf); 0.6 to 1 is common on the web.
    pub(crate) skew: f64,
    /// Of so many requests, about one begins a scan of 2,000 keys that were never asked for; 0 for none.
    pub(crate) scan_each: u64,
}

/// Keys of scans are those from here on.
const SCANNED: u64 = 1 << 40;
const SCAN: u64 = 2_000;

impl Trace {
    /// So many requests: the keys that are asked for, the same for the same seed.
    pub(crate) fn requests(&self, seed: u64, count: usize) -> Vec<u64> {
        let mut total = 0.0;
        let weights = (1..=self.keys).map(|rank| (rank as f64).powf(-self.skew));
        let up_to: Vec<f64> = weights
            .map(|weight| {
                total += weight;
                total
            })
            .collect();
        let mut random = seed;
        let mut scanned = SCANNED;
        let mut requests = Vec::with_capacity(count);
        while requests.len() < count {
            if self.scan_each > 0 && next(&mut random).is_multiple_of(self.scan_each) {
                requests.extend(scanned..scanned + SCAN);
                scanned += SCAN;
            }
            let at = next(&mut random) as f64 / 2_f64.powi(64) * total;
            requests.push(up_to.partition_point(|sum| *sum < at) as u64);
        }
        requests.truncate(count);
        requests
    }
}

/// splitmix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The share of requests for which `ask` finds the key. Where it does not, it is to store it.
pub(crate) fn hit_ratio(requests: &[u64], mut ask: impl FnMut(u64) -> bool) -> f64 {
    let hits = requests.iter().filter(|key| ask(**key)).count();
    hits as f64 / requests.len() as f64
}
