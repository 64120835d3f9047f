//! Batching beside tower-batch-control and ultra-batch, coalescing beside tower-resilience-coalesce.

mod batchers;
mod callers;
mod coalesce;
mod count;
mod crowd;
mod failures;
mod rounds;
mod service;
mod troubled;

use std::process::ExitCode;

use tower_weir_peers::{Area, CountingAllocator, Measure};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    let area = Area {
        name: "batch",
        measures: &[
            Measure { name: "rounds", groups: rounds::groups, report: rounds::sections },
            Measure { name: "callers", groups: callers::groups, report: callers::sections },
            Measure {
                name: "failures",
                groups: Vec::new,
                report: |figures| vec![failures::section(figures)],
            },
            Measure {
                name: "coalesce",
                groups: coalesce::groups,
                report: |figures| vec![coalesce::section(figures)],
            },
        ],
        count: Some(count::section),
    };
    area.main()
}
