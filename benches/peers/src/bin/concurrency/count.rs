//! Instructions of the main cases.

use tower_weir_peers::{Figures, Row, Section};

pub(crate) fn section(figures: &Figures) -> Section {
    let bare = figures.instructions("bare");
    let added = |case| figures.instructions(case) - bare;
    let ours = |name, case| Row::new(name, "instrs", added(case));
    let beside = |name, case, peer, peer_case| ours(name, case).beside(peer, added(peer_case));
    Section {
        name: "instructions",
        about: format!(
            "added to the {bare:.0} of a request to the bare service; of one that is turned away all"
        ),
        rows: vec![
            beside("fixed", "fixed:ours", "tower, Global", "fixed:tower, global"),
            beside("fixed, beside bulkhead", "fixed:ours", "bulkhead", "fixed:bulkhead"),
            beside(
                "rejecting",
                "rejecting:ours",
                "tower, Global, LoadShed",
                "rejecting:tower, global",
            ),
            beside("adaptive", "adaptive:ours", "tower-resilience", "adaptive:tower-resilience"),
            ours("fixed, per peer", "per peer:ours"),
            ours("fixed, per route", "routes:ours"),
            ours("fixed, by priority", "priorities:ours"),
            Row::new("turned away", "instrs", figures.instructions("shed:ours"))
                .beside("tower, Global, LoadShed", figures.instructions("shed:tower, global")),
        ],
    }
}
