use std::{
    hash::{Hash, Hasher},
    net::{IpAddr, SocketAddr},
};

use super::{KeyExtractor, MissingKey, network::Networks};
use crate::{error::ConfigError, head::Head};

/// The IP address of the peer: who opened the connection.
///
/// ```
/// use tower_weir::key::PeerIp;
///
/// let by_peer = PeerIp;
/// let coarser = PeerIp.prefix(24, 48);
/// ```
///
/// An IPv6 key is the /64 prefix, since a single subscriber commonly holds a /64 and could take a new address for each
/// request; an IPv4-mapped IPv6 address (`::ffff:192.0.2.1`, what a dual-stack socket reports) is its IPv4 address.
///
/// Behind a reverse proxy every request comes from the proxy: use [`Forwarded`](super::Forwarded) there.
///
/// The address is read from the request's extensions, where the server puts it:
/// - axum: `axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())` (feature `axum`);
/// - tonic: nothing to do (feature `tonic`);
/// - hyper and others: insert the peer's `std::net::SocketAddr` as an extension of each request.
#[derive(Clone, Copy, Debug, Default)]
pub struct PeerIp;

impl PeerIp {
    /// Counts addresses with the same first `v4` bits (of 32) or `v6` bits (of 128) as one client.
    ///
    /// # Panics
    ///
    /// If `v4` is more than 32 or `v6` more than 128; in a `const` that is a compile error.
    pub const fn prefix(self, v4: u8, v6: u8) -> PeerPrefix {
        assert!(v4 <= 32, "an IPv4 prefix has at most 32 bits");
        assert!(v6 <= 128, "an IPv6 prefix has at most 128 bits");
        PeerPrefix { lengths: PrefixLengths { v4, v6 } }
    }

    /// As [`PeerIp::prefix`], for lengths that are not known to be right.
    ///
    /// # Errors
    ///
    /// If `v4` is more than 32 or `v6` more than 128.
    pub fn try_prefix(self, v4: u8, v6: u8) -> Result<PeerPrefix, ConfigError> {
        PrefixLengths::new(v4, v6).map(|lengths| PeerPrefix { lengths })
    }

    /// The key that requests from this address have, for [overrides](crate::rate_limit::PolicyHandle::set_override).
    pub fn key_for(self, peer: IpAddr) -> IpPrefix {
        PrefixLengths::DEFAULT.of(peer.to_canonical())
    }

    /// Whether a request comes from one of these networks or addresses, for [deny](crate::rate_limit::Rule::deny) and
    /// [allow](crate::rate_limit::Rule::exempt) lists.
    ///
    /// ```
    /// use tower_weir::{key::PeerIp, rate_limit::{Quota, RateLimitLayer}};
    ///
    /// let layer = RateLimitLayer::new(Quota::per_second(20))
    ///     .key(PeerIp)
    ///     .exempt(PeerIp.within(["10.0.0.0/8", "fd00::/8"])?);
    /// # Ok::<(), tower_weir::error::ConfigError>(())
    /// ```
    ///
    /// One without a peer's address is from none.
    ///
    /// # Errors
    ///
    /// If one is neither a network nor an address.
    pub fn within<I>(
        self,
        networks: I,
    ) -> Result<impl Fn(&Head<'_>) -> bool + Clone + Send + Sync + use<I>, ConfigError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let networks = Networks::parse("network", networks)?;
        Ok(move |head: &Head<'_>| peer_ip(head).is_ok_and(|ip| networks.contain(ip)))
    }
}

impl KeyExtractor for PeerIp {
    type Key<'a> = IpPrefix;

    #[inline]
    fn extract(&self, head: &Head<'_>) -> Result<IpPrefix, MissingKey> {
        peer_ip(head).map(|ip| PrefixLengths::DEFAULT.of(ip))
    }
}

/// [`PeerIp`] with other prefix lengths than /32 and /64; made by [`PeerIp::prefix`].
#[derive(Clone, Copy, Debug)]
pub struct PeerPrefix {
    lengths: PrefixLengths,
}

impl PeerPrefix {
    /// The key that requests from this address have, for [overrides](crate::rate_limit::PolicyHandle::set_override).
    pub fn key_for(self, peer: IpAddr) -> IpPrefix {
        self.lengths.of(peer.to_canonical())
    }
}

impl KeyExtractor for PeerPrefix {
    type Key<'a> = IpPrefix;

    fn extract(&self, head: &Head<'_>) -> Result<IpPrefix, MissingKey> {
        peer_ip(head).map(|ip| self.lengths.of(ip))
    }
}

/// The part of an IP address that counts as one client: the address with the bits after the prefix cleared.
///
/// An IPv4 address is held as its IPv4-mapped IPv6 address, so that both families are one kind of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpPrefix(u128);

impl Hash for IpPrefix {
    /// In as few words as tell addresses apart: one for IPv4.
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (high, low) = ((self.0 >> 64) as u64, self.0 as u64);
        if high != 0 {
            state.write_u64(high);
        }
        state.write_u64(low);
    }
}

impl IpPrefix {
    /// The first address with this prefix.
    pub fn address(self) -> IpAddr {
        IpAddr::V6(self.0.into()).to_canonical()
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct PrefixLengths {
    v4: u8,
    v6: u8,
}

impl PrefixLengths {
    pub(super) const DEFAULT: Self = Self { v4: 32, v6: 64 };

    pub(super) fn new(v4: u8, v6: u8) -> Result<Self, ConfigError> {
        if v4 > 32 {
            return Err(ConfigError::new("IPv4 prefix", v4.to_string(), "at most 32 bits"));
        }
        if v6 > 128 {
            return Err(ConfigError::new("IPv6 prefix", v6.to_string(), "at most 128 bits"));
        }
        Ok(Self { v4, v6 })
    }

    /// `ip` must be canonical: an IPv4-mapped address is masked as IPv4.
    #[inline]
    pub(super) fn of(self, ip: IpAddr) -> IpPrefix {
        let (bits, length) = match ip {
            // The IPv4-mapped address, by arithmetic: put together from bytes it would have to go through memory.
            IpAddr::V4(ip) => (0xffff << 32 | u128::from(ip.to_bits()), 96 + u32::from(self.v4)),
            IpAddr::V6(ip) => (ip.to_bits(), u32::from(self.v6)),
        };
        IpPrefix(bits & u128::MAX.checked_shl(128 - length).unwrap_or(0))
    }
}

/// The canonical address of the peer.
#[inline]
pub(super) fn peer_ip(head: &Head<'_>) -> Result<IpAddr, MissingKey> {
    const MISSING: &str = "the server must pass it on: with axum serve \
         `into_make_service_with_connect_info::<SocketAddr>()`, with tonic enable the feature `tonic`, with hyper insert \
         the peer's `SocketAddr` as a request extension";
    socket_ip(head)
        .map(|ip| ip.to_canonical())
        .ok_or_else(|| MissingKey::new("peer address").remedy(MISSING))
}

#[inline]
fn socket_ip(head: &Head<'_>) -> Option<IpAddr> {
    #[cfg(feature = "axum")]
    if let Some(axum::extract::ConnectInfo(addr)) =
        head.extensions.get::<axum::extract::ConnectInfo<SocketAddr>>()
    {
        return Some(addr.ip());
    }
    #[cfg(feature = "tonic")]
    {
        // Under TLS tonic inserts this one too, beside its `TlsConnectInfo`.
        let info = head.extensions.get::<tonic::transport::server::TcpConnectInfo>();
        if let Some(addr) = info.and_then(|info| info.remote_addr()) {
            return Some(addr.ip());
        }
    }
    head.extensions.get::<SocketAddr>().map(SocketAddr::ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(lengths: PrefixLengths, ip: &str) -> String {
        lengths.of(ip.parse::<IpAddr>().unwrap().to_canonical()).address().to_string()
    }

    #[test]
    fn masks_by_family() {
        let default = PrefixLengths::DEFAULT;
        assert_eq!(prefix(default, "192.0.2.77"), "192.0.2.77");
        assert_eq!(prefix(default, "2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(prefix(default, "::ffff:192.0.2.77"), "192.0.2.77");

        let coarse = PrefixLengths::new(24, 48).unwrap();
        assert_eq!(prefix(coarse, "192.0.2.77"), "192.0.2.0");
        assert_eq!(prefix(coarse, "::ffff:192.0.2.77"), "192.0.2.0");
        assert_eq!(prefix(coarse, "2001:db8:1:2:3:4:5:6"), "2001:db8:1::");

        let all = PrefixLengths::new(0, 0).unwrap();
        assert_eq!(prefix(all, "192.0.2.77"), "0.0.0.0");
        assert_eq!(prefix(all, "2001:db8::1"), "::");
        let exact = PrefixLengths::new(32, 128).unwrap();
        assert_eq!(prefix(exact, "2001:db8::1"), "2001:db8::1");
    }

    #[test]
    fn refuses_prefixes_that_are_too_long() {
        let error = PeerIp.try_prefix(33, 64).unwrap_err();
        assert_eq!(error.to_string(), "invalid IPv4 prefix `33`: at most 32 bits");
        let error = PeerIp.try_prefix(32, 129).unwrap_err();
        assert_eq!(error.to_string(), "invalid IPv6 prefix `129`: at most 128 bits");
    }

    #[test]
    fn reads_the_address_where_servers_put_it() {
        let addr: SocketAddr = "[::ffff:192.0.2.7]:4711".parse().unwrap();
        let mut request = http::Request::new(());
        let address =
            |request: &_| PeerIp.extract(&Head::of(request)).unwrap().address().to_string();
        let missing = PeerIp.extract(&Head::of(&request)).unwrap_err();
        assert!(missing.to_string().contains("into_make_service_with_connect_info"), "{missing}");
        assert_eq!(missing.what(), "peer address");

        request.extensions_mut().insert(addr);
        assert_eq!(address(&request), "192.0.2.7");

        #[cfg(feature = "tonic")]
        {
            // A TcpConnectInfo outranks the plain address, ConnectInfo outranks both.
            let tcp = tonic::transport::server::TcpConnectInfo {
                local_addr: None,
                remote_addr: Some("192.0.2.8:1".parse().unwrap()),
            };
            request.extensions_mut().insert(tcp);
            assert_eq!(address(&request), "192.0.2.8");
        }
        #[cfg(feature = "axum")]
        {
            let info = axum::extract::ConnectInfo::<SocketAddr>("192.0.2.9:1".parse().unwrap());
            request.extensions_mut().insert(info);
            assert_eq!(address(&request), "192.0.2.9");
        }
    }
}
