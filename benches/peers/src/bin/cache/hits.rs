//! Requests that are answered with what is stored.

use std::{hint::black_box, time::Duration};

use tower_weir::cache::Store;
use tower_weir_peers::{Case, Figures, Group, Row, Section};

use crate::{
    caches::{axum_response_cache, hitbox, http_cache, ours, tower_http_cache},
    drive::{Asker, Served},
    page::{Nothing, Page, fields, request, uri},
    spy,
};

/// Room for so many.
const ENTRIES: u64 = 10_000;

/// The peers: how they are called, and their case.
const PEERS: [(&str, &str); 4] = [
    ("axum-response-cache", "hit:axum-response-cache"),
    ("tower-http-cache", "hit:tower-http-cache"),
    ("http-cache-tower-server", "hit:http-cache-tower-server"),
    ("hitbox-tower", "hit:hitbox-tower"),
];

pub(crate) fn group() -> Group {
    Group {
        name: "hits",
        // Long against the first requests after another's turn, whose code is no longer in the core's caches.
        batch: Duration::from_micros(400),
        rounds: 500,
        cases: vec![
            Case::new("nothing", || {
                let mut asker = one();
                move |requests| asker.ask(&Nothing, requests)
            }),
            Case::new("page", || {
                let (page, mut asker) = (Page::default(), one());
                move |requests| asker.ask(&page, requests)
            }),
            hit("hit:ours", Page::default(), |page| ours(ENTRIES, page)),
            hit("hit, vary:ours", Page::varying(), |page| ours(ENTRIES, page)),
            hit(PEERS[0].1, Page::default(), |page| axum_response_cache(ENTRIES, page)),
            hit(PEERS[1].1, Page::default(), |page| tower_http_cache(ENTRIES, page)),
            hit(PEERS[2].1, Page::default(), |page| http_cache(ENTRIES, page)),
            hit(PEERS[3].1, Page::default(), |page| hitbox(ENTRIES, page)),
            Case::each("fields", || {
                let fields = fields(false);
                move || drop(black_box(black_box(&fields).clone()))
            }),
            Case::each("get:ours", || {
                let (store, stored) = spy::filled(1);
                move || assert!(store.get(black_box(&stored[0])).is_ok_and(|found| found.is_some()))
            }),
            Case::each("get:moka", || {
                let cache = moka::sync::Cache::new(ENTRIES);
                cache.insert(1_u128, std::sync::Arc::new(1));
                move || assert!(cache.get(black_box(&1)).is_some())
            }),
            Case::each("get:quick_cache", || {
                let cache = quick_cache::sync::Cache::new(ENTRIES as usize);
                cache.insert(1_u128, std::sync::Arc::new(1));
                move || assert!(cache.get(black_box(&1)).is_some())
            }),
        ],
    }
}

/// Asks for one and the same.
fn one() -> Asker {
    let uri = uri(42);
    Asker::new(move || request(uri.clone()))
}

fn hit<S: Served>(
    name: &'static str,
    page: Page,
    cached: impl FnOnce(Page) -> S + 'static,
) -> Case {
    Case::new(name, move || {
        let (service, mut asker) = (cached(page.clone()), one());
        // Some store in a task of its own, when the answer is on its way already.
        asker.ask(&service, 1);
        let calls = page.calls();
        move |requests| {
            let took = asker.ask(&service, requests);
            assert_eq!(page.calls(), calls, "all are hits");
            took
        }
    })
}

pub(crate) fn sections(figures: &Figures) -> Vec<Section> {
    let [nothing, page] = ["nothing", "page"].map(|case| figures.ns(case));
    let beyond = |case| figures.ns(case) - nothing;
    let mut rows = vec![
        Row::new("12 fields and 1 KiB", "ns", beyond("hit:ours")).at_most(350.0),
        Row::new("with Vary: accept-encoding", "ns", beyond("hit, vary:ours")),
    ];
    rows.extend(PEERS.map(|(peer, case)| {
        let row = Row::new(format!("beside {peer}"), "ns", beyond("hit:ours"));
        row.beside(peer, beyond(case)).ratio_at_most(1.0)
    }));
    rows.push(Row::new("of that, a clone of 12 fields", "ns", figures.ns("fields")));
    rows.extend([("moka, sync", "get:moka"), ("quick_cache", "get:quick_cache")].map(
        |(peer, case)| {
            Row::new(format!("the store alone, beside {peer}"), "ns", figures.ns("get:ours"))
                .beside(peer, figures.ns(case))
        },
    ));
    let about = format!(
        "from the request to the end of its answer's body, beyond the {nothing:.0} ns that it takes an empty service; \
         to build the answer anew takes {:.0} ns",
        page - nothing
    );
    vec![Section { name: "hit", about, rows }, allocations(figures)]
}

fn allocations(figures: &Figures) -> Section {
    let nothing = figures.allocations("nothing");
    let beyond = |case| figures.allocations(case) - nothing;
    let ours = beyond("hit:ours");
    let mut rows = vec![Row::new("12 fields and 1 KiB", "allocs", ours).at_most(3.0).promised()];
    rows.extend(PEERS.map(|(peer, case)| {
        let row = Row::new(format!("beside {peer}"), "allocs", ours);
        row.beside(peer, beyond(case)).ratio_at_most(1.0)
    }));
    Section { name: "hit, allocations", about: "made for the answer".to_owned(), rows }
}
