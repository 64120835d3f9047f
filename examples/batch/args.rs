//! The command line.

use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

pub(crate) const USAGE: &str = "\
Rows into SQLite and out of it, one by one and in batches.

Usage: batch [--seconds N] [--callers N]

  --seconds N   how long to work in all, from 1 to 600 [10]: a quarter of it for inserts one by one, inserts in batches,
                lookups one by one, lookups in batches
  --callers N   how many ask at the same time, from 1 to 1000 [64]
  -h, --help    print this";

const DEFAULT_SECONDS: u64 = 10;
const DEFAULT_CALLERS: u64 = 64;

pub(crate) enum Command {
    Help,
    Run(Args),
}

pub(crate) struct Args {
    pub(crate) duration: Duration,
    pub(crate) callers: u64,
}

/// Reads the arguments of this process; an error is one line that says what to change.
pub(crate) fn parse() -> Result<Command, String> {
    let mut parser = Parser::from_env();
    let (mut seconds, mut callers) = (DEFAULT_SECONDS, DEFAULT_CALLERS);
    while let Some(arg) = parser.next().map_err(with_hint)? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("seconds") => seconds = number(&mut parser, "--seconds", 600)?,
            // No more than may wait for their batch by default, 16 batches of 64: others would be refused.
            Arg::Long("callers") => callers = number(&mut parser, "--callers", 1_000)?,
            _ => return Err(with_hint(arg.unexpected())),
        }
    }
    Ok(Command::Run(Args { duration: Duration::from_secs(seconds), callers }))
}

fn number(parser: &mut Parser, option: &str, most: u64) -> Result<u64, String> {
    let value = parser.value().map_err(with_hint)?;
    match value.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(format!("{option} {value:?} is not a whole number from 1 to {most}")),
    }
}

fn with_hint(error: impl std::fmt::Display) -> String {
    format!("{error}; --help lists what there is")
}
