//! The command line.

use std::{fmt::Display, net::SocketAddr, str::FromStr, time::Duration};

use http::{Uri, uri::Authority};
use lexopt::{Arg, Parser};

use super::log::Log;

pub(crate) const USAGE: &str = "\
A caching reverse proxy: HTTP/1.1 in front of one upstream.

Usage: proxy --upstream URL [--listen ADDRESS] [OPTION]...

  --upstream URL        where requests go, such as http://127.0.0.1:8000
  --listen ADDRESS      where to listen: an IP address and a port [127.0.0.1:8010]; port 0 takes any free one
  --timeout SECONDS     how long the upstream may take to respond, the body not included [30]
  --quiet               say nothing on stderr about what goes wrong upstream
  -h, --help            print this

What is cached, and for how long (RFC 9111):

  --no-cache            cache nothing: only pass on
  --max-bytes SIZE      how much may be kept [256M]; a number of bytes, or of KiB, MiB or GiB as in 64K, 64M, 1G
  --max-object-bytes SIZE
                        responses that are larger pass and are not kept [16M]
  --heuristic on|off    keep what has no lifetime but a Last-Modified for a tenth of its age [on]
  --default-ttl SECONDS|none
                        keep what has neither for so long [none]
  --stale-if-error SECONDS|none
                        use what went stale so long ago if the upstream fails, and no response forbids it [60]
  --set-cookie store|refuse
                        what to do with responses that set a cookie; stored, everyone gets the same cookie [refuse]
  --request-directives honour|ignore
                        whether a client's Cache-Control, such as no-cache, has a say [honour]
  --cache-status on|off whether a Cache-Status field (RFC 9211) tells what the cache did [on]

Ctrl-C ends it when all requests under way have ended, after ten seconds at most; a second one ends it at once.";

const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8010);

pub(crate) enum Command {
    Help,
    Run(Args),
}

#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) listen: SocketAddr,
    pub(crate) upstream: Authority,
    pub(crate) timeout: Duration,
    pub(crate) quiet: bool,
    /// `None` to cache nothing.
    pub(crate) cache: Option<CacheArgs>,
}

#[derive(Debug)]
pub(crate) struct CacheArgs {
    pub(crate) max_bytes: u64,
    pub(crate) max_object_bytes: u64,
    pub(crate) heuristic: bool,
    pub(crate) default_ttl: Option<Duration>,
    pub(crate) stale_if_error: Option<Duration>,
    pub(crate) store_set_cookie: bool,
    pub(crate) honour_requests: bool,
    pub(crate) cache_status: bool,
}

impl Default for CacheArgs {
    fn default() -> Self {
        Self {
            max_bytes: 256 << 20,
            max_object_bytes: 16 << 20,
            heuristic: true,
            default_ttl: None,
            stale_if_error: Some(Duration::from_secs(60)),
            store_set_cookie: false,
            honour_requests: true,
            cache_status: true,
        }
    }
}

impl Args {
    pub(crate) fn log(&self) -> Log {
        Log { quiet: self.quiet }
    }
}

/// Reads arguments; an error is one line that says what to change.
pub(crate) fn parse(arguments: Parser) -> Result<Command, String> {
    let mut values = Values(arguments);
    let (mut listen, mut upstream, mut timeout) = (DEFAULT_LISTEN, None, 30);
    let (mut quiet, mut caching, mut cache) = (false, true, CacheArgs::default());
    while let Some(arg) = values.0.next().map_err(with_hint)? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("listen") => listen = values.parsed("listen", AN_ADDRESS)?,
            Arg::Long("upstream") => upstream = Some(parse_upstream(&values.text()?)?),
            Arg::Long("timeout") => timeout = values.seconds("timeout")?,
            Arg::Long("quiet") => quiet = true,
            Arg::Long("no-cache") => caching = false,
            Arg::Long("max-bytes") => cache.max_bytes = values.bytes("max-bytes")?,
            Arg::Long("max-object-bytes") => {
                cache.max_object_bytes = values.bytes("max-object-bytes")?;
            }
            Arg::Long("heuristic") => cache.heuristic = values.switch("heuristic", ON_OFF)?,
            Arg::Long("default-ttl") => {
                cache.default_ttl = values.seconds_or_none("default-ttl")?;
            }
            Arg::Long("stale-if-error") => {
                cache.stale_if_error = values.seconds_or_none("stale-if-error")?;
            }
            Arg::Long("set-cookie") => {
                cache.store_set_cookie = values.switch("set-cookie", ["store", "refuse"])?;
            }
            Arg::Long("request-directives") => {
                cache.honour_requests =
                    values.switch("request-directives", ["honour", "ignore"])?;
            }
            Arg::Long("cache-status") => {
                cache.cache_status = values.switch("cache-status", ON_OFF)?;
            }
            _ => return Err(with_hint(arg.unexpected())),
        }
    }
    let upstream = upstream
        .ok_or("--upstream is missing; give one such as --upstream http://127.0.0.1:8000")?;
    if upstream.as_str() == listen.to_string() {
        return Err(format!("--upstream {upstream} is --listen {listen}: it would ask itself"));
    }
    let cache = caching.then_some(cache);
    Ok(Command::Run(Args { listen, upstream, timeout: Duration::from_secs(timeout), quiet, cache }))
}

const AN_ADDRESS: &str = "an IP address and a port; give one such as 127.0.0.1:8010";
const ON_OFF: [&str; 2] = ["on", "off"];
/// More would not fit what counts milliseconds in 64 bits.
const MOST_SECONDS: u64 = 365 * 24 * 60 * 60;

/// The values that follow the names.
struct Values(Parser);

impl Values {
    fn text(&mut self) -> Result<String, String> {
        Ok(self.0.value().map_err(with_hint)?.to_string_lossy().into_owned())
    }

    fn parsed<T: FromStr>(&mut self, name: &str, what: &str) -> Result<T, String> {
        let text = self.text()?;
        text.parse().map_err(|_| format!("--{name} {text:?} is not {what}"))
    }

    /// Whether it is the first of two words.
    fn switch(&mut self, name: &str, words: [&str; 2]) -> Result<bool, String> {
        let text = self.text()?;
        let place = words.iter().position(|word| *word == text);
        let place = place
            .ok_or_else(|| format!("--{name} {text:?} is neither {} nor {}", words[0], words[1]))?;
        Ok(place == 0)
    }

    fn seconds(&mut self, name: &str) -> Result<u64, String> {
        let text = self.text()?;
        parse_seconds(&text).ok_or_else(|| {
            format!("--{name} {text:?} is not a number of seconds from 1 to {MOST_SECONDS}")
        })
    }

    fn seconds_or_none(&mut self, name: &str) -> Result<Option<Duration>, String> {
        let text = self.text()?;
        if text == "none" {
            return Ok(None);
        }
        let seconds = parse_seconds(&text).ok_or_else(|| {
            format!(
                "--{name} {text:?} is neither none nor a number of seconds from 1 to {MOST_SECONDS}"
            )
        })?;
        Ok(Some(Duration::from_secs(seconds)))
    }

    fn bytes(&mut self, name: &str) -> Result<u64, String> {
        let text = self.text()?;
        parse_bytes(&text).ok_or_else(|| {
            format!("--{name} {text:?} is not a size; give a number of bytes, or one such as 64K, 64M or 1G")
        })
    }
}

fn parse_seconds(text: &str) -> Option<u64> {
    text.parse().ok().filter(|seconds| (1..=MOST_SECONDS).contains(seconds))
}

fn parse_bytes(text: &str) -> Option<u64> {
    let (number, unit) = match text.as_bytes().last()? {
        b'K' => (&text[..text.len() - 1], 1 << 10),
        b'M' => (&text[..text.len() - 1], 1 << 20),
        b'G' => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    number.parse::<u64>().ok().filter(|number| *number > 0)?.checked_mul(unit)
}

fn parse_upstream(text: &str) -> Result<Authority, String> {
    let uri: Option<Uri> = text.parse().ok();
    let parts = uri.map(Uri::into_parts);
    let (scheme, authority, path) = parts
        .map_or((None, None, None), |parts| (parts.scheme, parts.authority, parts.path_and_query));
    let http = scheme.is_some_and(|scheme| scheme == http::uri::Scheme::HTTP);
    let bare = path.is_none_or(|path| path == "/");
    authority.filter(|authority| http && bare && !authority.as_str().contains('@')).ok_or_else(|| {
        format!("--upstream {text:?} is not http:// with a host, an optional port and nothing else; give one such as http://127.0.0.1:8000")
    })
}

fn with_hint(error: impl Display) -> String {
    format!("{error}; --help lists what there is")
}
