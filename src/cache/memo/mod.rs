//! Any value by any key, kept for a while; loaded once however many want it.

mod configure;
mod entries;
mod handle;
mod kept;
mod load;
mod memoized;
mod settings;
mod stats;

pub use self::{handle::Memo, memoized::Memoized, stats::MemoStats};
