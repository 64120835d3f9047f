//! Limits on concurrency before a service that is asked for more than it can do.
//!
//! The scenarios are those of `tests/support/overload`. `VerifiedGradient` was tuned on those named there in `all` and
//! `others`, with seeds from 1 to 6; this begins at 100 after the seed it is given, and those in `unseen` are only reported.

mod envoy;
mod goals;
mod plots;
mod policies;
mod runs;
mod tables;

use self::runs::Runs;
use crate::{
    options::Options,
    report::{self, Table},
    service,
};

/// How many requests the service works on at once.
const WORKERS: [usize; 5] = [2, 4, 16, 128, 1024];
const QUICK: [usize; 3] = [2, 16, 128];

/// The seeds before were tuned on.
const TUNED: u64 = 100;

/// The number of workers of what is plotted.
const PLOTTED: usize = 16;

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let (seeds, workers) = if options.quick { (3, &QUICK[..]) } else { (20, &WORKERS[..]) };
    let seeds = options.seeds.unwrap_or(seeds).max(1);
    let workers = if options.workers.is_empty() { workers } else { &options.workers };
    if let Some(other) = workers.iter().find(|workers| !WORKERS.contains(workers)) {
        return Err(format!("{other} workers are not simulated; there are: 2, 4, 16, 128, 1024"));
    }
    let first = TUNED + options.seed;
    println!(
        "overload: means over {seeds} seeds from {first}\n\n\
         score     goodput as a share of the ideal, times 100 ms / p99 if that is less, times what was not shed falsely; in %\n\
         goodput   answered within 100 ms\n\
         shed falsely: turned away while a worker was idle, or while no more was asked for than can be done\n\
         workers   how many requests the service works on at once, for 10 ms each if nothing else is said"
    );
    let mut figures = Vec::new();
    let seen: Vec<_> = [service::all(2), service::others(2)].concat();
    let runs = Runs::play(&seen, workers, first..first + seeds);
    let unseen = Runs::play(&service::unseen(2), workers, first..first + seeds);
    for (about, runs) in
        [("all scenarios", &runs), ("scenarios that nothing was tuned on", &unseen)]
    {
        tables::scenarios(about, runs).print();
        tables::summary(about, runs).print();
        figures.extend(tables::figures(about, runs));
    }
    tables::worst(&runs).print();
    let goals = goals::of(&runs);
    Table {
        name: "goals",
        about: "of ours, at the worst number of workers".to_owned(),
        head: vec!["", "goal", ""],
        rows: goals.iter().map(report::Figure::row).collect(),
    }
    .print();
    figures.extend(goals);
    if let Some(folder) = &options.svg {
        for scenario in
            [service::all(PLOTTED), service::others(PLOTTED), service::unseen(PLOTTED)].concat()
        {
            let name = format!("overload-{}.svg", scenario.name.replace([' ', '/', ','], "-"));
            report::write(folder, &name, &plots::plot(&scenario, first).svg())?;
        }
    }
    report::write_figures("overload", &figures)
}
