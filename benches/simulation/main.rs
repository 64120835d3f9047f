//! Simulations: what becomes of a service that a layer guards, in time that is made up.
//!
//!     cargo bench --bench simulation -- adaptive [--quick] [--svg FOLDER] [--seed N]
//!
//! The layers are the real ones, called as a server would; the service inside, its clients and the clock are simulated. Equal
//! seeds give equal results, however busy the machine is. `scripts/bench adaptive` runs it and keeps figures and plots in
//! `target/bench`.

mod adaptive;
mod options;
mod report;
mod world;

use std::process::ExitCode;

use options::Options;

fn main() -> ExitCode {
    let asked = Options::parse().map_err(|error| {
        format!("{error}; usage: simulation adaptive [--quick] [--svg FOLDER] [--seed N]")
    });
    let done = asked.and_then(|options| match options.area.as_str() {
        "adaptive" => adaptive::run(&options),
        area => Err(format!("there is no simulation `{area}`; there is: adaptive")),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
