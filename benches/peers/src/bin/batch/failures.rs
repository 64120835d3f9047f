//! What becomes of items whose batch fails or whose batcher is gone, and of those after them.

use std::{panic, time::Duration};

use tokio::{
    runtime::Builder,
    task::{JoinSet, yield_now},
    time::timeout,
};
use tower_weir_peers::{Figures, Row, Section};

use crate::troubled::{BatchControlled, Caller, Ours, SIZE, Trouble, UltraBatch};

/// Less than a batch.
const FEW: u64 = 3;

/// Whoever has no answer after this has none.
const PATIENCE: Duration = Duration::from_millis(500);

const LINGER: Duration = Duration::from_millis(5);
/// Longer than anybody waits.
const FOREVER: Duration = Duration::from_secs(3_600);

/// How callers fared.
#[derive(Clone, Copy, Default)]
struct Fared {
    answered: f64,
    panicked: f64,
}

/// So many who ask at the same time, of whom none keeps the batcher.
async fn ask<C: Caller>(caller: C, numbers: impl Iterator<Item = u64>) -> Fared {
    let mut callers = JoinSet::new();
    for number in numbers {
        callers.spawn(timeout(PATIENCE, caller.clone().call(number)));
    }
    // All have been taken in.
    for _ in 0..100 {
        yield_now().await;
    }
    drop(caller);
    let mut fared = Fared::default();
    while let Some(ended) = callers.join_next().await {
        match ended {
            Ok(answered) => fared.answered += f64::from(answered == Ok(true)),
            Err(error) => fared.panicked += f64::from(error.is_panic()),
        }
    }
    fared
}

/// What becomes of less than a batch when nobody has the batcher any more.
fn dropped<C: Caller>(make: fn(Trouble, Duration) -> C) -> Fared {
    in_runtime(async move { ask(make(Trouble::None, FOREVER), 0..FEW).await })
}

/// What becomes of two batches that come after one that was in trouble; panics are those of all three.
fn after<C: Caller>(trouble: Trouble, make: fn(Trouble, Duration) -> C) -> Fared {
    in_runtime(async move {
        let caller = make(trouble, LINGER);
        let mut all = Fared::default();
        for batch in 0..3 {
            let fared = ask(caller.clone(), SIZE * batch..SIZE * (batch + 1)).await;
            all.answered += if batch > 0 { fared.answered } else { 0.0 };
            all.panicked += fared.panicked;
        }
        all
    })
}

fn in_runtime(fared: impl Future<Output = Fared>) -> Fared {
    // What panics is counted, and need not be told.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let runtime = Builder::new_current_thread().enable_time().build();
    let fared = runtime.expect("a runtime needs nothing").block_on(fared);
    panic::set_hook(hook);
    fared
}

pub(crate) fn section(_: &Figures) -> Section {
    eprintln!("failures");
    let mut rows = Vec::new();
    let answered = |what: String, ours: Fared, of: u64, peers: &[(&'static str, Fared)]| {
        let row = || Row::new(what.clone(), "items", ours.answered).at_least(of as f64).promised();
        peers
            .iter()
            .map(move |(peer, fared)| row().beside(peer, fared.answered))
            .collect::<Vec<_>>()
    };
    rows.extend(answered(
        format!("batcher dropped: answered, of {FEW} that wait"),
        dropped(Ours::new),
        FEW,
        &[("tower-batch-control", dropped(BatchControlled::new))],
    ));
    for (trouble, what) in [(Trouble::Error, "an error"), (Trouble::Panic, "a panic")] {
        let ours = after(trouble, Ours::new);
        let peers = [
            ("tower-batch-control", after(trouble, BatchControlled::new)),
            ("ultra-batch", after(trouble, UltraBatch::new)),
        ];
        let two = 2 * SIZE;
        rows.extend(answered(
            format!("after {what}: answered, of {two} that come later"),
            ours,
            two,
            &peers,
        ));
        rows.extend(peers.map(|(peer, fared)| {
            Row::new(
                format!("{what}: callers that panic, of {}", 3 * SIZE),
                "callers",
                ours.panicked,
            )
            .beside(peer, fared.panicked)
            .at_most(0.0)
            .promised()
        }));
    }
    Section {
        name: "failures",
        about: format!(
            "batches of {SIZE}; the first of three fails or panics; and less than a batch waits while the last handle is \
             dropped: tower-batch-control's service would have to see to that itself, when it is dropped; of ultra-batch, \
             whoever waits has a handle"
        ),
        rows,
    }
}
