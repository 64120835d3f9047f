use std::net::{IpAddr, SocketAddr};

use http::{HeaderName, HeaderValue, header::FORWARDED};
use ipnet::IpNet;

use super::{
    IpPrefix, KeyExtractor, MissingKey,
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
    proxies: Box<[IpNet]>,
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
        let proxies = proxies
            .into_iter()
            .map(|text| parse_network(text.as_ref()))
            .collect::<Result<_, _>>()?;
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

    fn client(&self, head: &Head<'_>) -> Result<IpAddr, MissingKey> {
        let mut client = peer_ip(head)?;
        let (name, parse): (_, fn(&str) -> Option<IpAddr>) = match self.field {
            Field::XForwardedFor => (X_FORWARDED_FOR, parse_node),
            Field::Rfc7239 => (FORWARDED, parse_element),
        };
        let lines = head.headers.get_all(name).iter().rev();
        for hop in lines.flat_map(hops_from_the_right) {
            if !self.trusts(client) {
                break;
            }
            match hop.and_then(parse) {
                Some(ip) => client = ip.to_canonical(),
                None => break,
            }
        }
        Ok(client)
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(&ip))
    }
}

impl KeyExtractor for Forwarded {
    type Key<'a> = IpPrefix;

    fn extract(&self, head: &Head<'_>) -> Result<IpPrefix, MissingKey> {
        self.client(head).map(|ip| self.lengths.of(ip))
    }
}

fn parse_network(text: &str) -> Result<IpNet, ConfigError> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| {
        ConfigError::new(
            "trusted proxy",
            text,
            "not a network or an address; allowed: CIDR such as 10.0.0.0/8 or fd00::/8, or an IP address",
        )
    })
}

/// The elements of one header line, last first; `None` for one that cannot be text. Empty ones do not count (RFC 9110
/// section 5.6.1.2).
fn hops_from_the_right(line: &HeaderValue) -> impl Iterator<Item = Option<&str>> {
    let elements = line.as_bytes().rsplit(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    elements.filter(|element| !element.is_empty()).map(|element| str::from_utf8(element).ok())
}

/// The address in one element of `Forwarded`: `for="[2001:db8::1]:4711";proto=https` (RFC 7239 section 4).
///
/// The line was split at every comma, also inside quotes. A proxy that writes quoted commas is read as unparsable, which
/// ends the walk; it cannot make a forged hop count.
fn parse_element(element: &str) -> Option<IpAddr> {
    let node = element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    })?;
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
