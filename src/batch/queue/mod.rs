//! The items that wait, in the batches that they will be sent in, and those who wait for them: a pure structure that knows no
//! time, no service and no runtime.
//!
//! *Runners* make the calls. At most one of them *looks*: it waits for the next batch that may leave, and takes it; all others
//! are in calls. So a batch that may leave is seen once, by one who is awake or is woken.

mod item;
mod look;
mod partitions;
mod patience;
mod state;
#[cfg(test)]
mod tests;
mod waiters;

pub(super) use self::{
    item::{Entry, Waiting},
    look::{Flush, Look, Taken},
    state::{Bounds, Counts, Queue, Rouse},
    waiters::Given,
};
