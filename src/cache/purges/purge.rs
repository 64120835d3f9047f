use super::Matcher;

/// What is purged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purge {
    /// What has this tag; see [`Scope`](super::Scope).
    Tag(u64),
    /// What this matches.
    Matching(Matcher),
    /// Everything.
    All,
}
