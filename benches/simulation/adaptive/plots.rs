use super::{outcome::Outcome, scenarios::Scenario};
use crate::{
    report::{Panel, Plot, Series},
    world::{Second, Trace},
};

/// The policies that are worth a panel, in the run with the first seed.
pub(crate) fn plot(scenario: &Scenario, outcomes: &[Outcome]) -> Plot {
    let panels = outcomes.iter().filter(|outcome| outcome.policy.plotted).map(|outcome| Panel {
        title: outcome.policy.name.to_owned(),
        series: series(&outcome.first),
    });
    Plot {
        title: scenario.title.to_owned(),
        about: scenario.about.to_owned(),
        unit: "requests/s",
        across: "seconds",
        step: 1.0,
        panels: panels.collect(),
    }
}

fn series(trace: &Trace) -> Vec<Series> {
    let curve = |name, color, value: fn(&Second) -> f64| Series {
        name,
        color,
        dashed: false,
        share: false,
        values: trace.seconds.iter().map(value).collect(),
    };
    vec![
        curve("offered", "#b0b0b0", |second| second.tally.offered),
        Series { dashed: true, ..curve("capacity", "#222222", |second| second.capacity) },
        curve("admitted", "#1f6fb4", |second| second.admitted),
        curve("goodput", "#2b9a3e", |second| second.tally.good),
        Series { share: true, ..curve("multiplier", "#e07b00", |second| second.multiplier) },
    ]
}
