use std::{borrow::Cow, time::Duration};

use ::redis::{Client, ConnectionInfo, RedisResult};

use super::address::Address;
#[cfg(feature = "redis-tls")]
use super::tls::Certificates;
use crate::error::ConfigError;

/// What a handle was told.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) address: Address,
    pub(super) name: Cow<'static, str>,
    pub(super) prefix: Cow<'static, str>,
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    #[cfg(feature = "redis-tls")]
    pub(super) certificates: Certificates,
}

impl Settings {
    pub(super) fn new(address: Address) -> Self {
        Self {
            address,
            name: Cow::Borrowed("redis"),
            prefix: Cow::Borrowed("weir"),
            timeout: Duration::from_millis(5),
            connect_timeout: Duration::from_secs(1),
            #[cfg(feature = "redis-tls")]
            certificates: Certificates::default(),
        }
    }

    /// A client of one server.
    pub(super) fn client_of(&self, server: &ConnectionInfo) -> RedisResult<Client> {
        #[cfg(feature = "redis-tls")]
        if matches!(server.addr(), ::redis::ConnectionAddr::TcpTls { .. }) {
            super::tls::ensure_provider();
            return Client::build_with_tls(server.clone(), self.certificates.for_client());
        }
        Client::open(server.clone())
    }
}

pub(super) fn checked_prefix(prefix: Cow<'static, str>) -> Result<Cow<'static, str>, ConfigError> {
    let breaks = |char: char| char.is_whitespace() || char.is_control() || "{}".contains(char);
    if prefix.is_empty() || prefix.contains(breaks) {
        let allowed = "any text but none, without braces, which would say where a key lives, and without white space";
        return Err(ConfigError::new("prefix", prefix, allowed));
    }
    Ok(prefix)
}

pub(in crate::redis) fn checked_timeout(
    field: &'static str,
    timeout: Duration,
) -> Result<Duration, ConfigError> {
    if timeout.is_zero() {
        return Err(ConfigError::new(field, "0s", "longer than nothing"));
    }
    Ok(timeout)
}
