use http::HeaderName;

/// Who a request is counted for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::stack) enum Key {
    /// `global`
    #[default]
    Global,
    /// `peer_ip`
    PeerIp,
    /// `forwarded`
    Forwarded,
    /// `header:x-api-key`
    Header(HeaderName),
    /// A name that the program has given to an extractor of its own.
    Named(String),
    /// `["peer_ip", "header:x-api-key"]`: a combination, of two to four.
    All(Vec<Key>),
}

/// What becomes of a request that carries no key, as [`OnMissingKey`](crate::key::OnMissingKey) has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::stack) enum MissingKey {
    #[default]
    Share,
    Reject,
    Skip,
}
