//! How often what is asked for is stored, beside caches with room for as many.

use http::Uri;
use tower::Layer;
use tower_weir::cache::{CacheLayer, MemoryStore, Store};
use tower_weir_peers::{Figures, Row, Section};

use crate::{
    drive::{exchange, runtime},
    page::{Page, request, uri},
    trace::Trace,
};

/// Bytes that all entries may take.
const BYTES: u64 = 8 << 20;

pub(crate) fn section(figures: &Figures) -> Section {
    let count = if figures.is_quick() { 100_000 } else { 500_000 };
    eprintln!("hit ratios");
    let entries = fits();
    let traces = [
        ("Zipf", Trace { keys: 20 * entries, scan_each: 0 }),
        ("Zipf and scans", Trace { keys: 20 * entries, scan_each: 6_000 }),
    ];
    let rows = traces.into_iter().flat_map(|(name, trace)| {
        let requests = trace.requests(0, count);
        let ours = layer(&requests);
        let (moka, weighed) = (moka(entries, &requests), moka_weighed(entries, &requests));
        let quick = quick_cache(entries, &requests);
        let row = |peer, misses| {
            Row::new(format!("{name}, misses, beside {peer}"), "%", ours).beside(peer, misses)
        };
        [
            row("moka", moka).ratio_at_most(1.02),
            row("moka, by weight", weighed).ratio_at_most(1.02),
            row("quick_cache", quick),
        ]
    });
    Section {
        name: "hit ratio",
        about: format!(
            "how many of {count} requests were misses, with room for {entries} of {} keys by Zipf's law; a third of the \
             requests with scans are for what is asked for once",
            20 * entries
        ),
        rows: rows.collect(),
    }
}

fn store() -> MemoryStore {
    MemoryStore::with_max_bytes(BYTES)
}

/// How many pages find room.
fn fits() -> u64 {
    let store = store();
    let service = CacheLayer::new(store.clone()).layer(Page::default());
    runtime().block_on(async {
        for item in 0..20_000 {
            exchange(&service, request(uri(item))).await;
        }
    });
    store.usage().entries
}

fn percent(misses: u64, requests: &[u64]) -> f64 {
    100.0 * misses as f64 / requests.len() as f64
}

fn layer(requests: &[u64]) -> f64 {
    let page = Page::default();
    let service = CacheLayer::new(store()).layer(page.clone());
    runtime().block_on(async {
        for item in requests {
            let uri: Uri = uri(*item);
            exchange(&service, request(uri)).await;
        }
    });
    percent(page.calls(), requests)
}

fn moka(entries: u64, requests: &[u64]) -> f64 {
    asked(&moka::sync::Cache::new(entries), requests)
}

/// Bounded by weight, as a store bounded by bytes has to be. It then has a smaller sketch of how often keys are asked for.
fn moka_weighed(entries: u64, requests: &[u64]) -> f64 {
    const WEIGHT: u32 = 4096;
    let cache = moka::sync::Cache::builder().max_capacity(entries * u64::from(WEIGHT));
    asked(&cache.weigher(|_, ()| WEIGHT).build(), requests)
}

fn asked(cache: &moka::sync::Cache<u64, ()>, requests: &[u64]) -> f64 {
    let missed = |key: &&u64| {
        let is_miss = cache.get(*key).is_none();
        if is_miss {
            cache.insert(**key, ());
        }
        is_miss
    };
    percent(requests.iter().filter(missed).count() as u64, requests)
}

fn quick_cache(entries: u64, requests: &[u64]) -> f64 {
    let cache = quick_cache::sync::Cache::new(entries as usize);
    let missed = |key: &&u64| {
        let is_miss = cache.get(*key).is_none();
        if is_miss {
            cache.insert(**key, ());
        }
        is_miss
    };
    percent(requests.iter().filter(missed).count() as u64, requests)
}
