//! Waiting for a turn instead of being rejected.

mod future;
mod layer;
mod room;
mod service;
mod settings;

pub use self::{
    future::QueuedFuture, layer::QueuedRateLimitLayer, service::QueuedRateLimit, settings::Queue,
};
