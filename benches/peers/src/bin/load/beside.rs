//! The proxy beside nginx, in front of the same upstream: both count each peer's requests, and cache.

use tower_weir_peers::{Figures, Row, Section};

use crate::{
    nginx,
    probe::Probe,
    process::{Server, WORKERS},
    upstream::{PAGES, Page, Upstream},
    weir::{self, AS_NGINX, WHOLE},
    wrk::{self, CONNECTIONS, Load},
};

/// In the order in which they take turns.
const SERVERS: [&str; 3] = ["weir", "nginx", "whole"];

pub(crate) fn sections(figures: &Figures) -> Vec<Section> {
    let (rounds, seconds) = if figures.is_quick() { (1, 2) } else { (5, 8) };
    let upstream = Upstream::start();
    let servers = [
        weir::start(SERVERS[0], upstream.port, AS_NGINX),
        nginx::start(upstream.port),
        weir::start(SERVERS[2], upstream.port, WHOLE),
    ];
    let outcomes = PAGES.map(|page| {
        eprintln!("{}: {} s", page.name, (rounds * servers.len()) as u64 * seconds);
        of_page(page, &upstream, &servers, rounds, seconds)
    });

    let rows = |unit: &'static str, figure: fn(&Load) -> f64| {
        let of = move |loads: &[Load]| median(loads.iter().map(figure).collect());
        PAGES.iter().zip(&outcomes).flat_map(move |(page, outcome)| {
            let [ours, nginx, whole] = outcome.each_ref().map(|loads| of(loads));
            [
                Row::new(page.name, unit, ours).beside("nginx", nginx),
                Row::new(format!("{}, all layers", page.name), unit, whole).beside("nginx", nginx),
            ]
        })
    };
    let failed: u64 = outcomes.iter().flatten().flatten().map(|load| load.failed).sum();
    let about = format!(
        "wrk, {CONNECTIONS} connections over loopback, {rounds} rounds of {seconds} s in turns; {WORKERS} workers each, in front of \
         the same upstream"
    );
    vec![
        Section {
            name: "requests a second",
            about,
            rows: rows("/s", |load| load.requests_per_second)
                .chain([Row::new("failed, of any", "", failed as f64).at_most(0.0).promised()])
                .collect(),
        },
        Section {
            name: "p50",
            about: "half of the answers came within; as all connections ask at once, most of it is waiting for a core"
                .to_owned(),
            rows: rows("us", |load| load.p50_us).collect(),
        },
        Section {
            name: "p99",
            about: "99 of 100 answers came within".to_owned(),
            rows: rows("us", |load| load.p99_us).collect(),
        },
    ]
}

/// The loads of each server.
///
/// # Panics
///
/// If a server does another work than is said: asks the upstream for what it has stored, or does not where it must.
fn of_page(
    page: Page,
    upstream: &Upstream,
    servers: &[Server; 3],
    rounds: usize,
    seconds: u64,
) -> [Vec<Load>; 3] {
    let mut outcome = [const { Vec::new() }; 3];
    for server in servers {
        let answer = Probe::new(server.port).get(page.path);
        assert_eq!((answer.status, answer.body), (200, page.bytes), "of {}", page.path);
    }
    for _ in 0..rounds {
        for ((server, name), loads) in servers.iter().zip(SERVERS).zip(&mut outcome) {
            let before = upstream.asked(page);
            let load = wrk::load(server.port, page.path, seconds);
            let asked = upstream.asked(page) - before;
            let requests = load.requests_per_second * seconds as f64;
            if page.cacheable {
                assert_eq!(asked, 0, "{name} has {} stored", page.path);
            } else {
                assert!(asked as f64 > 0.9 * requests, "{name} passes {} on", page.path);
            }
            loads.push(load);
        }
    }
    outcome
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
