use super::policies::{ALL, Policy};
use crate::{
    report::{Panel, Plot, Series},
    service::{self, Bin, Outcome, SECOND, SLO, Scenario},
};

/// More requests than so many for each worker are not told apart: a limit that runs away would hide all others.
const CUT: usize = 8;

/// The policies that are worth a panel, in the run with one seed.
pub(super) fn plot(scenario: &Scenario, seed: u64) -> Plot {
    let cut = CUT * scenario.workers;
    let panels = ALL.into_iter().filter(|policy| policy.is_plotted()).map(|policy: Policy| {
        let mut control = policy.control(scenario.workers);
        let outcome = service::play(scenario, seed, &mut *control);
        Panel { title: policy.name().to_owned(), series: series(&outcome, cut) }
    });
    Plot {
        title: format!("{}, {} workers", scenario.name, scenario.workers),
        about: format!("{}; more than {cut} requests are drawn as {cut}", scenario.about),
        unit: "requests at once",
        across: "seconds",
        step: Outcome::BIN as f64 / SECOND as f64,
        panels: panels.collect(),
    }
}

fn series(outcome: &Outcome, cut: usize) -> Vec<Series> {
    let curve = |name, color, share, value: &dyn Fn(&Bin) -> f64| Series {
        name,
        color,
        dashed: false,
        share,
        values: outcome.bins.iter().map(value).collect(),
    };
    vec![
        curve("in flight", "#b0b0b0", false, &|bin| bin.in_flight.min(cut) as f64),
        curve("limit", "#1f6fb4", false, &|bin| bin.limit.unwrap_or(0).min(cut) as f64),
        curve("goodput of the ideal", "#2b9a3e", true, &|bin| {
            if bin.ideal > 0.0 { (f64::from(bin.good) / bin.ideal).min(1.0) } else { 0.0 }
        }),
        curve("p99 of 100 ms", "#e07b00", true, &|bin| (bin.p99() / SLO as f64).min(1.0)),
    ]
}
