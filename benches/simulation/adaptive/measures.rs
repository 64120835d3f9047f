use super::scenarios::Scenario;
use crate::world::{SECOND, Trace};

/// How a policy fared in one run.
pub(crate) struct Measures {
    /// Requests that were answered well and in time, in a second.
    pub(crate) goodput: f64,
    /// One for each step of the scenario.
    pub(crate) steps: Vec<Step>,
    /// In seconds, of admitted requests.
    pub(crate) p99: f64,
    /// The share of what each client sent that was answered well and in time.
    pub(crate) kept: Vec<f64>,
}

/// What follows a step.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// After how many seconds the admitted rate is near the fair one, and stays so for [`HOLD`]; infinite if it does not.
    pub(crate) settled: f64,
    /// From when it has first been near: how far it then was above, as a share of the fair rate.
    pub(crate) over: Option<f64>,
    /// And how far below.
    pub(crate) under: Option<f64>,
}

/// How far from the fair rate is near it.
pub(crate) const NEAR: f64 = 0.15;

/// Over how many seconds the admitted rate is averaged.
pub(crate) const MEAN: usize = 5;

/// For how many seconds it must stay near. A limit that feels for more, as those must that do not know, will leave it again.
pub(crate) const HOLD: usize = 10;

impl Measures {
    pub(crate) fn of(scenario: &Scenario, trace: &Trace) -> Self {
        let mut ends: Vec<_> =
            scenario.world.changes().into_iter().map(|at| (at / SECOND) as usize).collect();
        ends.push(trace.seconds.len());
        let steps = ends.windows(2).map(|ends| step(scenario, trace, ends[0], ends[1]));
        Self {
            goodput: trace.good() / trace.seconds.len() as f64,
            steps: steps.collect(),
            p99: trace.p99(),
            kept: trace.clients.iter().map(|client| client.good / client.offered).collect(),
        }
    }
}

fn step(scenario: &Scenario, trace: &Trace, from: usize, to: usize) -> Step {
    let fair = scenario.fair(from as u64 * SECOND);
    let admitted: Vec<_> = trace.seconds[from..to].iter().map(|second| second.admitted).collect();
    let off = |end: usize| {
        // Nothing from before the step.
        let recent = &admitted[(end + 1).saturating_sub(MEAN)..=end];
        recent.iter().sum::<f64>() / recent.len() as f64 / fair - 1.0
    };
    let offs: Vec<_> = (0..admitted.len()).map(off).collect();
    let near = |off: &f64| off.abs() <= NEAR;
    let settled = offs.windows(HOLD).position(|offs| offs.iter().all(near));
    let reached = offs.iter().position(near);
    let most = |side: f64| {
        let since = &offs[reached?..];
        Some(since.iter().map(|off| side * off).fold(0.0, f64::max))
    };
    Step {
        settled: settled.map_or(f64::INFINITY, |settled| settled as f64),
        over: most(1.0),
        under: most(-1.0),
    }
}
