//! Floods of keys, beside governor: what they take of memory and time, and whether those who are throttled stay so. Then a
//! thousand million checks, of which not one too many may pass.

mod accounting;
mod exact;
mod histogram;
mod live;
mod scenario;
mod scenarios;
mod tables;
mod traffic;

use std::process::ExitCode;

use tower_weir_peers::{CountingAllocator, Trial};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    let trial = Trial {
        name: "flood",
        about: "one run; the peer is asked the same at the same moments",
        sections: |quick| {
            let newcomers = if quick { 1_000_000 } else { 10_000_000 };
            let mut sections = live::sections(newcomers);
            sections.extend(scenarios::sections(newcomers));
            sections.push(accounting::section(if quick { 100_000_000 } else { 1_000_000_000 }));
            sections
        },
    };
    trial.main()
}
