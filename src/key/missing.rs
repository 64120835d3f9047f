/// What becomes of a request that carries no key.
///
/// Whichever it is, it is logged at the first such request and counted at each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnMissingKey {
    /// All such requests share one key: leaving the key out is no way around a limit, and a server that does not pass
    /// addresses on still serves.
    #[default]
    Share,
    /// It is rejected: 400 Bad Request, gRPC `INVALID_ARGUMENT`.
    Reject,
    /// It passes, and counts for no key.
    Skip,
}

impl OnMissingKey {
    /// What is logged of it.
    #[cfg(feature = "_limit")]
    pub(crate) fn consequence(self) -> &'static str {
        match self {
            Self::Share => "such requests share one key",
            Self::Reject => "such requests are rejected",
            Self::Skip => "such requests pass and count for no key",
        }
    }
}
