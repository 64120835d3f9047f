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

use tower_weir_peers::{Area, CountingAllocator, Measure};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    let area = Area {
        name: "profile",
        measures: &[
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
            Measure {
                name: "record",
                groups: || vec![record::group()],
                report: |figures| vec![record::section(figures)],
            },
            Measure { name: "quantiles", groups: Vec::new, report: |_| vec![quantiles::section()] },
            Measure { name: "memory", groups: Vec::new, report: |_| vec![memory::section()] },
        ],
        count: Some(count::section),
    };
    area.main()
}
