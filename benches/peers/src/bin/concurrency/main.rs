//! Limits on requests under way beside tower's, tower-resilience-bulkhead's and tower-resilience-adaptive's.

mod count;
mod hand_over;
mod layers;
mod limits;
mod shed;
mod threads;

use std::process::ExitCode;

use tower_weir_peers::{Area, CountingAllocator};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    let area = Area {
        name: "concurrency",
        groups: || vec![layers::group(), shed::group(), hand_over::group(), threads::group()],
        report: |figures| {
            vec![
                layers::section(figures),
                shed::section(figures),
                layers::allocations(figures),
                hand_over::section(figures),
                threads::section(figures),
            ]
        },
        count: count::section,
    };
    area.main()
}
