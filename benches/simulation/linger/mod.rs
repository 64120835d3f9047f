//! The adaptive linger beside fixed ones, no batching, and an oracle.
//!
//! The scenarios are those of `tests/support/linger`: who sends items and when, times what calls cost. Batches of up to 64
//! items, two under way at a time, up to 1,024 items that wait; timers that end with a whole millisecond, as tokio's do. Calls
//! do not slow one another down.
//!
//! # What is compared
//!
//! A linger may trade latency for throughput only where throughput is wanted. So of the fixed lingers those count with which as
//! many items are answered, but for one in a hundred, as with any other; the best is the one of them with the least mean
//! latency. It is another one in each scenario, which nobody who has to choose one knows; the adaptive linger is the same in
//! all, with a cap of 5 ms. The mean is taken rather than the median, which does not see what some pay for others; the 99th
//! percentile is compared with that of the same fixed linger, not with the least of any.
//!
//! Without batching each call is for one item, two at a time.
//!
//! The oracle sees what will come and how long calls will take, tries some waits for each batch, and looks some calls ahead;
//! its timers are exact. It is no bound, but what it is better by tells what foresight would be worth. As it is slow, it plays
//! a shorter part of each scenario, and is compared with the adaptive linger there.
//!
//! The adaptive linger was tuned with seeds from 1 to 3; this begins at 100 after the seed it is given.

mod entry;
mod goals;
mod plots;
mod tables;

use self::entry::Entry;
use crate::{
    batches,
    options::Options,
    report::{self, Table},
};

/// The seeds before were tuned on.
const TUNED: u64 = 100;

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let seeds = options.seeds.unwrap_or(if options.quick { 1 } else { 5 }).max(1);
    let first = TUNED + options.seed;
    println!(
        "linger: {seeds} runs of each scenario, with seeds from {first}; latencies in ms\n\n\
         best fixed  the linger in ms with the least mean latency of those that answer most items\n\
         lost        by how much the adaptive linger is worse than that, in %; less than 0 if it is better\n\
         one by one  the mean latency without batching, and the share of items that were not refused\n\
         oracle      the mean latency with foresight, in % of that of the adaptive linger"
    );
    let scenarios = batches::all();
    let entries = Entry::play_all(&scenarios, first..first + seeds, options.quick);
    let mut figures = Vec::new();
    for cost in batches::Cost::ALL {
        let of_cost: Vec<_> =
            entries.iter().filter(|it| it.scenario.cost.name == cost.name).collect();
        tables::of(&cost, &of_cost).print();
        figures.extend(of_cost.iter().flat_map(|entry| tables::figures(entry)));
        if let Some(folder) = &options.svg {
            let name = format!("linger-{}.svg", cost.name.replace(' ', "-"));
            report::write(folder, &name, &plots::plot(cost, first, options.quick).svg())?;
        }
    }
    let goals = goals::of(&entries);
    Table {
        name: "goals",
        about: "of the adaptive linger, in the scenario where it is worst".to_owned(),
        head: vec!["", "goal", ""],
        rows: goals.iter().map(report::Figure::row).collect(),
    }
    .print();
    figures.extend(goals);
    report::write_figures("linger", &figures)
}
