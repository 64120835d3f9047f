//! Response caching beside axum-response-cache, tower-http-cache, http-cache-tower-server and hitbox-tower.

mod caches;
mod count;
mod drive;
mod first_byte;
mod herd;
mod hits;
mod misses;
mod page;
mod purge;
mod ratio;
mod spy;
mod storm;
mod threads;
mod trace;

use std::process::ExitCode;

use tower_weir_peers::{Area, CountingAllocator, Measure};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    if let Some(done) = storm::asked() {
        return done;
    }
    let area = Area {
        name: "cache",
        measures: &[
            Measure { name: "hit", groups: || vec![hits::group()], report: hits::sections },
            Measure { name: "miss", groups: || vec![misses::group()], report: misses::sections },
            Measure {
                name: "threads",
                groups: || vec![threads::group()],
                report: |figures| vec![threads::section(figures)],
            },
            Measure {
                name: "first_byte",
                groups: first_byte::groups,
                report: |figures| vec![first_byte::section(figures)],
            },
            Measure {
                name: "herd",
                groups: Vec::new,
                report: |figures| vec![herd::section(figures)],
            },
            Measure {
                name: "storm",
                groups: Vec::new,
                report: |figures| vec![storm::section(figures)],
            },
            Measure {
                name: "purge",
                groups: Vec::new,
                report: |figures| vec![purge::section(figures)],
            },
            Measure {
                name: "ratio",
                groups: Vec::new,
                report: |figures| vec![ratio::section(figures)],
            },
        ],
        count: Some(count::section),
    };
    area.main()
}
