//! How long a batch waits for more items.

mod adaptive;
mod fixed;
mod policy;

pub use self::{
    adaptive::Adaptive,
    fixed::Fixed,
    policy::{Forming, Linger},
};
