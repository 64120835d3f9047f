//! The default of the limits that learn.

mod experiment;
mod learn;
mod limit;
mod window;

pub use self::limit::VerifiedGradient;
