use super::{
    cost::Cost,
    scenario::Scenario,
    senders::Pattern,
    steps::{MS, SECOND, Steps},
};

const SIZE: usize = 64;
const IN_FLIGHT: usize = 2;

/// Those of all costs.
pub(crate) fn all() -> Vec<Scenario> {
    Cost::ALL.into_iter().flat_map(of).collect()
}

/// One of them.
pub(crate) fn find(cost: &str, name: &str) -> Scenario {
    let found = all().into_iter().find(|it| it.cost.name == cost && it.name == name);
    found.unwrap_or_else(|| panic!("there is no scenario `{name}` of `{cost}`"))
}

impl Scenario {
    /// About so many items of many who know nothing of each other, at this share of what full batches can do.
    pub(crate) fn loaded(cost: Cost, load: f64, items: f64) -> Self {
        let rate = load * capacity(cost, SIZE);
        let pattern = Pattern::Poisson(Steps::always(rate));
        Self::new("loaded", pattern, cost, (items / rate) as u64)
    }

    fn new(name: &'static str, pattern: Pattern, cost: Cost, length: u64) -> Self {
        Self {
            name,
            pattern,
            cost,
            max_size: SIZE,
            max_in_flight: IN_FLIGHT,
            max_waiting: 16 * SIZE,
            length,
            counts_from: length / 10,
        }
    }
}

/// Items a nanosecond that batches of so many can do.
fn capacity(cost: Cost, size: usize) -> f64 {
    (IN_FLIGHT * size) as f64 / cost.mean(size)
}

fn of(cost: Cost) -> Vec<Scenario> {
    let (single, most) = (capacity(cost, 1), capacity(cost, SIZE));
    let poisson = |name, rate: f64| (name, Pattern::Poisson(Steps::always(rate)), rate);
    let steps = |name, steps: &[(u64, f64)]| {
        let most = steps.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
        (name, Pattern::Poisson(Steps::new(steps)), most)
    };
    let closed = |name, clients| {
        (name, Pattern::Closed { clients, think: 100_000 }, most.min(clients as f64 / cost.mean(1)))
    };
    let on_off: Vec<_> =
        (0..8).map(|nth| (1_000 * nth, if nth % 2 == 0 { 0.7 * most } else { 0.0 })).collect();
    let bursts = Pattern::Bursts { items: 20, within: MS, every: 50_300 * MS / 1_000 };
    let patterns = [
        poisson("idle", 10.0 / SECOND as f64),
        poisson("light", 0.1 * single),
        poisson("medium", 0.6 * single),
        poisson("busy", (1.5 * single).min(0.75 * most)),
        poisson("half", 0.5 * most),
        poisson("near capacity", 0.9 * most),
        poisson("saturated", 1.5 * most),
        ("bursts", bursts, 0.4 / MS as f64),
        steps("on/off", &on_off),
        steps("drift", &[(0, 0.08 * most), (4_000, 0.8 * most)]),
        closed("8 clients", 8),
        closed("64 clients", 64),
        closed("256 clients", 256),
    ];
    let scenario = |(name, pattern, rate): (&'static str, Pattern, f64)| {
        let length = match name {
            "on/off" | "drift" => 8 * SECOND,
            // As many items as tell a percentile, and long enough to be no accident.
            _ => ((100_000.0 / rate) as u64).clamp(2 * SECOND, 100 * SECOND),
        };
        Scenario::new(name, pattern, cost, length)
    };
    patterns.into_iter().map(scenario).collect()
}
