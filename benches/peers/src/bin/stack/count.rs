//! Instructions of the main cases.

use tower_weir_peers::{Figures, Row, Section};

use crate::request::{PEERS, beyond_bare};

pub(crate) fn section(figures: &Figures) -> Section {
    let added = |case: &str| beyond_bare(case, |case| figures.instructions(case));
    let rows = [("all layers, reaching the service", "pass"), ("a hit", "hit")];
    let rows = rows.into_iter().flat_map(|(name, case)| {
        let [file, hand, peers] =
            ["file", "hand", "peers"].map(|whose| added(&format!("{case}:{whose}")));
        [
            Row::new(name, "instrs", file).beside(PEERS, peers).ratio_at_most(1.0),
            Row::new(format!("{name}, beside by hand"), "instrs", file)
                .beside("ours by hand", hand),
        ]
    });
    Section {
        name: "instructions",
        about: "added to a request by the stack".to_owned(),
        rows: rows.collect(),
    }
}
