//! How far quantiles are off, from the request to the snapshot.

use std::time::Duration;

use http::Request;
use http_body_util::Empty;
use tower::Layer;
use tower_weir::{
    clock::Clock,
    profile::{Profile, ProfileLayer, Window},
};
use tower_weir_peers::{Recorder, Row, Section, exchange};

use crate::{record::hdr, requests::Takes, samples::Shape};

const SAMPLES: usize = 1_000_000;

/// Those that a snapshot has; the last is the longest.
const SHARES: [f64; 6] = [0.5, 0.9, 0.95, 0.99, 0.999, 1.0];

pub(crate) fn section() -> Section {
    let row = |name, shape: Shape| {
        let samples: Vec<_> = shape.samples().take(SAMPLES).collect();
        let truth = truth(&samples);
        Row::new(name, "%", 100.0 * worst(&Recorder::None.during(|| ours(&samples)), &truth))
            .beside("hdrhistogram, 2 digits", 100.0 * worst(&peer(&samples), &truth))
            .at_most(1.0)
            .promised()
    };
    Section {
        name: "quantiles",
        about: "how far the worst of p50, p90, p95, p99, p99.9 and max in a snapshot is off, after 1 M requests"
            .to_owned(),
        rows: vec![
            row("log-normal", Shape::LogNormal),
            row("bimodal", Shape::Bimodal),
            row("heavy-tailed", Shape::HeavyTailed),
        ],
    }
}

/// By the nearest rank.
fn truth(samples: &[u64]) -> [f64; SHARES.len()] {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    SHARES.map(|share| sorted[(share * SAMPLES as f64).round() as usize - 1] as f64)
}

/// Each request takes exactly its time.
fn ours(samples: &[u64]) -> [f64; SHARES.len()] {
    let (clock, hand) = Clock::manual();
    let profile = Profile::new().clock(clock);
    let service = ProfileLayer::new(profile.clone()).layer(Takes(hand));
    for &nanos in samples {
        let mut request = Request::new(Empty::new());
        request.extensions_mut().insert(Duration::from_nanos(nanos));
        exchange(&service, request);
    }
    let snapshot = profile.snapshot();
    let stats = snapshot.routes[0].stats(Window::Lifetime);
    assert_eq!(stats.count, SAMPLES as u64);
    let latency = stats.latency.as_ref().expect("there are requests");
    [latency.p50, latency.p90, latency.p95, latency.p99, latency.p999, latency.max]
        .map(|duration| duration.as_nanos() as f64)
}

fn peer(samples: &[u64]) -> [f64; SHARES.len()] {
    let mut histogram = hdr();
    samples.iter().for_each(|&nanos| histogram.saturating_record(nanos));
    SHARES.map(|share| histogram.value_at_quantile(share) as f64)
}

fn worst(quantiles: &[f64], truth: &[f64]) -> f64 {
    let off = quantiles.iter().zip(truth).map(|(is, truth)| (is / truth - 1.0).abs());
    off.fold(0.0, f64::max)
}
