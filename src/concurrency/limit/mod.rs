//! How many requests may be under way at once: fixed, or learnt from how long they take.

mod aimd;
mod fixed;
mod gradient2;
mod learn;
mod settings;
mod vegas;
mod verified_gradient;
mod windowed;

pub use self::{
    aimd::Aimd,
    fixed::Fixed,
    gradient2::Gradient2,
    learn::{Bounds, Limit, Sample},
    vegas::Vegas,
    verified_gradient::VerifiedGradient,
    windowed::Windowed,
};
