//! Requests while the file is read again all the time, and what that takes.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use tower_weir::{Weir, profile::Profile, stack::Handle};
use tower_weir_peers::{Case, Figures, Folder, Group, Recorder, Row, Section, timed};

use crate::{
    asked::{App, Route},
    file::{MORE, routes, text},
    quotas::CONCURRENCY,
};

/// From the end of one reload to the next.
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) fn groups() -> Vec<Group> {
    vec![
        Group {
            name: "requests during reloads",
            // Some reloads long.
            batch: 5 * PAUSE,
            rounds: 60,
            cases: vec![asked("reloads, none:file", false), asked("reloads, some:file", true)],
        },
        Group {
            name: "reloads",
            batch: Duration::from_millis(5),
            rounds: 100,
            cases: vec![
                reloads("reload, one route:file", 0),
                reloads("reload, many routes:file", MORE),
            ],
        },
    ]
}

/// A weir of a file that is never as it was.
struct Edited {
    handle: Handle,
    folder: Folder,
    routes: String,
    edits: usize,
}

impl Edited {
    /// With so many more routes.
    fn new(more: usize) -> (Self, Weir) {
        let folder = Folder::new("reloads");
        let routes = routes(more);
        let file = folder.write("weir.toml", &(text("none", &CONCURRENCY.to_string()) + &routes));
        let weir = Weir::builder().file(file).profile(Profile::new()).build();
        let weir = weir.expect("there is no mistake in it");
        (Self { handle: weir.handle(), folder, routes, edits: 0 }, weir)
    }

    /// Changes the limit that all routes have in common, and says how long it took to apply that.
    fn reload(&mut self) -> Duration {
        self.edits += 1;
        let limit = CONCURRENCY + self.edits % 2;
        self.folder.write("weir.toml", &(text("none", &limit.to_string()) + &self.routes));
        let before = self.handle.generation();
        let took = timed(|| assert!(self.handle.reload().is_ok(), "there is no mistake in it"));
        assert_eq!(self.handle.generation(), before + 1, "it was applied");
        took
    }
}

fn asked(name: &'static str, reloaded: bool) -> Case {
    let recorder = Recorder::Prometheus;
    Case::new(name, move || {
        let (edited, weir) = recorder.during(|| Edited::new(0));
        let app = App::bare().with(|router| router.layer(weir.layer()));
        let app = app.warm_up(recorder, Route::Items, false);
        let mut clients = Route::Items.clients();
        let going = Arc::new(AtomicBool::new(false));
        reload_while(&going, edited);
        move |requests| {
            going.store(reloaded, Ordering::Relaxed);
            let took = app.ask(&mut clients, requests, false);
            going.store(false, Ordering::Relaxed);
            recorder.upkeep();
            took
        }
    })
}

/// In a thread of its own, until nobody has the flag any more.
fn reload_while(going: &Arc<AtomicBool>, mut edited: Edited) {
    let going = Arc::downgrade(going);
    let is_going = |going: &Weak<AtomicBool>| Some(going.upgrade()?.load(Ordering::Relaxed));
    thread::spawn(move || {
        while let Some(now) = is_going(&going) {
            if now {
                edited.reload();
            }
            thread::sleep(PAUSE);
        }
    });
}

fn reloads(name: &'static str, more: usize) -> Case {
    Case::new(name, move || {
        let (mut edited, _) = Edited::new(more);
        move |times| (0..times).map(|_| edited.reload()).sum()
    })
}

pub(crate) fn section(figures: &Figures) -> Section {
    let reload = |case| figures.ns(case) / 1e3;
    Section {
        name: "reload",
        about: format!(
            "a request through all layers, and what `Handle::reload` takes to read the file, build what it says and put it to \
             work; reloads come {} ms apart",
            PAUSE.as_millis()
        ),
        rows: vec![
            Row::new("a request during reloads", "ns", figures.ns("reloads, some:file"))
                .beside("without", figures.ns("reloads, none:file"))
                .ratio_at_most(1.1),
            Row::new("a reload, one route", "us", reload("reload, one route:file")),
            Row::new(
                format!("a reload, {MORE} routes more"),
                "us",
                reload("reload, many routes:file"),
            ),
        ],
    }
}
