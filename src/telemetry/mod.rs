//! What the layers tell the outside: metrics through the [`metrics`](https://docs.rs/metrics) facade.
//!
//! Whichever recorder the program installs receives them; without one they cost a nanosecond. A layer resolves the handles of
//! its metrics once, at its first request, so **install the recorder before the first request is served**: handles that
//! were resolved without one stay silent.
//!
//! `prometheus::install`, with the feature `prometheus`, installs one whose text your own server can serve to Prometheus.

#[cfg(feature = "_layer")]
mod handles;
pub mod names;
#[cfg(feature = "prometheus")]
pub mod prometheus;

#[cfg(feature = "_layer")]
pub(crate) use self::handles::Resolved;
