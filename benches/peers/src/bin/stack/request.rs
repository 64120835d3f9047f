//! A request through the whole stack to a trivial service, in an axum Router.

use std::time::Duration;

use tower::layer::util::Identity;
use tower_weir::rate_limit::Headers;
use tower_weir_peers::{Case, Figures, Group, Recorder, Row, Section};

use crate::{
    asked::{App, Route},
    file, hand, peers,
};

/// What the peers' stack is called.
pub(crate) const PEERS: &str = "the peers' stack";

pub(crate) fn group() -> Group {
    use Recorder::{None, Prometheus};
    Group {
        name: "requests",
        // Long against the first requests after another's turn, whose code is no longer in the core's caches.
        batch: Duration::from_micros(400),
        rounds: 1_500,
        cases: vec![
            pass("pass:bare", None, bare),
            pass("pass:file", Prometheus, from_file),
            pass("pass:hand", Prometheus, hand_pass),
            pass("pass:peers", Prometheus, peers_pass),
            pass("pass, silent:file", None, from_file),
            pass("pass, silent:hand", None, hand_pass),
            pass("fields:file", Prometheus, || App::bare().with(file::with_fields)),
            pass("fields:hand", Prometheus, || {
                App::bare().with(|router| hand::pass(router, Headers::Draft11))
            }),
            pass("fields:peers", Prometheus, || App::bare().with(peers::pass_with_fields)),
            pass("routes:file", Prometheus, || App::bare().with(file::with_routes)),
            pass("adaptive:file", Prometheus, || App::bare().with(file::adaptive)),
            pass("adaptive:hand", Prometheus, || App::bare().with(hand::adaptive)),
            hit("hit:file", Prometheus, from_file),
            hit("hit:hand", Prometheus, hand_hit),
            hit("hit:peers", Prometheus, peers_hit),
            hit("hit, silent:file", None, from_file),
            hit("hit, silent:hand", None, hand_hit),
        ],
    }
}

pub(crate) fn bare() -> App {
    App::bare().with(|router| router.layer(Identity::new()))
}

/// Whichever route is asked for: the file has both.
pub(crate) fn from_file() -> App {
    App::bare().with(file::all)
}

pub(crate) fn hand_pass() -> App {
    App::bare().with(|router| hand::pass(router, Headers::None))
}

pub(crate) fn hand_hit() -> App {
    App::bare().with(hand::hit)
}

pub(crate) fn peers_pass() -> App {
    App::bare().with(peers::pass)
}

pub(crate) fn peers_hit() -> App {
    App::bare().with(peers::hit)
}

fn pass(name: &'static str, recorder: Recorder, app: fn() -> App) -> Case {
    asked(name, recorder, Route::Items, app)
}

fn hit(name: &'static str, recorder: Recorder, app: fn() -> App) -> Case {
    asked(name, recorder, Route::Pages, app)
}

fn asked(name: &'static str, recorder: Recorder, route: Route, app: fn() -> App) -> Case {
    Case::new(name, move || {
        let cached = route == Route::Pages;
        let app = recorder.during(app).warm_up(recorder, route, cached);
        let mut clients = route.clients();
        move |requests| {
            let took = recorder.during(|| app.ask(&mut clients, requests, cached));
            recorder.upkeep();
            took
        }
    })
}

/// What a stack takes beyond a layer that does nothing.
pub(crate) fn beyond_bare(case: &str, figure: impl Fn(&str) -> f64) -> f64 {
    figure(case) - figure("pass:bare")
}

pub(crate) fn sections(figures: &Figures) -> [Section; 2] {
    let bare = figures.ns("pass:bare");
    let added = |case: &str| beyond_bare(case, |case| figures.ns(case));
    let allocated = |case: &str| beyond_bare(case, |case| figures.allocations(case));
    [
        Section {
            name: "request",
            about: format!(
                "added to the {bare:.0} ns of a request through an axum Router whose layer does nothing; told to Prometheus; the \
                 peers have no circuit breaker"
            ),
            rows: rows("ns", added),
        },
        Section {
            name: "allocations",
            about: "added to a request".to_owned(),
            rows: rows("allocs", allocated),
        },
    ]
}

fn rows(unit: &'static str, added: impl Fn(&str) -> f64) -> Vec<Row> {
    let what = [
        ("all layers, reaching the service", "pass"),
        ("the same, with fields about the limit", "fields"),
        ("a hit", "hit"),
    ];
    let mut rows = Vec::new();
    for (name, case) in what {
        let [file, hand, peers] =
            ["file", "hand", "peers"].map(|whose| added(&format!("{case}:{whose}")));
        rows.push(Row::new(name, unit, file).beside(PEERS, peers).ratio_at_most(1.0));
        rows.push(Row::new(format!("{name}, by hand"), unit, hand).beside(PEERS, peers));
        rows.push(
            Row::new(format!("{name}, beside by hand"), unit, file).beside("ours by hand", hand),
        );
    }
    let more = added("routes:file");
    rows.push(
        Row::new(format!("all layers, {} routes more", file::MORE), unit, more)
            .beside("one route", added("pass:file")),
    );
    let alone = [
        ("all layers, with a limit that learns", "adaptive"),
        ("all layers, no recorder", "pass, silent"),
        ("a hit, no recorder", "hit, silent"),
    ];
    rows.extend(alone.map(|(name, case)| {
        let [file, hand] = ["file", "hand"].map(|whose| added(&format!("{case}:{whose}")));
        Row::new(name, unit, file).beside("ours by hand", hand)
    }));
    rows
}
