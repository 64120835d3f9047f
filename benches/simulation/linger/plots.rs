use std::time::Duration;

use tower_weir::batch::{Adaptive, Fixed};

use crate::{
    batches::{Cost, Lingers, Outcome, Policy, Scenario, Timers, play},
    report::{Panel, Plot, Series},
};

/// Between two loads, in % of the capacity.
const STEP: f64 = 4.0;

/// Latency by load, for Poisson arrivals.
pub(super) fn plot(cost: Cost, seed: u64, quick: bool) -> Plot {
    let items = if quick { 5_000.0 } else { 30_000.0 };
    let curve = |name, color, policy: &dyn Fn() -> Box<dyn Policy>| {
        let loads = (0..24).map(|nth| STEP * (f64::from(nth) + 0.5) / 100.0);
        let outcomes =
            loads.map(|load| play(&Scenario::loaded(cost, load, items), seed, &mut *policy()));
        (name, color, outcomes.collect::<Vec<_>>())
    };
    let fixed = |millis: u64| -> Box<dyn Policy> {
        Box::new(Lingers(Fixed::new(Duration::from_millis(millis)), Timers::Millis))
    };
    let curves = [
        curve("at once", "#b0b0b0", &|| fixed(0)),
        curve("1 ms", "#2b9a3e", &|| fixed(1)),
        curve("2 ms", "#8a4fbf", &|| fixed(2)),
        curve("5 ms", "#e07b00", &|| fixed(5)),
        curve("adaptive", "#1f6fb4", &|| Box::new(Lingers(Adaptive::default(), Timers::Millis))),
    ];
    let panel = |title: &str, value: &dyn Fn(&Outcome) -> f64| Panel {
        title: title.to_owned(),
        series: curves
            .iter()
            .map(|(name, color, outcomes)| Series {
                name,
                color,
                dashed: false,
                share: false,
                values: outcomes.iter().map(value).collect(),
            })
            .collect(),
    };
    Plot {
        title: format!("linger: {}", cost.name),
        about: format!("{}; items of many who know nothing of each other", cost.about()),
        unit: "ms",
        across: "load, % of what full batches can do",
        step: STEP,
        panels: vec![
            panel("mean latency", &Outcome::mean),
            panel("latency that 99 of 100 do not exceed", &|outcome| outcome.quantile(0.99)),
        ],
    }
}
