use super::{Bounds, Limit, Sample};
use crate::error::ConfigError;

/// A limit that stays where it is.
///
/// ```
/// use tower_weir::concurrency::{ConcurrencyLimitLayer, Fixed};
///
/// const AT_ONCE: Fixed = Fixed::new(100); // a zero would not compile
/// let layer = ConcurrencyLimitLayer::new(AT_ONCE);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed(usize);

const FAULT: &str = "a limit must be from 1 to 1000000";

impl Fixed {
    /// So many requests at once.
    ///
    /// # Panics
    ///
    /// Where [`Fixed::try_new`] fails. In a `const` that is a compile error.
    pub const fn new(limit: usize) -> Self {
        assert!(limit >= 1 && limit <= Bounds::MAX, "{}", FAULT);
        Self(limit)
    }

    /// As [`Fixed::new`], for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// Unless `limit` is from 1 to [`Bounds::MAX`].
    pub fn try_new(limit: usize) -> Result<Self, ConfigError> {
        if (1..=Bounds::MAX).contains(&limit) {
            Ok(Self(limit))
        } else {
            Err(ConfigError::new("limit", limit.to_string(), "from 1 to 1000000 requests at once"))
        }
    }

    /// The limit.
    pub const fn get(self) -> usize {
        self.0
    }
}

impl Limit for Fixed {
    fn limit(&self) -> usize {
        self.0
    }

    fn on_sample(&mut self, _: &Sample) -> usize {
        self.0
    }

    fn is_fixed(&self) -> bool {
        true
    }
}
