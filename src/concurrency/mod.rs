//! How many requests are under way at once.

mod limit;

pub use self::limit::{
    Aimd, Bounds, Fixed, Gradient2, Limit, Sample, Vegas, VerifiedGradient, Windowed,
};
