//! `examples/proxy` over loopback, loaded by wrk: beside nginx, and while its file is edited.
//!
//! `scripts/bench load` installs wrk and nginx, builds the proxy, and tells where it is.

mod beside;
mod nginx;
mod probe;
mod process;
mod reload;
mod upstream;
mod weir;
mod wrk;

use std::process::ExitCode;

use tower_weir_peers::{Area, Measure};

fn main() -> ExitCode {
    let area = Area {
        name: "load",
        measures: &[
            Measure { name: "nginx", groups: Vec::new, report: beside::sections },
            Measure {
                name: "reload",
                groups: Vec::new,
                report: |figures| vec![reload::section(figures)],
            },
        ],
        count: None,
    };
    area.main()
}
