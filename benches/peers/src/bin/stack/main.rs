//! All layers at once: from a file, built by hand, and as a stack of the peers' that do the same.

mod asked;
mod count;
mod file;
mod hand;
mod peers;
mod quotas;
mod reload;
mod request;
mod threads;

use std::process::ExitCode;

use tower_weir_peers::{Area, CountingAllocator, Measure};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    let area = Area {
        name: "stack",
        measures: &[
            Measure {
                name: "request",
                groups: || vec![request::group()],
                report: |figures| request::sections(figures).into(),
            },
            Measure {
                name: "reload",
                groups: reload::groups,
                report: |figures| vec![reload::section(figures)],
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
