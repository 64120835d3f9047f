//! Requests for what is not stored, and is then.

use std::time::Duration;

use tower_weir_peers::{Case, Figures, Group, Row, Section};

use crate::{
    caches::{axum_response_cache, hitbox, http_cache, ours, tower_http_cache},
    drive::{Asker, Served},
    page::{Page, request, uri},
};

/// Room for so many, and all of it in use: each that is stored makes another go.
const ENTRIES: u64 = 5_000;

const PEERS: [(&str, &str); 4] = [
    ("axum-response-cache", "miss:axum-response-cache"),
    ("tower-http-cache", "miss:tower-http-cache"),
    ("http-cache-tower-server", "miss:http-cache-tower-server"),
    ("hitbox-tower", "miss:hitbox-tower"),
];

pub(crate) fn group() -> Group {
    Group {
        name: "misses",
        batch: Duration::from_micros(200),
        rounds: 1_500,
        cases: vec![
            Case::new("miss:page", || {
                let mut asker = new_ones();
                move |requests| asker.ask(&Page::default(), requests)
            }),
            miss("miss:ours", |page| ours(ENTRIES, page)),
            miss(PEERS[0].1, |page| axum_response_cache(ENTRIES, page)),
            miss(PEERS[1].1, |page| tower_http_cache(ENTRIES, page)),
            miss(PEERS[2].1, |page| http_cache(ENTRIES, page)),
            miss(PEERS[3].1, |page| hitbox(ENTRIES, page)),
        ],
    }
}

/// Asks for what nobody has asked for.
fn new_ones() -> Asker {
    let mut item = 0;
    Asker::new(move || {
        item += 1;
        request(uri(item))
    })
}

fn miss<S: Served>(name: &'static str, cached: impl FnOnce(Page) -> S + 'static) -> Case {
    Case::new(name, move || {
        let (page, mut asker) = (Page::default(), new_ones());
        let service = cached(page.clone());
        asker.ask(&service, 2 * ENTRIES);
        let mut asked = 2 * ENTRIES;
        move |requests| {
            asked += requests;
            let took = asker.ask(&service, requests);
            assert_eq!(page.calls(), asked, "none is a hit");
            took
        }
    })
}

pub(crate) fn sections(figures: &Figures) -> Vec<Section> {
    let page = figures.ns("miss:page");
    let rows = rows("ns", |case| figures.ns(case) - page);
    let bare = figures.allocations("miss:page");
    vec![
        Section {
            name: "miss",
            about: format!(
                "stored in a full store; added to the {page:.0} ns of a request to the service inside"
            ),
            rows,
        },
        Section {
            name: "miss, allocations",
            about: format!("added to the {bare:.0} of the service inside and its request"),
            rows: self::rows("allocs", |case| figures.allocations(case) - bare),
        },
    ]
}

fn rows(unit: &'static str, added: impl Fn(&str) -> f64) -> Vec<Row> {
    let ours = added("miss:ours");
    let rows = PEERS.iter().map(|(peer, case)| {
        Row::new(format!("beside {peer}"), unit, ours).beside(peer, added(case))
    });
    rows.collect()
}
