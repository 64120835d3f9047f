//! How long it takes to purge a tag that a million stored responses have.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Instant,
};

use axum::body::Body;
use http::{HeaderValue, Request, Response, header};
use tower::{Layer, Service};
use tower_weir::cache::{CacheLayer, MemoryStore, Store};
use tower_weir_peers::{Figures, Row, Section};

use crate::{
    drive::Asker,
    page::{request, uri},
};

/// Room for more than are stored.
const ROOM: u64 = 4 << 30;

pub(crate) fn section(figures: &Figures) -> Section {
    let entries = if figures.is_quick() { 100_000 } else { 1_000_000 };
    eprintln!("a purge of a tag of {entries}");
    let store = MemoryStore::with_max_bytes(ROOM);
    let layer = CacheLayer::new(store.clone());
    let (handle, inner) = (layer.handle(), Tagged::default());
    let service = layer.layer(inner.clone());
    let walk = |from: u64, step: u64| {
        let mut item = from;
        Asker::new(move || {
            item += step;
            request(uri(item))
        })
    };
    let filling = Instant::now();
    walk(0, 1).ask(&service, entries);
    let filled = filling.elapsed();
    let stored = store.usage();

    // Some of them are asked for again, so that they are where hits are found fast.
    let again = 1_000;
    let calls = inner.calls();
    walk(0, entries / again).ask(&service, again);
    assert_eq!(inner.calls(), calls, "all are hits");

    let start = Instant::now();
    handle.purge_tag("items");
    let all = start.elapsed();
    walk(0, entries / again).ask(&service, again);
    assert_eq!(inner.calls(), calls + again, "none is a hit any more");

    let mut more: Vec<_> = (0..10_000)
        .map(|other| {
            let tag = format!("tag-{other}");
            let start = Instant::now();
            handle.purge_tag(&tag);
            start.elapsed()
        })
        .collect();
    more.sort();
    let micros = |time: std::time::Duration| time.as_secs_f64() * 1e6;
    Section {
        name: "purge",
        about: format!(
            "of tags, with {} responses in {} MiB, stored in {:.1} s",
            stored.entries,
            stored.bytes >> 20,
            filled.as_secs_f64()
        ),
        rows: vec![
            Row::new("the tag that all have", "µs", micros(all)).at_most(1_000.0),
            Row::new("of 10,000 more, the 10th slowest", "µs", micros(more[more.len() - 10]))
                .at_most(1_000.0),
            Row::new("of 10,000 more, the slowest", "µs", micros(more[more.len() - 1])),
        ],
    }
}

/// Answers with next to nothing, which has a tag.
#[derive(Clone, Default)]
struct Tagged(Arc<AtomicU64>);

impl Tagged {
    fn calls(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl<B> Service<Request<B>> for Tagged {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        self.0.fetch_add(1, Ordering::Relaxed);
        let mut response = Response::new(Body::from(vec![b'x'; 16]));
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
        let tags = header::HeaderName::from_static("surrogate-key");
        headers.insert(tags, HeaderValue::from_static("items"));
        std::future::ready(Ok(response))
    }
}
