//! How many requests are under way at once.

mod limit;

pub use self::limit::{Bounds, Fixed, Limit, Sample};
