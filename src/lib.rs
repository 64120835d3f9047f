//! Tower layers that regulate and measure the requests of any axum, hyper or tonic service.
pub mod body;
pub mod clock;
pub mod error;
pub mod key;
#[cfg(feature = "rate-limit")]
pub mod rate_limit;
pub mod reject;
pub mod route;
#[cfg(feature = "rate-limit")]
mod sync;
pub mod telemetry;
