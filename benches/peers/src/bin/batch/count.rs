//! Instructions of the main cases.

use tower_weir_peers::{Figures, Row, Section};

pub(crate) fn section(figures: &Figures) -> Section {
    let bare = figures.instructions("10:bare");
    let each = |case: &str| (figures.instructions(case) - bare) / 10.0;
    let ours = each("10:ours");
    let beside = |peer: &'static str, case| {
        Row::new(format!("an item, beside {peer}"), "instrs", ours).beside(peer, each(case))
    };
    Section {
        name: "instructions",
        about: "added to the service's own, in rounds of batches of 10".to_owned(),
        rows: vec![
            Row::new("an item, adaptive", "instrs", each("10:ours, adaptive")),
            beside("tower-batch-control", "10:tower-batch-control").ratio_at_most(1.0),
            beside("tower-batch-control, at once", "10:tower-batch-control, at once"),
            beside("ultra-batch", "10:ultra-batch").ratio_at_most(1.0),
        ],
    }
}
