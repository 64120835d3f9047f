//! Callers that ask for one item at a time, each a task of its own, as handlers do; on one thread, and on two.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::runtime::{Builder, Runtime};
use tower_weir_peers::{Case, Figures, Group, Row, Section, timed};

use crate::{
    batchers::{Answering, BatchControlled, Ours, UltraBatch},
    rounds::PEERS,
};

const SIZE: usize = 10;

/// Enough for two batches at a time. All items together are a multiple of a batch, so that none waits for one that does not
/// come.
const CALLERS: usize = 20;

/// How many threads there are, and the names of the cases: ours, ours as it comes, and the peers'.
const THREADS: [(usize, [&str; 5]); 2] = [
    (
        1,
        [
            "callers:ours",
            "callers:ours, adaptive",
            "callers:tower-batch-control",
            "callers:tower-batch-control, at once",
            "callers:ultra-batch",
        ],
    ),
    (
        2,
        [
            "two threads:ours",
            "two threads:ours, adaptive",
            "two threads:tower-batch-control",
            "two threads:tower-batch-control, at once",
            "two threads:ultra-batch",
        ],
    ),
];

pub(crate) fn groups() -> Vec<Group> {
    let group = |(threads, names): (usize, [&'static str; 5])| Group {
        name: "callers",
        batch: Duration::from_millis(5),
        rounds: 100,
        cases: vec![
            callers(names[0], threads, Ours::fixed),
            callers(names[1], threads, Ours::adaptive),
            callers(names[2], threads, BatchControlled::after_flush),
            callers(names[3], threads, BatchControlled::at_once),
            callers(names[4], threads, UltraBatch::new),
        ],
    };
    THREADS.map(group).into()
}

/// An iteration is a batch's worth of items.
fn callers<A: Answering>(name: &'static str, threads: usize, batcher: fn(usize) -> A) -> Case {
    Case::new(name, move || {
        let runtime = runtime(threads);
        move |batches| {
            let batcher = runtime.block_on(async { batcher(SIZE) });
            let next = Arc::new(AtomicU64::new(0));
            let items = batches * SIZE as u64;
            timed(|| {
                runtime.block_on(async {
                    let callers = [(); CALLERS].map(|()| {
                        let (mut batcher, next) = (batcher.clone(), Arc::clone(&next));
                        tokio::spawn(async move {
                            loop {
                                let item = next.fetch_add(1, Ordering::Relaxed);
                                if item >= items {
                                    return;
                                }
                                batcher.ask(item..item + 1).await;
                            }
                        })
                    });
                    for caller in callers {
                        caller.await.expect("all are answered");
                    }
                });
            })
        }
    })
}

fn runtime(threads: usize) -> Runtime {
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(threads).enable_time().build();
    runtime.expect("a runtime needs nothing")
}

pub(crate) fn sections(figures: &Figures) -> Vec<Section> {
    let section = |(threads, [ours, adaptive, peers @ ..]): (usize, [&str; 5])| {
        let ns = |case: &str| figures.ns(case) / SIZE as f64;
        let mut rows = vec![Row::new("an item, adaptive", "ns", ns(adaptive))];
        rows.extend(PEERS.iter().zip(peers).map(|(peer, case)| {
            let row = Row::new(format!("an item, beside {peer}"), "ns", ns(ours));
            let row = row.beside(peer, ns(case));
            if peer.ends_with("at once") { row } else { row.ratio_at_most(1.0) }
        }));
        let (name, on) = match threads {
            1 => ("callers", "one thread"),
            _ => ("two threads", "two threads"),
        };
        Section {
            name,
            about: format!(
                "the time for an item, all in all: {CALLERS} tasks ask for one item after the other, in batches of {SIZE}, \
                 on {on}"
            ),
            rows,
        }
    };
    THREADS.map(section).into()
}
