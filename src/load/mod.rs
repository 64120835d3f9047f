//! How loaded the machine is, and how much of a limit is left at that load.
//!
//! A [`LoadSignal`] tells one load as a number; a [`Ramp`] turns it into a multiplier: 1 up to a soft threshold, then falling
//! in a line to a floor at a hard one. Of several signals the one with the lowest multiplier counts.
//!
//! ```
//! use tower_weir::load::*;
//!
//! const QUEUE: Ramp = Ramp::new(100.0, 1_000.0);
//! # fn jobs_waiting() -> Option<f64> { Some(550.0) }
//! let mut queue_depth = Custom::new("queue_depth", jobs_waiting);
//! let load = queue_depth.sample(&Tick::default()).unwrap();
//! assert_eq!(QUEUE.multiplier(load, 0.2), 0.6);
//! ```
//!
//! | signal | what it tells | unit | of | needs |
//! |---|---|---|---|---|
//! | `Cpu` | share of all processors in use | 0 to 1 | machine | feature `system-load` |
//! | `Memory` | share of memory in use | 0 to 1 | machine or container, whichever is fuller | feature `system-load` |
//! | [`Pressure::cpu`], [`memory`](Pressure::memory), [`io`](Pressure::io) | share of the time in which some task waited for it | 0 to 1 | container, else machine | Linux with PSI |
//! | [`RunQueue`] | threads that run or could, for each core | threads | machine | Linux |
//! | [`SchedulingDelay`] | how late timers are | seconds | tokio runtime | |
//! | [`Custom`] | what a closure returns | yours | yours | |
//!
//! Utilization says how busy the machine is, pressure and delay how long work has to wait. A machine may be fully used and
//! fine, so where pressure can be told, prefer it. Each signal has suggested thresholds: points to start from, to be
//! replaced by what you see before your own service gets slow.

mod custom;
mod kernel_file;
mod pressure;
mod ramp;
mod run_queue;
mod sampler;
mod scheduling_delay;
mod signal;
#[cfg(feature = "system-load")]
mod system;
mod watch;

#[cfg(feature = "system-load")]
pub use self::system::{Cpu, Memory};
pub use self::{
    custom::Custom,
    pressure::Pressure,
    ramp::Ramp,
    run_queue::RunQueue,
    scheduling_delay::SchedulingDelay,
    signal::{LoadSignal, Tick},
};
pub(crate) use self::{
    sampler::Sampler,
    watch::{LoadReport, Reading, Watch},
};
