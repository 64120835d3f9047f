/// How a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Outcome {
    /// With a stored response that was fresh.
    Hit,
    /// With a stored response that was not.
    Stale,
    /// With a stored response that the service confirmed.
    Revalidated,
    /// With a response that was on its way for another request.
    Collapsed,
    /// By the service.
    Miss,
    /// By the service, without asking the cache.
    Bypass,
}

impl Outcome {
    pub(super) const ALL: [Self; 6] =
        [Self::Hit, Self::Stale, Self::Revalidated, Self::Collapsed, Self::Miss, Self::Bypass];

    /// As in metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Revalidated => "revalidated",
            Self::Collapsed => "collapsed",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }
}
