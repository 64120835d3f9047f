use super::entry::Entry;
use crate::{batches::Losses, report::Figure};

/// Each in the scenario where the adaptive linger is furthest from it.
pub(super) fn of(entries: &[Entry]) -> Vec<Figure> {
    let worst = |what: &str, loss: fn(&Losses) -> f64| {
        let losses = entries.iter().map(|entry| (entry, 100.0 * loss(&entry.contest.losses())));
        let (entry, most) = losses.max_by(|a, b| a.1.total_cmp(&b.1)).expect("there are scenarios");
        let name = format!("{what} ({}, {})", entry.scenario.cost.name, entry.scenario.name);
        Figure::new(name, "%", most).at_most(10.0)
    };
    let idle = entries.iter().filter(|entry| entry.scenario.name == "idle").map(|entry| {
        let at_once = entry.contest.fixed().next().map_or(0.0, |(_, it)| it.mean());
        entry.contest.adaptive.mean() - at_once
    });
    vec![
        worst("mean latency lost to the best fixed linger", |losses| losses.mean),
        worst("throughput lost to the best fixed linger", |losses| losses.throughput),
        worst("p99 latency lost to the best fixed linger", |losses| losses.p99),
        Figure::new("added when the service is idle".to_owned(), "ms", idle.fold(0.0, f64::max))
            .at_most(1.0),
    ]
}
