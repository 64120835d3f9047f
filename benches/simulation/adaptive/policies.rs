//! What guards the service.

use std::time::Duration;

use tower::Layer;
use tower_weir::{
    clock::Clock,
    key::Extension,
    load::{Custom, Ramp},
    rate_limit::{Adaptive, Aimd, Headers, PolicyHandle, RateLimitLayer},
};

use super::{
    rules::{ByShare, Judge, Plain, Rule},
    scenarios::{Scenario, Source},
};
use crate::world::{Backend, Client, Steer, Trace, play};

pub(crate) struct Policy {
    pub(crate) name: &'static str,
    /// Whether it is worth a panel of the plot.
    pub(crate) plotted: bool,
    kind: Kind,
}

enum Kind {
    /// Nothing is rejected.
    Unlimited,
    /// The quota alone.
    Fixed,
    /// By outcomes.
    Outcomes(Aimd),
    /// By the share of the servers in use, as the mean of so long.
    Load(Ramp, Duration),
    /// By outcomes, as something else says than the crate.
    Rule(fn() -> Box<dyn Rule>),
    /// By the capacity, which it knows.
    Oracle,
}

/// The most of a capacity that can be used for long: of all of it, any queue would grow.
pub(crate) const USABLE: f64 = 0.97;

/// Those that a scenario compares. The oracle comes first.
pub(crate) fn of(scenario: &Scenario) -> Vec<Policy> {
    /// As `Cpu::SUGGESTED`, which is there only with a feature.
    const CPU: Ramp = Ramp::new(0.80, 0.95);
    const WIDE: Ramp = Ramp::new(0.5, 1.0);
    let policy = |name, kind| Policy { name, plotted: false, kind };
    let plotted = |name, kind| Policy { name, plotted: true, kind };
    let aimd = Aimd::default();
    let mut policies = vec![
        policy("oracle", Kind::Oracle),
        policy("no limit", Kind::Unlimited),
        plotted("fixed quota", Kind::Fixed),
    ];
    policies.extend(match scenario.source {
        Source::Outcomes => vec![
            plotted("adaptive", Kind::Outcomes(aimd)),
            plotted("× 0.9, + 0.02", Kind::Rule(|| Box::new(Plain(0.9)))),
            policy("× 0.7, + 0.02", Kind::Rule(|| Box::new(Plain(0.7)))),
            policy("by the bad share, + 0.02", Kind::Rule(|| Box::new(ByShare))),
        ],
        Source::Load => vec![
            policy("by outcomes", Kind::Outcomes(aimd)),
            plotted("80 % to 95 %, mean of 10 s", Kind::Load(CPU, Duration::from_secs(10))),
            policy("80 % to 95 %, mean of 3 s", Kind::Load(CPU, Duration::from_secs(3))),
            plotted("80 % to 95 %, each sample", Kind::Load(CPU, Duration::ZERO)),
            policy("50 % to 100 %, mean of 10 s", Kind::Load(WIDE, Duration::from_secs(10))),
        ],
    });
    policies
}

impl Policy {
    /// What comes of it.
    pub(crate) async fn play(&self, scenario: &Scenario, seed: u64) -> Trace {
        let (clock, hand) = Clock::manual();
        let backend = Backend::new(&scenario.world, seed);
        let layer = RateLimitLayer::new(scenario.quota)
            .key(Extension::<Client>::new())
            .headers(Headers::None)
            .clock(clock);
        let target = Duration::from_secs_f64(scenario.world.target);
        let layer = match &self.kind {
            Kind::Unlimited => layer.shadow(true),
            Kind::Outcomes(aimd) => {
                layer.adaptive(Adaptive::new().outcomes(aimd.latency_target(target)))
            }
            Kind::Load(ramp, mean) => {
                let signal = Custom::new("in_use", backend.usage().share());
                layer.adaptive(Adaptive::new().load(signal, *ramp).smoothing(*mean))
            }
            Kind::Fixed | Kind::Rule(_) | Kind::Oracle => layer,
        };
        let limit = layer.handle().limit("default").expect("the layer has it");
        let handle = limit.policies().next().expect("it has one");
        let mut steer: Box<dyn Steer> = match &self.kind {
            Kind::Oracle => Box::new(Oracle { scenario, handle }),
            Kind::Rule(rule) => Box::new(Judge::new(rule(), handle)),
            _ => Box::new(Onlooker(handle)),
        };
        let service = layer.layer(backend.clone());
        play(&scenario.world, seed, service, backend, &hand, &mut *steer).await
    }
}

/// Lets the layer do as it does.
struct Onlooker(PolicyHandle);

impl Steer for Onlooker {
    fn multiplier(&self) -> f64 {
        self.0.multiplier()
    }
}

/// Sets the multiplier by which as much is admitted as can be served.
struct Oracle<'a> {
    scenario: &'a Scenario,
    handle: PolicyHandle,
}

impl Steer for Oracle<'_> {
    fn tick(&mut self, now: u64) {
        let most = USABLE * self.scenario.world.capacity(now);
        let fits = |share: f64| self.scenario.admissible(now, share) <= most;
        let (mut low, mut high) = (0.01, 1.0);
        if fits(high) {
            low = high;
        }
        for _ in 0..30 {
            let middle = 0.5 * (low + high);
            *(if fits(middle) { &mut low } else { &mut high }) = middle;
        }
        self.handle.set_multiplier(low).expect("it is a share");
    }

    fn multiplier(&self) -> f64 {
        self.handle.multiplier()
    }
}

impl Scenario {
    /// How many requests in a second the limit lets pass at this multiplier.
    pub(crate) fn admissible(&self, now: u64, multiplier: f64) -> f64 {
        let quota = multiplier / self.quota.interval().as_secs_f64();
        self.world.clients.iter().map(|rate| rate.at(now).min(quota)).sum()
    }

    /// How many should pass.
    pub(crate) fn fair(&self, now: u64) -> f64 {
        self.admissible(now, 1.0).min(self.world.capacity(now))
    }
}
