//! How many requests may be under way at once: fixed, or learnt from how long they take.

mod fixed;
mod learn;

pub use self::{
    fixed::Fixed,
    learn::{Bounds, Limit, Sample},
};
