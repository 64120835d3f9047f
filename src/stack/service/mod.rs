//! The path of a request: through the layers of its route, in their order.

mod body;
mod chain;
mod future;
mod inside;
mod layer;
mod maybe;
mod plan;
mod rate_limited;
mod weir_service;

pub(super) use self::plan::{Plan, RateLimiting};
pub use self::{
    body::WeirBody, future::ResponseFuture, layer::WeirLayer, weir_service::WeirService,
};
