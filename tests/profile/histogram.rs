//! Quantiles beside sorted truth.

use proptest::prelude::*;
use tower_weir::profile::Histogram;

use super::*;

const QUANTILES: [f64; 9] = [0.0, 0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0];

/// The value at the nearest rank.
fn truth(sorted: &[u64], q: f64) -> f64 {
    let rank = (q * sorted.len() as f64 - 1e-9).ceil().max(1.0);
    sorted[rank as usize - 1] as f64
}

fn check(nanos: Vec<u64>) {
    let histogram: Histogram = nanos.iter().map(|nanos| Duration::from_nanos(*nanos)).collect();
    let mut sorted = nanos;
    sorted.sort_unstable();
    for q in QUANTILES {
        let (expected, found) =
            (truth(&sorted, q), histogram.quantile(q).unwrap().as_nanos() as f64);
        let error = (found - expected).abs();
        assert!(error <= (expected * 0.01).max(8.0), "q {q}: {found} instead of {expected}");
    }
    let sum: u128 = sorted.iter().map(|nanos| u128::from(*nanos)).sum();
    assert_eq!(histogram.mean().unwrap().as_nanos(), sum / sorted.len() as u128);
    assert_eq!(histogram.count(), sorted.len() as u64);
    let ends = [histogram.min(), histogram.max()].map(|end| end.unwrap().as_nanos() as u64);
    assert_eq!(ends, [sorted[0], sorted[sorted.len() - 1]]);
    assert_eq!([0.0, 1.0].map(|q| histogram.quantile(q)), [histogram.min(), histogram.max()]);
}

/// `SplitMix64` (Steele, Lea and Flood, 2014), as numbers in `0..1`.
fn uniform(seed: u64) -> impl Iterator<Item = f64> {
    (1..).map(move |n: u64| {
        let mut z = seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    })
}

/// By the method of Box and Muller (1958).
fn normal(seed: u64) -> impl Iterator<Item = f64> {
    uniform(seed)
        .zip(uniform(!seed))
        .map(|(a, b)| (-2.0 * (1.0 - a).ln()).sqrt() * (std::f64::consts::TAU * b).cos())
}

const SAMPLES: usize = 100_000;

#[test]
fn log_normal_latencies() {
    // A median of 5 ms.
    check(normal(1).take(SAMPLES).map(|z| (5e6 * (0.8 * z).exp()) as u64).collect());
}

#[test]
fn bimodal_latencies() {
    // Hits of a cache, and misses.
    let latency = |(z, u): (f64, f64)| if u < 0.9 { 80e3 + 5e3 * z } else { 40e6 + 4e6 * z };
    check(normal(2).zip(uniform(3)).take(SAMPLES).map(latency).map(|nanos| nanos as u64).collect());
}

#[test]
fn heavy_tailed_latencies() {
    // Pareto with an exponent of 1.1, from 1 ms on: hours are among them.
    check(uniform(4).take(SAMPLES).map(|u| (1e6 * (1.0 - u).powf(-1.0 / 1.1)) as u64).collect());
}

#[test]
fn latencies_that_are_all_the_same() {
    for nanos in [0, 1, 999, 1_000, 1_001, 123_456_789, 600_000_000_000, u64::MAX / 2] {
        check(vec![nanos; 1_000]);
    }
}

#[test]
fn of_nothing_nothing_is_known() {
    let nothing = Histogram::default();
    assert!(nothing.is_empty());
    assert_eq!((nothing.count(), nothing.mean(), nothing.max()), (0, None, None));
    assert_eq!(nothing.quantile(0.5), None);
}

#[test]
fn shares_out_of_range_are_the_ends() {
    let histogram: Histogram = [millis(1), millis(9)].into_iter().collect();
    assert_eq!(histogram.quantile(-1.0), histogram.min());
    assert_eq!(histogram.quantile(7.0), histogram.max());
    assert_eq!(histogram.quantile(f64::NAN), histogram.min());
}

proptest! {
    #[test]
    fn any_latencies(nanos in prop::collection::vec(0_u64..1 << 50, 1..300)) {
        check(nanos);
    }

    #[test]
    fn merging_is_as_if_all_had_been_recorded_in_one(
        a in prop::collection::vec(0_u64..1 << 40, 0..100),
        b in prop::collection::vec(0_u64..1 << 20, 0..100),
    ) {
        let of = |nanos: &[u64]| -> Histogram {
            nanos.iter().map(|nanos| Duration::from_nanos(*nanos)).collect()
        };
        let mut merged = of(&a);
        merged.merge(&of(&b));
        prop_assert_eq!(merged, of(&[a, b].concat()));
    }
}
