//! Rate limiting beside governor, `tower_governor` and tower-resilience-ratelimiter.

mod checks;
mod count;
mod keys;
mod layers;
mod memory;
mod quotas;
mod threads;

use std::process::ExitCode;

use tower_weir_peers::{Area, CountingAllocator, Measure};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    let area = Area {
        name: "rate_limit",
        measures: &[
            Measure {
                name: "checks",
                groups: checks::groups,
                report: |figures| vec![checks::section(figures)],
            },
            Measure { name: "memory", groups: Vec::new, report: |_| vec![memory::section()] },
            Measure {
                name: "layers",
                groups: || vec![layers::group()],
                report: |figures| layers::sections(figures).into(),
            },
            Measure {
                name: "threads",
                groups: || vec![threads::group()],
                report: |figures| vec![threads::section(figures)],
            },
        ],
        count: Some(count::section),
    };
    area.main()
}
