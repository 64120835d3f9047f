use std::net::{IpAddr, SocketAddr};

use http::{HeaderName, HeaderValue, header::FORWARDED};

use super::{
    IpPrefix, KeyExtractor, MissingKey,
    network::Networks,
    peer_ip::{PrefixLengths, peer_ip},
};
use crate::{error::ConfigError, head::Head};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The IP address of the client, as told by reverse proxies that are trusted.
///
/// ```
/// use tower_weir::key::Forwarded;
///
/// let behind_our_load_balancer = Forwarded::trusting(["10.0.0.0/8", "fd00::/8"])?;
/// # Ok::<(), tower_weir::error::ConfigError>(())
/// ```
///
/// A client may send any `X-Forwarded-For` it likes and proxies append to it, so only the right-hand part is worth
/// anything. The address is found by walking from the peer to the left through all header lines, as long as each hop is a
/// trusted proxy:
/// - the first hop that is not trusted is the client;
/// - at a hop that is not an IP address the walk ends, and the proxy that wrote it down counts as the client;
/// - a peer that is not trusted is itself the client, whatever it sends.
///
/// Hops may carry ports and brackets. Prefixes of addresses count as with [`PeerIp`](super::PeerIp), which also says where
/// the peer's address comes from.
#[derive(Clone, Debug)]
pub struct Forwarded {
    proxies: Networks,
    field: Field,
    lengths: PrefixLengths,
}

#[derive(Clone, Copy, Debug)]
enum Field {
    XForwardedFor,
    Rfc7239,
}

impl Forwarded {
    /// Trusts the proxies in these networks (`10.0.0.0/8`) or at these addresses (`192.0.2.1`).
    ///
    /// # Errors
    ///
    /// If one is neither a network nor an address.
    pub fn trusting<I>(proxies: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let proxies = Networks::parse("trusted proxy", proxies)?;
        Ok(Self { proxies, field: Field::XForwardedFor, lengths: PrefixLengths::DEFAULT })
    }

    /// Reads the `Forwarded` header (RFC 7239) instead of `X-Forwarded-For`.
    ///
    /// Choose the one that the proxies write. Reading both would let clients fill in the one that they do not.
    pub fn rfc7239(mut self) -> Self {
        self.field = Field::Rfc7239;
        self
    }

    /// Counts addresses with the same first `v4` bits (of 32) or `v6` bits (of 128) as one client.
    ///
    /// # Errors
    ///
    /// If `v4` is more than 32 or `v6` more than 128.
    pub fn prefix(mut self, v4: u8, v6: u8) -> Result<Self, ConfigError> {
        self.lengths = PrefixLengths::new(v4, v6)?;
        Ok(self)
    }

    /// The key that requests from this address have, for [overrides](crate::rate_limit::PolicyHandle::set_override).
    pub fn key_for(&self, client: IpAddr) -> IpPrefix {
        self.lengths.of(client.to_canonical())
    }

    /// Whether a request comes from one of these networks, for [deny](crate::rate_limit::Rule::deny) and
    /// [allow](crate::rate_limit::Rule::exempt) lists.
    ///
    /// # Errors
    ///
    /// If one is neither a network nor an address.
    pub fn within<I>(
        &self,
        networks: I,
    ) -> Result<impl Fn(&Head<'_>) -> bool + Clone + Send + Sync + use<I>, ConfigError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let (client, networks) = (self.clone(), Networks::parse("network", networks)?);
        Ok(move |head: &Head<'_>| client.client(head).is_ok_and(|ip| networks.contain(ip)))
    }

    fn client(&self, head: &Head<'_>) -> Result<IpAddr, MissingKey> {
        let mut client = peer_ip(head)?;
        let name = match self.field {
            Field::XForwardedFor => X_FORWARDED_FOR,
            Field::Rfc7239 => FORWARDED,
        };
        let lines = head.headers.get_all(name).iter().rev();
        for hop in lines.flat_map(|line| self.field.hops_from_the_right(line)) {
            if !self.proxies.contain(client) {
                break;
            }
            match hop {
                Some(ip) => client = ip.to_canonical(),
                None => break,
            }
        }
        Ok(client)
    }
}

impl KeyExtractor for Forwarded {
    type Key<'a> = IpPrefix;

    fn extract(&self, head: &Head<'_>) -> Result<IpPrefix, MissingKey> {
        self.client(head).map(|ip| self.lengths.of(ip))
    }
}

impl Field {
    /// The addresses in one header line, last first; `None` for an element that has none. Empty elements do not count (RFC 9110
    /// section 5.6.1.2).
    fn hops_from_the_right(self, line: &HeaderValue) -> impl Iterator<Item = Option<IpAddr>> {
        let separator = match self {
            Self::XForwardedFor => Separator { byte: b',', quotes: false },
            Self::Rfc7239 => Separator { byte: b',', quotes: true },
        };
        let elements = separator.split_from_the_right(line.as_bytes());
        elements.filter(|element| !element.is_empty()).map(move |element| {
            let element = str::from_utf8(element).ok()?;
            match self {
                Self::XForwardedFor => parse_node(element),
                Self::Rfc7239 => parse_element(element),
            }
        })
    }
}

/// A byte that separates the parts of a header line, but not within quoted strings, if it may have such.
#[derive(Clone, Copy)]
struct Separator {
    byte: u8,
    quotes: bool,
}

impl Separator {
    /// The trimmed parts, last first.
    ///
    /// Quoted strings are found from the right too. There is what the last proxy wrote, and that is well-formed; a quote that
    /// a client leaves open further left can then hide nothing of it.
    fn split_from_the_right(self, line: &[u8]) -> impl Iterator<Item = &[u8]> {
        let mut rest = Some(line);
        std::iter::from_fn(move || {
            let line = rest?;
            let at = self.last_in(line);
            rest = at.map(|at| &line[..at]);
            Some(line[at.map_or(0, |at| at + 1)..].trim_ascii())
        })
    }

    fn last_in(self, line: &[u8]) -> Option<usize> {
        let mut quoted = false;
        (0..line.len()).rev().find(|&at| {
            if self.quotes && line[at] == b'"' {
                let escapes = line[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
                quoted ^= escapes % 2 == 0;
            }
            !quoted && line[at] == self.byte
        })
    }
}

/// The address in one element of `Forwarded`: `for="[2001:db8::1]:4711";proto=https` (RFC 7239 section 4).
///
/// Proxies may copy what a client sent into other parameters, within quotes. Two parameters `for` are therefore none: one
/// of them could be the client's.
fn parse_element(element: &str) -> Option<IpAddr> {
    let pairs = Separator { byte: b';', quotes: true }.split_from_the_right(element.as_bytes());
    let mut nodes = pairs.filter_map(|pair| {
        let (name, value) = str::from_utf8(pair).ok()?.split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    });
    let node = nodes.next()?;
    if nodes.next().is_some() {
        return None;
    }
    parse_node(node.strip_prefix('"').and_then(|node| node.strip_suffix('"')).unwrap_or(node))
}

/// An address as proxies write it: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn parse_node(node: &str) -> Option<IpAddr> {
    if let Ok(ip) = node.parse() {
        return Some(ip);
    }
    if let Ok(addr) = node.parse::<SocketAddr>() {
        return Some(addr.ip());
    }
    node.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6)
}
