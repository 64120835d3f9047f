use ipnet::IpNet;

/// How much is kept, for all routes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stack) struct Stores {
    /// Bytes of cached responses, at most.
    pub(in crate::stack) cache_bytes: u64,
    /// Keys of rate limits for which there is room.
    pub(in crate::stack) rate_limit_keys: usize,
}

impl Default for Stores {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, rate_limit_keys: 1 << 16 }
    }
}

/// Who is believed when it says on whose behalf it asks, for the key `forwarded`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::stack) struct TrustedProxies {
    pub(in crate::stack) cidrs: Vec<IpNet>,
    pub(in crate::stack) field: ProxyField,
}

/// Where it says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::stack) enum ProxyField {
    #[default]
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}
