//! Simulations: what becomes of a service that a layer guards, in time that is made up.
//!
//!     cargo bench --bench simulation -- AREA [--quick] [--svg FOLDER] [--seed N] [--seeds N] [--workers N]...
//!
//! Three areas. In `adaptive` the layers are the real ones, called as a server would; the service inside, its clients and the
//! clock are simulated. In `overload` limits on concurrency are compared, in `linger` how long batches wait, without the layer
//! around them. Equal seeds give equal results, however busy the machine is. `scripts/bench AREA` runs it and keeps figures and
//! plots in `target/bench`.

#![allow(clippy::duplicate_mod, reason = "two simulations share what tests of one alone have, too")]

mod adaptive;
#[path = "../../tests/support/linger/mod.rs"]
#[allow(dead_code, reason = "tests ask for more")]
mod batches;
mod linger;
mod options;
mod overload;
mod report;
#[path = "../../tests/support/overload/mod.rs"]
mod service;
mod world;

use std::process::ExitCode;

use options::Options;

fn main() -> ExitCode {
    let asked = Options::parse().map_err(|error| {
        format!("{error}; usage: simulation AREA [--quick] [--svg FOLDER] [--seed N] [--seeds N] [--workers N]...")
    });
    let done = asked.and_then(|options| match options.area.as_str() {
        "adaptive" => adaptive::run(&options),
        "linger" => linger::run(&options),
        "overload" => overload::run(&options),
        area => {
            Err(format!("there is no simulation `{area}`; there are: adaptive, linger, overload"))
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
