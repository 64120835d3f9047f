//! The command line.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use lexopt::{Arg, Parser, ValueExt};

pub(crate) const USAGE: &str = "\
A small API guarded by tower-weir.

Usage: demo [--listen ADDRESS] [--config FILE] [--adaptive] [--drive [SECONDS]]

  --config FILE      what guards it [examples/demo/weir.toml]; followed when it changes
  --listen ADDRESS   where to listen: an IP address and a port [127.0.0.1:3000]; port 0 takes any free one
  --drive [SECONDS]  send itself mixed traffic for 1 to 600 seconds [10] and print what came of it; then, for up to
                     12 seconds, ask for three times as many reports as it can make, and print what came of that;
                     listens on any free port unless --listen is given
  --adaptive         let the limit on reports fall while they are slow or fail, as after POST /degrade, and recover;
                     with --drive, ask for reports only, for 6 to 600 seconds [30], make them degrade in the
                     middle third, and print a timeline
  -h, --help         print this

Ctrl-C ends it and prints how long each route took; a second one ends it at once.";

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(LOCALHOST, 3000);
const ANY_FREE_PORT: SocketAddr = SocketAddr::new(LOCALHOST, 0);
const LOCALHOST: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const DEFAULT_DRIVE: u64 = 10;
const DEFAULT_ADAPTIVE_DRIVE: u64 = 30;
/// Shorter, the limit could not fall and recover.
const LEAST_ADAPTIVE_DRIVE: u64 = 6;

pub(crate) enum Command {
    Help,
    Run(Args),
}

pub(crate) struct Args {
    pub(crate) listen: SocketAddr,
    pub(crate) config: PathBuf,
    pub(crate) adaptive: bool,
    pub(crate) drive: Option<Duration>,
}

/// Reads the arguments of this process; an error is one line that says what to change.
pub(crate) fn parse() -> Result<Command, String> {
    let mut parser = Parser::from_env();
    let (mut listen, mut config, mut adaptive, mut drive) = (None, None, false, None);
    while let Some(arg) = parser.next().map_err(with_hint)? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("listen") => {
                let value = parser.value().map_err(with_hint)?;
                listen = Some(parse_address(&value.to_string_lossy())?);
            }
            Arg::Long("config") => config = Some(parser.value().map_err(with_hint)?.into()),
            Arg::Long("adaptive") => adaptive = true,
            Arg::Long("drive") => drive = Some(parse_seconds(&mut parser)?),
            _ => return Err(with_hint(arg.unexpected())),
        }
    }
    let default = if drive.is_some() { ANY_FREE_PORT } else { DEFAULT_LISTEN };
    let (least, usual) = match adaptive {
        false => (1, DEFAULT_DRIVE),
        true => (LEAST_ADAPTIVE_DRIVE, DEFAULT_ADAPTIVE_DRIVE),
    };
    let drive = match drive {
        Some(Some(seconds)) if seconds < least => {
            return Err(format!(
                "--adaptive --drive {seconds} is too short to see the limit fall and recover; give {least} seconds or more"
            ));
        }
        drive => drive.map(|seconds| Duration::from_secs(seconds.unwrap_or(usual))),
    };
    let (listen, config) = (listen.unwrap_or(default), config.unwrap_or_else(usual_config));
    Ok(Command::Run(Args { listen, config, adaptive, drive }))
}

/// The file beside the code, wherever the demo is run.
fn usual_config() -> PathBuf {
    let here = Path::new("examples/demo/weir.toml");
    match here.exists() {
        true => here.to_owned(),
        false => Path::new(env!("CARGO_MANIFEST_DIR")).join(here),
    }
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "--listen {text:?} is not an IP address and a port; give one such as 127.0.0.1:3000"
        )
    })
}

/// `--drive=5`, `--drive 5` or `--drive` alone.
fn parse_seconds(parser: &mut Parser) -> Result<Option<u64>, String> {
    let attached = parser.optional_value();
    let value = attached.or_else(|| {
        parser.try_raw_args()?.next_if(|next| !next.to_string_lossy().starts_with('-'))
    });
    let Some(value) = value else { return Ok(None) };
    match value.parse() {
        Ok(seconds @ 1..=600) => Ok(Some(seconds)),
        _ => Err(format!("--drive {value:?} is not a number of seconds from 1 to 600")),
    }
}

fn with_hint(error: impl std::fmt::Display) -> String {
    format!("{error}; --help lists what there is")
}
