//! The one place that reads time.
//!
//! A decision takes `now` as an argument; only a layer asks a [`Clock`] for it, once per decision. So the same code runs
//! against the machine's monotonic clock in production and against a [`ManualClock`] in tests, which never sleep.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod anchor;
mod manual;
#[cfg(feature = "_tokio")]
mod runtime;
mod source;
mod system;
mod timestamp;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod tsc;

#[cfg(any(feature = "rate-limit", feature = "redis"))]
pub(crate) use self::runtime::runtime_now;
pub(crate) use self::timestamp::nanos;
pub use self::{manual::ManualClock, source::Clock, timestamp::Timestamp};
