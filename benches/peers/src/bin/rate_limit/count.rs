//! Instructions of the main cases.

use tower_weir_peers::{Figures, Row, Section};

pub(crate) fn section(figures: &Figures) -> Section {
    let bare = figures.instructions("bare");
    let check = |name, ours, peer| {
        Row::new(name, "instrs", figures.instructions(ours))
            .beside("governor", figures.instructions(peer))
    };
    let layer = |name, ours, peer| {
        Row::new(name, "instrs", figures.instructions(ours) - bare)
            .beside("tower_governor", figures.instructions(peer) - bare)
    };
    Section {
        name: "instructions",
        about: format!(
            "of a check, or added to the {bare:.0} of a request to the bare service; a rejection whole"
        ),
        rows: vec![
            check("check, one limit for all", "direct:ours", "direct:governor"),
            check("check, 1 k random keys", "1k:ours", "1k:governor"),
            layer("layer, peer IP", "peer_ip:ours", "peer_ip:tower_governor"),
            layer("layer, peer IP, IETF headers", "draft11:ours", "headers:tower_governor"),
            layer("layer, peer IP, legacy headers", "legacy:ours", "headers:tower_governor"),
            layer("layer, global", "global:ours", "global:tower_governor"),
            Row::new("layer, rejection", "instrs", figures.instructions("rejected:ours"))
                .beside("tower_governor", figures.instructions("rejected:tower_governor")),
        ],
    }
}
