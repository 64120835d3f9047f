//! Rate limits that adapt, beside some that do not and one that knows.

mod measures;
mod outcome;
mod plots;
mod policies;
mod rules;
mod sampler;
mod scenarios;

use tokio::runtime::Builder;

use self::{measures::Measures, outcome::Outcome, policies::Policy, scenarios::Scenario};
use crate::{options::Options, report};

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let runs = if options.quick { 2 } else { 10 };
    println!(
        "adaptive: means of {runs} runs with seeds from {}; settling times are medians\n\n\
         goodput     answered well and within the target, requests a second\n\
         of oracle   the same as a share of what a limit gets that knows the capacity and admits {:.0} % of it\n\
         settles     seconds after each step until the mean of the admitted rate over {} s is within {:.0} % of what should\n\
         \u{20}           be admitted, and stays so for {} s\n\
         over, under how far that mean was above and below, from when it was first within, after each step, in %\n\
         p99         of admitted requests, in ms; a client that left counts as long as it waited",
        options.seed,
        100.0 * policies::USABLE,
        measures::MEAN,
        100.0 * measures::NEAR,
        measures::HOLD,
    );
    let mut figures = Vec::new();
    for scenario in scenarios::all() {
        eprintln!("{}", scenario.name);
        let outcomes = play(&scenario, options.seed..options.seed + runs);
        outcome::table(&scenario, &outcomes).print();
        figures.extend(outcome::figures(&scenario, &outcomes));
        if let Some(folder) = &options.svg {
            let name = format!("adaptive-{}.svg", scenario.name);
            report::write(folder, &name, &plots::plot(&scenario, &outcomes).svg())?;
        }
    }
    eprintln!("the sampler");
    let (table, sampler) = sampler::measure(if options.quick { 2 } else { 5 });
    table.print();
    figures.extend(sampler);
    report::write_figures("adaptive", &figures)
}

/// One outcome for each policy of the scenario.
fn play(scenario: &Scenario, seeds: std::ops::Range<u64>) -> Vec<Outcome> {
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime can be built");
    let outcome = |policy: Policy| {
        let mut first = None;
        let runs = seeds.clone().map(|seed| {
            let trace = runtime.block_on(policy.play(scenario, seed));
            let measures = Measures::of(scenario, &trace);
            first.get_or_insert(trace);
            measures
        });
        let runs = runs.collect();
        Outcome { policy, runs, first: first.expect("there is a seed") }
    };
    policies::of(scenario).into_iter().map(outcome).collect()
}
