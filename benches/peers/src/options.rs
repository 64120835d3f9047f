use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};

/// What the command line asks for.
pub(crate) enum Task {
    /// Times all cases, or those of one measure; with `count`, counts instructions too.
    Report { quick: bool, count: bool, only: Option<String> },
    /// Runs one case. For valgrind, which runs this program again.
    Case { name: String, iterations: u64 },
}

/// Does what the command line asks for; what cannot be done is told and makes the program fail.
pub(crate) fn run(task: impl FnOnce(Task) -> Result<ExitCode, String>) -> ExitCode {
    let asked =
        parse().map_err(|error| format!("{error}; there are [MEASURE], --quick and --count"));
    asked.and_then(task).unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(2)
    })
}

fn parse() -> Result<Task, lexopt::Error> {
    let (mut quick, mut count, mut only) = (false, false, None);
    let (mut case, mut iterations) = (None, 1);
    let mut parser = Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("quick") => quick = true,
            Arg::Long("count") => count = true,
            Arg::Long("case") => case = Some(parser.value()?.string()?),
            Arg::Long("iterations") => iterations = parser.value()?.parse()?,
            Arg::Value(measure) if only.is_none() => only = Some(measure.string()?),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(match case {
        Some(name) => Task::Case { name, iterations },
        None => Task::Report { quick, count, only },
    })
}
