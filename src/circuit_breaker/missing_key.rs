/// What becomes of a request that carries no key.
///
/// Whichever it is, it is logged at the first such request and counted at each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnMissingKey {
    /// All such requests share one circuit.
    #[default]
    Share,
    /// It is rejected: 400 Bad Request, gRPC `INVALID_ARGUMENT`.
    Reject,
    /// It passes, whatever state any circuit is in, and counts for none.
    Skip,
}
