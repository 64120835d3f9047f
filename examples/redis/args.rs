//! The command line.

use lexopt::{Arg, Parser, ValueExt};

pub(crate) const USAGE: &str = "\
Two instances of one service that share limits and cached responses over Redis.

Usage: redis [--redis URL] [--ports A B] [--drive]

  --redis URL   the server to use, as redis://127.0.0.1:6379/; otherwise one is started, if `redis-server` is installed
  --ports A B   where the instances listen on 127.0.0.1 [3010 3011]; 0 takes any free port
  --drive       ask the instances, print what came of it, and end
  -h, --help    print this";

pub(crate) enum Command {
    Help,
    Run(Args),
}

pub(crate) struct Args {
    pub(crate) redis: Option<String>,
    pub(crate) ports: [u16; 2],
    pub(crate) drive: bool,
}

pub(crate) fn parse() -> Result<Command, String> {
    read(Parser::from_env()).map_err(|error| format!("{error}\n\n{USAGE}"))
}

fn read(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let (mut redis, mut ports, mut drive) = (None, None, false);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("redis") => redis = Some(parser.value()?.string()?),
            Arg::Long("ports") => {
                ports = Some([parser.value()?.parse()?, parser.value()?.parse()?]);
            }
            Arg::Long("drive") => drive = true,
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            _ => return Err(arg.unexpected()),
        }
    }
    let ports = ports.unwrap_or(if drive { [0, 0] } else { [3010, 3011] });
    Ok(Command::Run(Args { redis, ports, drive }))
}
