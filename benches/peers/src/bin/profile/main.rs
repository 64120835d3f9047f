//! Latency profiling beside axum-prometheus, axum-otel-metrics and tower-otel, and its histogram beside hdrhistogram.

mod count;
mod layers;
mod memory;
mod quantiles;
mod record;
mod requests;
mod samples;
mod telemetry;
mod threads;

use std::process::ExitCode;

use tower_weir_peers::{Area, CountingAllocator};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    let area = Area {
        name: "profile",
        groups: || vec![layers::group(), record::group(), threads::group()],
        report: |figures| {
            let mut sections = Vec::from(layers::sections(figures));
            sections.push(threads::section(figures));
            sections.push(record::section(figures));
            sections.push(quantiles::section());
            sections.push(memory::section());
            sections
        },
        count: count::section,
    };
    area.main()
}
