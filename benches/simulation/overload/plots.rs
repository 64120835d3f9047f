use super::policies::{ALL, Policy};
use crate::{
    report::{Panel, Plot, Series},
    service::{self, Bin, Outcome, SECOND, SLO, Scenario},
};

/// The policies that are worth a panel, in the run with one seed.
pub(super) fn plot(scenario: &Scenario, seed: u64) -> Plot {
    let panels = ALL.into_iter().filter(|policy| policy.is_plotted()).map(|policy: Policy| {
        let mut control = policy.control(scenario.workers);
        let outcome = service::play(scenario, seed, &mut *control);
        Panel { title: policy.name().to_owned(), series: series(&outcome) }
    });
    Plot {
        title: format!("{}, {} workers", scenario.name, scenario.workers),
        about: scenario.about.to_owned(),
        unit: "requests at once",
        step: Outcome::BIN as f64 / SECOND as f64,
        panels: panels.collect(),
    }
}

fn series(outcome: &Outcome) -> Vec<Series> {
    let curve = |name, color, share, value: fn(&Bin) -> f64| Series {
        name,
        color,
        dashed: false,
        share,
        values: outcome.bins.iter().map(value).collect(),
    };
    vec![
        curve("in flight", "#b0b0b0", false, |bin| bin.in_flight as f64),
        curve("limit", "#1f6fb4", false, |bin| bin.limit.unwrap_or(0) as f64),
        curve("goodput of the ideal", "#2b9a3e", true, |bin| {
            if bin.ideal > 0.0 { (f64::from(bin.good) / bin.ideal).min(1.0) } else { 0.0 }
        }),
        curve("p99 of 100 ms", "#e07b00", true, |bin| (bin.p99() / SLO as f64).min(1.0)),
    ]
}
