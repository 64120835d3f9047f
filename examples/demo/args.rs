//! The command line.

use std::{net::SocketAddr, time::Duration};

use lexopt::{Arg, Parser, ValueExt};

pub(crate) const USAGE: &str = "\
A small API guarded by tower-weir.

Usage: demo [--listen ADDRESS] [--drive [SECONDS]]

  --listen ADDRESS   where to listen: an IP address and a port [127.0.0.1:3000]; port 0 takes any free one
  --drive [SECONDS]  send itself mixed traffic for 1 to 600 seconds [10], then print what came of it;
                     listens on any free port unless --listen is given
  -h, --help         print this

Ctrl-C ends it.";

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(LOCALHOST, 3000);
const ANY_FREE_PORT: SocketAddr = SocketAddr::new(LOCALHOST, 0);
const LOCALHOST: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const DEFAULT_DRIVE: u64 = 10;

pub(crate) enum Command {
    Help,
    Run(Args),
}

pub(crate) struct Args {
    pub(crate) listen: SocketAddr,
    pub(crate) drive: Option<Duration>,
}

/// Reads the arguments of this process; an error is one line that says what to change.
pub(crate) fn parse() -> Result<Command, String> {
    let mut parser = Parser::from_env();
    let (mut listen, mut drive) = (None, None);
    while let Some(arg) = parser.next().map_err(with_hint)? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("listen") => {
                let value = parser.value().map_err(with_hint)?;
                listen = Some(parse_address(&value.to_string_lossy())?);
            }
            Arg::Long("drive") => drive = Some(parse_seconds(&mut parser)?),
            _ => return Err(with_hint(arg.unexpected())),
        }
    }
    let default = if drive.is_some() { ANY_FREE_PORT } else { DEFAULT_LISTEN };
    Ok(Command::Run(Args { listen: listen.unwrap_or(default), drive }))
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "--listen {text:?} is not an IP address and a port; give one such as 127.0.0.1:3000"
        )
    })
}

/// `--drive=5`, `--drive 5` or `--drive` alone.
fn parse_seconds(parser: &mut Parser) -> Result<Duration, String> {
    let attached = parser.optional_value();
    let value = attached.or_else(|| {
        parser.try_raw_args()?.next_if(|next| !next.to_string_lossy().starts_with('-'))
    });
    let Some(value) = value else { return Ok(Duration::from_secs(DEFAULT_DRIVE)) };
    match value.parse() {
        Ok(seconds @ 1..=600) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("--drive {value:?} is not a number of seconds from 1 to 600")),
    }
}

fn with_hint(error: impl std::fmt::Display) -> String {
    format!("{error}; --help lists what there is")
}
