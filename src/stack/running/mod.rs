//! The stack at work: built of settings, swapped for another when they change.

mod builder;
mod building;
mod commit;
mod differences;
mod handle;
mod key;
mod live;
mod meters;
mod parts;
mod reload;
mod reloaded;
mod sections;
mod source;
mod stack;
mod stores;
#[cfg(test)]
mod tests;
mod watch;
mod weir;

pub(super) use self::live::Live;
pub use self::{builder::Builder, handle::Handle, reloaded::Reloaded, weir::Weir};
