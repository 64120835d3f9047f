use std::process::ExitCode;

use crate::{
    callgrind,
    case::Case,
    figures::Figures,
    group::Group,
    options::{self, Task},
    report,
    row::Section,
};

/// The benches of one part of the crate.
pub struct Area {
    /// Names the JSON file.
    pub name: &'static str,
    /// What is timed, one group after the other. Case names are unique in an area.
    pub groups: fn() -> Vec<Group>,
    /// The rows that the figures make.
    pub report: fn(&Figures) -> Vec<Section>,
    /// The rows that `--count` adds.
    pub count: fn(&Figures) -> Section,
}

impl Area {
    /// Does what the command line asks for.
    pub fn main(self) -> ExitCode {
        options::run(|task| match task {
            Task::Report { quick, count } => self.measure(quick, count),
            Task::Case { name, iterations } => self.run_case(&name, iterations),
        })
    }

    pub(crate) fn case(&self, name: &str) -> Option<Case> {
        (self.groups)().into_iter().flat_map(|group| group.cases).find(|case| case.name == name)
    }

    fn measure(&self, quick: bool, count: bool) -> Result<ExitCode, String> {
        if count {
            callgrind::available()?;
        }
        let mut figures = Figures::new(self);
        for group in (self.groups)() {
            let rounds = if quick { group.rounds.div_ceil(10) } else { group.rounds };
            eprintln!("{}: {} cases in {rounds} rounds", group.name, group.cases.len());
            group.time(rounds, &mut figures);
        }
        let mut sections = (self.report)(&figures);
        if count {
            eprintln!("counting instructions");
            sections.push((self.count)(&figures));
        }

        let noise = 100.0 * figures.noise();
        let about = format!("medians; half of a typical case's rounds lie within {noise:.0} %");
        report::conclude(self.name, &about, &sections)
    }

    fn run_case(&self, name: &str, iterations: u64) -> Result<ExitCode, String> {
        let case = self.case(name).ok_or_else(|| format!("there is no case `{name}`"))?;
        case.build()(iterations);
        Ok(ExitCode::SUCCESS)
    }
}
