use std::process::ExitCode;

use crate::{
    options::{self, Task},
    report,
    row::Section,
};

/// An area whose figures are not medians of cases: it does its work once and makes its rows of what came of it.
pub struct Trial {
    /// Names the JSON file.
    pub name: &'static str,
    /// Stands above the table.
    pub about: &'static str,
    /// Does the work, less of it if it is to be quick.
    pub sections: fn(quick: bool) -> Vec<Section>,
}

impl Trial {
    /// Does what the command line asks for.
    pub fn main(self) -> ExitCode {
        options::run(|task| match task {
            Task::Report { quick, count: false, only: None } => {
                report::conclude(self.name, self.about, &(self.sections)(quick))
            }
            _ => Err(format!("there are no instructions to count in {}, only --quick", self.name)),
        })
    }
}
