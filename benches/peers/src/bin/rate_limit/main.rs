//! Rate limiting beside governor, `tower_governor` and tower-resilience-ratelimiter.

mod checks;
mod count;
mod keys;
mod layers;
mod memory;
mod quotas;
mod threads;

use std::process::ExitCode;

use tower_weir_peers::{Area, CountingAllocator};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    let area = Area {
        name: "rate_limit",
        groups: || {
            let mut groups = checks::groups();
            groups.extend([layers::group(), threads::group()]);
            groups
        },
        report: |figures| {
            let mut sections = vec![checks::section(figures), memory::section()];
            sections.extend(layers::sections(figures));
            sections.push(threads::section(figures));
            sections
        },
        count: count::section,
    };
    area.main()
}
