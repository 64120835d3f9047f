//! How long a batch waits for more items.

mod adaptive;
#[cfg(test)]
mod decisions;
mod fixed;
mod forecast;
mod line;
mod policy;
#[cfg(test)]
mod properties;
mod under_way;

pub use self::{
    adaptive::Adaptive,
    fixed::Fixed,
    policy::{Forming, Linger},
};
