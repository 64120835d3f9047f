//! How many requests are under way at once.

mod acquire;
mod admission;
mod deadline;
mod drain;
mod future;
mod gate;
mod handle;
mod held;
mod hold;
mod keyed;
mod layer;
mod limit;
mod limiter;
mod meters;
mod priorities;
mod queue;
mod refusal;
mod service;
mod shed;

pub use self::{
    acquire::Acquire,
    deadline::Deadline,
    drain::Drain,
    future::ResponseFuture,
    gate::Permit,
    handle::Handle,
    held::Held,
    hold::HoldUntil,
    layer::ConcurrencyLimitLayer,
    limit::{Aimd, Bounds, Fixed, Gradient2, Limit, Sample, Vegas, VerifiedGradient},
    limiter::Limiter,
    priorities::{Priorities, Priority},
    queue::Queue,
    refusal::Refusal,
    service::ConcurrencyLimit,
};
