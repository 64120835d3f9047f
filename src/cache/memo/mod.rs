//! Any value by any key, kept for a while; loaded once however many want it.

mod entries;
mod kept;
mod load;
mod memo;
mod memoized;
mod settings;
mod stats;

pub use self::{memo::Memo, memoized::Memoized, stats::MemoStats};
