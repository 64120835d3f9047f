//! One task that asks for a batch's worth of items at the same time, round after round, on one thread.

use std::time::Duration;

use tokio::runtime::Builder;
use tower_weir_peers::{Case, Figures, Group, Row, Section, timed};

use crate::batchers::{Answering, Bare, BatchControlled, Ours, UltraBatch};

/// Sizes of batches, and the names of their cases: without a batcher, ours, ours as it comes, and the peers'.
const SIZES: [(usize, [&str; 6]); 3] = [
    (
        1,
        [
            "1:bare",
            "1:ours",
            "1:ours, adaptive",
            "1:tower-batch-control",
            "1:tower-batch-control, at once",
            "1:ultra-batch",
        ],
    ),
    (
        10,
        [
            "10:bare",
            "10:ours",
            "10:ours, adaptive",
            "10:tower-batch-control",
            "10:tower-batch-control, at once",
            "10:ultra-batch",
        ],
    ),
    (
        64,
        [
            "64:bare",
            "64:ours",
            "64:ours, adaptive",
            "64:tower-batch-control",
            "64:tower-batch-control, at once",
            "64:ultra-batch",
        ],
    ),
];
pub(crate) const PEERS: [&str; 3] =
    ["tower-batch-control", "tower-batch-control, at once", "ultra-batch"];

pub(crate) fn groups() -> Vec<Group> {
    let group = |(size, names): (usize, [&'static str; 6])| Group {
        name: "rounds",
        batch: Duration::from_micros(500),
        rounds: 400,
        cases: vec![
            rounds(names[0], size, |_| Bare),
            rounds(names[1], size, Ours::fixed),
            rounds(names[2], size, Ours::adaptive),
            rounds(names[3], size, BatchControlled::after_flush),
            rounds(names[4], size, BatchControlled::at_once),
            rounds(names[5], size, UltraBatch::new),
        ],
    };
    SIZES.map(group).into()
}

fn rounds<A: Answering>(name: &'static str, size: usize, batcher: fn(usize) -> A) -> Case {
    Case::new(name, move || {
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("a runtime needs nothing");
        move |rounds| {
            // A new one each time, for one of them keeps all that it has answered.
            let mut batcher = runtime.block_on(async { batcher(size) });
            timed(|| {
                runtime.block_on(async {
                    for round in 0..rounds {
                        let first = round * size as u64;
                        batcher.ask(first..first + size as u64).await;
                    }
                });
            })
        }
    })
}

pub(crate) fn sections(figures: &Figures) -> Vec<Section> {
    let mut times = Vec::new();
    let mut allocations = Vec::new();
    for (size, [bare, ours, adaptive, peers @ ..]) in SIZES {
        let per_item = |case: &str, of: &dyn Fn(&str) -> f64| (of(case) - of(bare)) / size as f64;
        let ns = |case: &str| per_item(case, &|case| figures.ns(case));
        let allocated = |case: &str| per_item(case, &|case| figures.allocations(case));
        let what = format!("{size} in a batch, an item");
        let mut alone = Row::new(what.clone(), "ns", ns(ours));
        if size == 10 {
            alone = alone.at_most(1_000.0);
        }
        times.push(alone);
        times.push(Row::new(format!("{what}, adaptive"), "ns", ns(adaptive)));
        for (peer, case) in PEERS.iter().zip(peers) {
            let row = |unit, figure: &dyn Fn(&str) -> f64| {
                let name = format!("{what}, beside {peer}");
                let row = Row::new(name, unit, figure(ours)).beside(peer, figure(case));
                // Its items do not wait for their batch: that is less than what is asked for.
                if peer.ends_with("at once") { row } else { row.ratio_at_most(1.0) }
            };
            times.push(row("ns", &ns));
            allocations.push(row("allocs", &allocated));
        }
    }
    vec![
        Section {
            name: "rounds",
            about: "added to the service's own time, on one thread: a task asks for as many as fit into a batch, waits for \
                    all, and begins anew; of tower-batch-control, at once: its service answers items before their batch has ended"
                .to_owned(),
            rows: times,
        },
        Section {
            name: "allocations",
            about: "of the same, by the one thread".to_owned(),
            rows: allocations,
        },
    ]
}
