//! Instructions of the main cases.

use tower_weir_peers::{Figures, Row, Section};

pub(crate) fn section(figures: &Figures) -> Section {
    let row = |name: &'static str, case: &str, bare: &str, peers: &[(&'static str, &str)]| {
        let bare = figures.instructions(bare);
        let beyond = |case: &str| figures.instructions(case) - bare;
        let ours = beyond(case);
        let alone = [Row::new(name, "instrs", ours)].into_iter();
        let beside = peers.iter().map(|(peer, case)| {
            let row = Row::new(format!("{name}, beside {peer}"), "instrs", ours);
            row.beside(peer, beyond(case)).ratio_at_most(1.0)
        });
        alone.chain(beside).collect::<Vec<_>>()
    };
    let mut rows = row(
        "hit",
        "hit:ours",
        "nothing",
        &[
            ("axum-response-cache", "hit:axum-response-cache"),
            ("tower-http-cache", "hit:tower-http-cache"),
        ],
    );
    rows.extend(row(
        "miss",
        "miss:ours",
        "miss:page",
        &[
            ("axum-response-cache", "miss:axum-response-cache"),
            ("tower-http-cache", "miss:tower-http-cache"),
        ],
    ));
    rows.push(Row::new("a clone of 12 fields", "instrs", figures.instructions("fields")));
    Section {
        name: "instructions",
        about: "of a hit beyond an empty service's, of a miss added to the service's inside"
            .to_owned(),
        rows,
    }
}
