use std::time::Duration;

use super::{Forming, Linger};
use crate::clock::Timestamp;

/// Waits so long for more items, whatever happens.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::batch::{BatchLayer, Fixed};
///
/// let layer: BatchLayer<u64> = BatchLayer::new().linger(Fixed::new(Duration::from_millis(2)));
/// ```
///
/// [`Fixed::NONE`] waits for nothing: what comes while as many calls are under way as may be leaves together as soon as one
/// of them has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed(Duration);

impl Fixed {
    /// Sends what there is.
    pub const NONE: Self = Self::new(Duration::ZERO);

    /// Waits for `linger` from the first item on.
    pub const fn new(linger: Duration) -> Self {
        Self(linger)
    }
}

impl Linger for Fixed {
    fn until(&mut self, forming: &Forming, _: Timestamp) -> Timestamp {
        forming.since.saturating_add(self.0)
    }
}
