use lexopt::{Arg, Parser, ValueExt};

/// What the command line asks for.
pub(crate) enum Task {
    /// Times all cases; with `count`, counts their instructions too.
    Report { quick: bool, count: bool },
    /// Runs one case. For valgrind, which runs this program again.
    Case { name: String, iterations: u64 },
}

pub(crate) fn parse() -> Result<Task, lexopt::Error> {
    let (mut quick, mut count, mut case, mut iterations) = (false, false, None, 1);
    let mut parser = Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("quick") => quick = true,
            Arg::Long("count") => count = true,
            Arg::Long("case") => case = Some(parser.value()?.string()?),
            Arg::Long("iterations") => iterations = parser.value()?.parse()?,
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(match case {
        Some(name) => Task::Case { name, iterations },
        None => Task::Report { quick, count },
    })
}
