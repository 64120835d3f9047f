//! Two threads whose requests are answered with what is stored.

use std::{hint::black_box, sync::Arc, time::Duration};

use http::Uri;
use tower_weir::cache::Store;
use tower_weir_peers::{Case, Figures, Group, Row, Section, both};

use crate::{
    caches::{axum_response_cache, hitbox, http_cache, ours, tower_http_cache},
    drive::{Asker, Served, exchange, runtime},
    page::{Nothing, Page, request, uri},
    spy,
    trace::Trace,
};

/// How many keys there are where there are many.
const KEYS: u64 = 10_000;

/// How many requests are drawn beforehand, for each thread.
const DRAWN: usize = 1 << 16;

/// How keys are spread.
#[derive(Clone, Copy, PartialEq)]
enum Spread {
    One,
    Zipf,
}

/// Names of cases: of one key, and of many.
type Names = [&'static str; 2];

const NOTHING: Names = ["threads, one:nothing", "threads, zipf:nothing"];
const OURS: Names = ["threads, one:ours", "threads, zipf:ours"];
const PEERS: [(&str, Names); 4] = [
    (
        "axum-response-cache",
        ["threads, one:axum-response-cache", "threads, zipf:axum-response-cache"],
    ),
    ("tower-http-cache", ["threads, one:tower-http-cache", "threads, zipf:tower-http-cache"]),
    (
        "http-cache-tower-server",
        ["threads, one:http-cache-tower-server", "threads, zipf:http-cache-tower-server"],
    ),
    ("hitbox-tower", ["threads, one:hitbox-tower", "threads, zipf:hitbox-tower"]),
];
const GET_OURS: Names = ["threads, one:get", "threads, zipf:get"];
const GETS: [(&str, Names); 2] = [
    ("moka, sync", ["threads, one:moka", "threads, zipf:moka"]),
    ("quick_cache", ["threads, one:quick_cache", "threads, zipf:quick_cache"]),
];

pub(crate) fn group() -> Group {
    let mut cases = Vec::new();
    for (at, spread) in [Spread::One, Spread::Zipf].into_iter().enumerate() {
        let room = 2 * KEYS;
        cases.extend([
            served(NOTHING[at], spread, |_| Nothing),
            served(OURS[at], spread, move |page| ours(room, page)),
            served(PEERS[0].1[at], spread, move |page| axum_response_cache(room, page)),
            served(PEERS[1].1[at], spread, move |page| tower_http_cache(room, page)),
            served(PEERS[2].1[at], spread, move |page| http_cache(room, page)),
            served(PEERS[3].1[at], spread, move |page| hitbox(room, page)),
            get(GET_OURS[at], spread, || {
                let (store, stored) = spy::filled(KEYS);
                move |key| store.get(&stored[key as usize]).is_ok_and(|found| found.is_some())
            }),
            get(GETS[0].1[at], spread, move || {
                let cache = moka::sync::Cache::new(room);
                (0..KEYS).for_each(|key| cache.insert(key, Arc::new(key)));
                move |key| cache.get(&key).is_some()
            }),
            get(GETS[1].1[at], spread, move || {
                let cache = quick_cache::sync::Cache::new(room as usize);
                (0..KEYS).for_each(|key| cache.insert(key, Arc::new(key)));
                move |key| cache.get(&key).is_some()
            }),
        ]);
    }
    Group {
        name: "two threads",
        // Long against the time in which a thread wakes up.
        batch: Duration::from_millis(5),
        rounds: 60,
        cases,
    }
}

/// What each thread asks for.
fn drawn(spread: Spread) -> [Vec<u64>; 2] {
    [0, 1].map(|thread| match spread {
        Spread::One => vec![0],
        Spread::Zipf => Trace { keys: KEYS, scan_each: 0 }.requests(thread, DRAWN),
    })
}

fn served<S: Served>(
    name: &'static str,
    spread: Spread,
    cached: impl FnOnce(Page) -> S + 'static,
) -> Case {
    Case::new(name, move || {
        let page = Page::default();
        let service = cached(page.clone());
        let mut key = 0;
        let mut filler = Asker::new(move || {
            key += 1;
            request(uri(key - 1))
        });
        filler.ask(&service, KEYS);
        let calls = page.calls();
        let drawn = drawn(spread);
        // Each thread has URIs of its own, for clones of one are counted in one place.
        let uris = [0, 1].map(|_| (0..KEYS).map(uri).collect::<Vec<Uri>>());
        move |requests| {
            let took = both(1, |which| {
                let (service, runtime) = (&service, runtime());
                let mut keys = drawn[which].iter().cycle();
                let uris = &uris[which];
                move || {
                    runtime.block_on(async {
                        for key in keys.by_ref().take(requests as usize) {
                            exchange(service, request(uris[*key as usize].clone())).await;
                        }
                    });
                }
            });
            // A few may have been evicted, to be stored again.
            assert!(page.calls() - calls < KEYS / 10, "nearly all are hits");
            took
        }
    })
}

fn get<G>(name: &'static str, spread: Spread, filled: impl FnOnce() -> G + 'static) -> Case
where
    G: Fn(u64) -> bool + Sync + 'static,
{
    Case::new(name, move || {
        let (get, drawn) = (filled(), drawn(spread));
        move |gets| {
            both(gets, |which| {
                let (get, mut keys) = (&get, drawn[which].iter().cycle());
                move || {
                    black_box(keys.next().is_some_and(|key| get(*key)));
                }
            })
        }
    })
}

pub(crate) fn section(figures: &Figures) -> Section {
    let mut rows = Vec::new();
    for (at, keys) in ["one key", "10 k keys"].into_iter().enumerate() {
        let beyond = |names: Names| figures.ns(names[at]) - figures.ns(NOTHING[at]);
        rows.extend(PEERS.map(|(peer, names)| {
            let row = Row::new(format!("{keys}, beside {peer}"), "ns", beyond(OURS));
            row.beside(peer, beyond(names)).ratio_at_most(1.0)
        }));
        rows.extend(GETS.map(|(peer, names)| {
            let ours = figures.ns(GET_OURS[at]);
            let row = Row::new(format!("{keys}, the store alone, beside {peer}"), "ns", ours);
            row.beside(peer, figures.ns(names[at]))
        }));
    }
    Section {
        name: "two threads",
        about: format!(
            "a hit in each of two threads at once, beyond the {:.0} ns of an empty service, the making of the request among \
             them; 10 k keys by Zipf's law",
            figures.ns(NOTHING[0])
        ),
        rows,
    }
}
