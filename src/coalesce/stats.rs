/// What a [`CoalesceLayer`](super::CoalesceLayer) has done so far.
///
/// Whoever leaves while it waits is counted nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CoalesceStats {
    /// The name of the layer.
    pub name: String,
    /// Requests for which the service was called, for them and for all who came meanwhile.
    pub led: u64,
    /// Requests that got the answer to another.
    pub shared: u64,
    /// Requests that waited for an answer that was not for them, or too long, and for which the service was called then.
    pub alone: u64,
    /// Requests that are none that may share.
    pub passed: u64,
    /// Calls under way that requests may share, and their bodies.
    pub in_flight: u64,
    /// Requests that wait for the call of another just now.
    pub waiting: u64,
}

impl CoalesceStats {
    /// All requests.
    pub const fn requests(&self) -> u64 {
        self.led + self.shared + self.alone + self.passed
    }
}
