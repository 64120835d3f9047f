//! Two threads that send requests through one stack at the same time.

use std::time::Duration;

use tower_weir_peers::{Case, Figures, Group, Recorder, Row, Section, both, exchange};

use crate::{
    asked::{App, Route, entered},
    request::{PEERS, bare, from_file, hand_hit, hand_pass, peers_hit, peers_pass},
};

pub(crate) fn group() -> Group {
    Group {
        name: "two threads",
        // Long against the time in which a thread wakes up.
        batch: Duration::from_millis(5),
        rounds: 150,
        cases: vec![
            served("two threads, pass:bare", Route::Items, bare),
            served("two threads, pass:file", Route::Items, from_file),
            served("two threads, pass:hand", Route::Items, hand_pass),
            served("two threads, pass:peers", Route::Items, peers_pass),
            served("two threads, hit:file", Route::Pages, from_file),
            served("two threads, hit:hand", Route::Pages, hand_hit),
            served("two threads, hit:peers", Route::Pages, peers_hit),
        ],
    }
}

fn served(name: &'static str, route: Route, app: fn() -> App) -> Case {
    let recorder = Recorder::Prometheus;
    Case::new(name, move || {
        let cached = route == Route::Pages;
        let app = recorder.during(app).warm_up(recorder, route, cached);
        move |requests| {
            let took = both(requests, |_| {
                // As hyper has it: each connection has a clone of its own.
                let (router, entered) = (app.router.clone(), entered());
                let mut clients = route.clients();
                move || {
                    let _entered = &entered;
                    exchange(&router, clients.request());
                }
            });
            recorder.upkeep();
            took
        }
    })
}

pub(crate) fn section(figures: &Figures) -> Section {
    let bare = figures.ns("two threads, pass:bare");
    let added = |case: &str| figures.ns(&format!("two threads, {case}")) - bare;
    let rows = [("all layers, reaching the service", "pass"), ("a hit", "hit")];
    let rows = rows.into_iter().flat_map(|(name, case)| {
        let [file, hand, peers] =
            ["file", "hand", "peers"].map(|whose| added(&format!("{case}:{whose}")));
        [
            Row::new(name, "ns", file).beside(PEERS, peers).ratio_at_most(1.0),
            Row::new(format!("{name}, beside by hand"), "ns", file).beside("ours by hand", hand),
        ]
    });
    Section {
        name: "two threads",
        about: format!(
            "added to the {bare:.0} ns of a request in each of two threads at once, making it included"
        ),
        rows: rows.collect(),
    }
}
