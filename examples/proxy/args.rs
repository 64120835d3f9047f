//! The command line.

use std::{fmt::Display, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use http::{Method, Uri, uri::Authority};
use lexopt::{Arg, Parser, ValueExt};

pub(crate) const USAGE: &str = "\
A reverse proxy with a weir: limits, caches and measures what passes to one upstream.

Usage: proxy --config FILE --upstream URL [OPTION]...
       proxy check FILE [--explain \"METHOD PATH\"]

  --config FILE         what is limited, cached and measured, route by route; see examples/proxy/weir.toml
  --upstream URL        where requests go, such as http://127.0.0.1:3000
  --upstream-http2      speak HTTP/2 without TLS to the upstream, as gRPC wants it, instead of HTTP/1.1
  --listen ADDRESS      where to listen for HTTP/1.1 and HTTP/2: an IP address and a port [127.0.0.1:8080]; port 0
                        takes any free one
  --admin ADDRESS       where to listen for operators: /metrics /profile /config /healthz /readyz and POST /reload;
                        whoever reaches it needs no password [nowhere]
  --log text|json|off   a line on stderr for each request, at its end [text]

How long, such as 500ms, 30s or 5m:

  --timeout TIME        the upstream may be silent until the head of its response is there [30s]
  --connect-timeout TIME
                        a connection to the upstream may take to be made [5s]
  --header-timeout TIME a client may take for the head of its first request [10s]
  --idle-timeout TIME   a client may send no further request, or not read its response [60s]
  --drain TIME          requests under way may take once the proxy is to end [10s]

  --max-connections N   as many clients' connections at once; others wait to be accepted [4096]
  -h, --help            print this

SIGTERM or Ctrl-C ends it when all requests under way have ended; a second one ends it at once. It exits with 0, or with 1 if
requests were cut off. SIGHUP reads FILE again; a bad one changes nothing.

`proxy check` prints what is in force for each route, and exits with 1 if FILE is not good. --explain \"GET /search\" prints what
one request meets.";

const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

pub(crate) enum Command {
    Help,
    Run(Args),
    Check(CheckArgs),
}

#[derive(Clone, Debug)]
pub(crate) struct Args {
    pub(crate) config: PathBuf,
    pub(crate) upstream: Authority,
    pub(crate) upstream_http2: bool,
    pub(crate) listen: SocketAddr,
    pub(crate) admin: Option<SocketAddr>,
    pub(crate) log: LogFormat,
    pub(crate) timeouts: Timeouts,
    pub(crate) max_connections: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) response: Duration,
    pub(crate) connect: Duration,
    pub(crate) header: Duration,
    pub(crate) idle: Duration,
    pub(crate) drain: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
    Off,
}

#[derive(Debug)]
pub(crate) struct CheckArgs {
    pub(crate) config: PathBuf,
    pub(crate) explain: Option<(Method, String)>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            response: Duration::from_secs(30),
            connect: Duration::from_secs(5),
            header: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            drain: Duration::from_secs(10),
        }
    }
}

/// Reads arguments; an error is one line that says what to change.
pub(crate) fn parse(arguments: Parser) -> Result<Command, String> {
    let mut values = Values(arguments);
    let (mut config, mut upstream, mut upstream_http2) = (None, None, false);
    let (mut listen, mut admin, mut log) = (DEFAULT_LISTEN, None, LogFormat::Text);
    let (mut timeouts, mut max_connections) = (Timeouts::default(), 4096);
    let mut first = true;
    while let Some(arg) = values.0.next().map_err(with_hint)? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Value(word) if first && word == "check" => return parse_check(values),
            Arg::Long("config") => config = Some(values.path()?),
            Arg::Long("upstream") => upstream = Some(parse_upstream(&values.text()?)?),
            Arg::Long("upstream-http2") => upstream_http2 = true,
            Arg::Long("listen") => listen = values.address("listen")?,
            Arg::Long("admin") => admin = Some(values.address("admin")?),
            Arg::Long("log") => log = parse_log(&values.text()?)?,
            Arg::Long("timeout") => timeouts.response = values.time("timeout")?,
            Arg::Long("connect-timeout") => timeouts.connect = values.time("connect-timeout")?,
            Arg::Long("header-timeout") => timeouts.header = values.time("header-timeout")?,
            Arg::Long("idle-timeout") => timeouts.idle = values.time("idle-timeout")?,
            Arg::Long("drain") => timeouts.drain = values.time("drain")?,
            Arg::Long("max-connections") => {
                max_connections = parse_connections(&values.text()?)?;
            }
            _ => return Err(with_hint(arg.unexpected())),
        }
        first = false;
    }
    let config = config
        .ok_or("--config is missing; give a file such as --config examples/proxy/weir.toml")?;
    let upstream = upstream
        .ok_or("--upstream is missing; give one such as --upstream http://127.0.0.1:3000")?;
    if upstream.as_str() == listen.to_string() {
        return Err(format!("--upstream {upstream} is --listen {listen}: it would ask itself"));
    }
    if admin == Some(listen) && listen.port() != 0 {
        return Err(format!(
            "--admin {listen} is --listen too: clients must not reach what is for operators; give another port"
        ));
    }
    Ok(Command::Run(Args {
        config,
        upstream,
        upstream_http2,
        listen,
        admin,
        log,
        timeouts,
        max_connections,
    }))
}

fn parse_check(mut values: Values) -> Result<Command, String> {
    let (mut config, mut explain) = (None, None);
    while let Some(arg) = values.0.next().map_err(with_hint)? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("explain") => explain = Some(parse_request(&values.text()?)?),
            Arg::Value(file) if config.is_none() => config = Some(PathBuf::from(file)),
            _ => return Err(with_hint(arg.unexpected())),
        }
    }
    let config = config.ok_or("check what? give a file such as check examples/proxy/weir.toml")?;
    Ok(Command::Check(CheckArgs { config, explain }))
}

/// The values that follow the names.
struct Values(Parser);

impl Values {
    fn text(&mut self) -> Result<String, String> {
        Ok(self.0.value().map_err(with_hint)?.to_string_lossy().into_owned())
    }

    fn path(&mut self) -> Result<PathBuf, String> {
        self.0.value().and_then(|value| value.parse_with(|path| path.parse())).map_err(with_hint)
    }

    fn address(&mut self, name: &str) -> Result<SocketAddr, String> {
        let text = self.text()?;
        SocketAddr::from_str(&text).map_err(|_| {
            format!(
                "--{name} {text:?} is not an IP address and a port; give one such as 127.0.0.1:8080"
            )
        })
    }

    fn time(&mut self, name: &str) -> Result<Duration, String> {
        let text = self.text()?;
        let time = humantime::parse_duration(&text).ok();
        time.filter(|time| (Duration::from_millis(1)..=MOST).contains(time)).ok_or_else(|| {
            format!(
                "--{name} {text:?} is not a time from 1ms to a year; give one such as 500ms or 30s"
            )
        })
    }
}

/// More would not fit what counts milliseconds in 64 bits.
const MOST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

fn parse_log(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        "off" => Ok(LogFormat::Off),
        _ => Err(format!("--log {text:?} is none of text, json and off")),
    }
}

/// As many as a semaphore can count is more than any system opens.
fn parse_connections(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (1..=1_000_000).contains(number))
        .ok_or_else(|| format!("--max-connections {text:?} is not a number from 1 to 1000000"))
}

fn parse_request(text: &str) -> Result<(Method, String), String> {
    let (method, path) = text.split_once(' ').unwrap_or_default();
    let method = Method::from_bytes(method.as_bytes()).ok();
    let path = path.trim();
    let path = (path.starts_with('/') && path.parse::<Uri>().is_ok()).then(|| path.to_owned());
    method.zip(path).ok_or_else(|| {
        format!("--explain {text:?} is not a method and a path; give one such as \"GET /search\"")
    })
}

fn parse_upstream(text: &str) -> Result<Authority, String> {
    let uri: Option<Uri> = text.parse().ok();
    let parts = uri.map(Uri::into_parts);
    let (scheme, authority, path) = parts
        .map_or((None, None, None), |parts| (parts.scheme, parts.authority, parts.path_and_query));
    let http = scheme.is_some_and(|scheme| scheme == http::uri::Scheme::HTTP);
    let bare = path.is_none_or(|path| path == "/");
    authority.filter(|authority| http && bare && !authority.as_str().contains('@')).ok_or_else(|| {
        format!("--upstream {text:?} is not http:// with a host, an optional port and nothing else; give one such as http://127.0.0.1:3000")
    })
}

fn with_hint(error: impl Display) -> String {
    format!("{error}; --help lists what there is")
}
