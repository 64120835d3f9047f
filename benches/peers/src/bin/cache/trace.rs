//! What is asked for: a few keys often and most rarely, now and then many in turn and never again.

use fastrand::Rng;

const SEED: u64 = 0x7765_6972;

/// Keys of scans are those from here on.
const SCANNED: u64 = 1 << 40;

/// How many keys a scan has.
const SCAN: u64 = 2_000;

/// How keys are asked for.
#[derive(Clone, Copy)]
pub(crate) struct Trace {
    /// How many keys are asked for again and again; that of rank n in proportion to 1/n (Zipf).
    pub(crate) keys: u64,
    /// Of so many requests, about one begins a scan; none if it is 0.
    pub(crate) scan_each: u64,
}

impl Trace {
    /// So many requests: keys, from 0 on. The same for the same `variant`.
    pub(crate) fn requests(self, variant: u64, count: usize) -> Vec<u64> {
        let mut total = 0.0;
        let up_to: Vec<f64> = (1..=self.keys)
            .map(|rank| {
                total += 1.0 / rank as f64;
                total
            })
            .collect();
        let mut random = Rng::with_seed(SEED + variant);
        let mut scanned = SCANNED;
        let mut requests = Vec::with_capacity(count + SCAN as usize);
        while requests.len() < count {
            if self.scan_each > 0 && random.u64(..self.scan_each) == 0 {
                requests.extend(scanned..scanned + SCAN);
                scanned += SCAN;
            }
            let at = random.f64() * total;
            requests.push(up_to.partition_point(|sum| *sum < at) as u64);
        }
        requests.truncate(count);
        requests
    }
}
