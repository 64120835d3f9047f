use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

/// What the command line asks for.
pub(crate) struct Options {
    pub(crate) area: String,
    /// Fewer runs of each scenario.
    pub(crate) quick: bool,
    /// Where plots go.
    pub(crate) svg: Option<PathBuf>,
    /// Where the random numbers begin.
    pub(crate) seed: u64,
    /// How many runs of each scenario, if not as many as usual; in `linger` and `overload`.
    pub(crate) seeds: Option<u64>,
    /// For how many workers, if not for all; in `overload`.
    pub(crate) workers: Vec<usize>,
}

impl Options {
    pub(crate) fn parse() -> Result<Self, lexopt::Error> {
        let (mut area, mut quick, mut svg, mut seed) = (None, false, None, 1);
        let (mut seeds, mut workers) = (None, Vec::new());
        let mut parser = Parser::from_env();
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Long("quick") => quick = true,
                Arg::Long("svg") => svg = Some(parser.value()?.into()),
                Arg::Long("seed") => seed = parser.value()?.parse()?,
                Arg::Long("seeds") => seeds = Some(parser.value()?.parse()?),
                Arg::Long("workers") => workers.push(parser.value()?.parse()?),
                // `cargo bench` adds it.
                Arg::Long("bench") => {}
                Arg::Value(name) if area.is_none() => area = Some(name.string()?),
                _ => return Err(arg.unexpected()),
            }
        }
        let area = area.ok_or("which simulation?")?;
        Ok(Self { area, quick, svg, seed, seeds, workers })
    }
}
