//! Waiting for a place instead of being turned away.

mod lines;
mod settings;

pub(super) use self::lines::{End, Lines};
pub use self::settings::Queue;
