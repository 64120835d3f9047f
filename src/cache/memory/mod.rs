//! The store in this process's memory.

mod held;
mod index;
#[cfg(all(test, not(weir_loom)))]
mod sample;
mod store;

pub use self::store::MemoryStore;
