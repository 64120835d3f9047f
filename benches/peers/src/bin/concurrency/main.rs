//! Limits on requests under way beside tower's, tower-resilience-bulkhead's and tower-resilience-adaptive's.

mod count;
mod hand_over;
mod layers;
mod limits;
mod shed;
mod threads;

use std::process::ExitCode;

use tower_weir_peers::{Area, CountingAllocator, Measure};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    let area = Area {
        name: "concurrency",
        measures: &[
            Measure {
                name: "layers",
                groups: || vec![layers::group()],
                report: |figures| vec![layers::section(figures), layers::allocations(figures)],
            },
            Measure {
                name: "shed",
                groups: || vec![shed::group()],
                report: |figures| vec![shed::section(figures)],
            },
            Measure {
                name: "hand_over",
                groups: || vec![hand_over::group()],
                report: |figures| vec![hand_over::section(figures)],
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
