//! The pure parts, driven by chance.

mod burst;
mod sizes;
mod waiters;
