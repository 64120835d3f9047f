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
    /// What is measured, one measure after the other. Case names are unique in an area.
    pub measures: &'static [Measure],
    /// The rows that `--count` adds, if there are any.
    pub count: Option<fn(&Figures) -> Section>,
}

/// What is measured together and told together; the command line may ask for it alone.
pub struct Measure {
    /// Asks for it.
    pub name: &'static str,
    /// What is timed, one group after the other; nothing where all work is done for the report.
    pub groups: fn() -> Vec<Group>,
    /// The rows that the figures of these groups make.
    pub report: fn(&Figures) -> Vec<Section>,
}

impl Area {
    /// Does what the command line asks for.
    pub fn main(self) -> ExitCode {
        options::run(|task| match task {
            Task::Report { quick, count, only } => self.measure(quick, count, only.as_deref()),
            Task::Case { name, iterations } => self.run_case(&name, iterations),
        })
    }

    pub(crate) fn case(&self, name: &str) -> Option<Case> {
        let groups = self.measures.iter().flat_map(|measure| (measure.groups)());
        groups.flat_map(|group| group.cases).find(|case| case.name == name)
    }

    fn measure(&self, quick: bool, count: bool, only: Option<&str>) -> Result<ExitCode, String> {
        let none = || format!("there are no instructions to count in {}", self.name);
        let count = count.then(|| self.count.ok_or_else(none)).transpose()?;
        if count.is_some() {
            callgrind::available()?;
        }
        let is_asked = |measure: &&Measure| only.is_none_or(|only| measure.name == only);
        let asked: Vec<_> = self.measures.iter().filter(is_asked).collect();
        if asked.is_empty() {
            let names: Vec<_> = self.measures.iter().map(|measure| measure.name).collect();
            return Err(format!("the measures of {} are: {}", self.name, names.join(", ")));
        }
        let mut figures = Figures::new(self, quick);
        for group in asked.iter().flat_map(|measure| (measure.groups)()) {
            let rounds = if quick { group.rounds.div_ceil(10) } else { group.rounds };
            eprintln!("{}: {} cases in {rounds} rounds", group.name, group.cases.len());
            group.time(rounds, &mut figures);
        }
        let mut sections: Vec<_> =
            asked.iter().flat_map(|measure| (measure.report)(&figures)).collect();
        if let Some(count) = count {
            eprintln!("counting instructions");
            sections.push(count(&figures));
        }

        let about = match figures.noise() {
            Some(noise) => {
                let noise = 100.0 * noise;
                format!("medians; half of a typical case's rounds lie within {noise:.0} %")
            }
            None => "one run".to_owned(),
        };
        report::conclude(self.name, &about, &sections)
    }

    fn run_case(&self, name: &str, iterations: u64) -> Result<ExitCode, String> {
        let case = self.case(name).ok_or_else(|| format!("there is no case `{name}`"))?;
        case.build()(iterations);
        Ok(ExitCode::SUCCESS)
    }
}
