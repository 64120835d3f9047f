//! The store in this process's memory.

mod held;
mod index;
mod store;

pub use self::store::MemoryStore;
