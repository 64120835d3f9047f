//! Batching: one call for many items, and an answer for each.
//!
//! ```
//! use axum::{Router, extract::{Path, State}, routing::get};
//! use tower_weir::batch::{BatchLayer, Batcher};
//!
//! // One query for all the ids that handlers ask for at about the same time.
//! let users: Batcher<u64, String, &'static str> = BatchLayer::new().named("users").max_size(500).batcher(load_users);
//!
//! let app: Router = Router::new().route("/users/{id}", get(user)).with_state(users);
//!
//! async fn user(State(users): State<Batcher<u64, String, &'static str>>, Path(id): Path<u64>) -> String {
//!     users.load(id).await.unwrap_or_else(|error| error.to_string())
//! }
//!
//! async fn load_users(ids: Vec<u64>) -> Vec<Result<String, &'static str>> {
//!     // SELECT id, name FROM users WHERE id IN (…)
//!     ids.into_iter().map(|id| if id < 1_000 { Ok(format!("user {id}")) } else { Err("no such user") }).collect()
//! }
//! ```
//!
//! A call to a database, a disk or another service costs about as much for fifty items as for one. Batching makes one call of
//! those that are wanted at about the same time. Where there is little to do each item goes by itself, at once; where there is
//! much, batches are large and the calls are few.
//!
//! # Three ways in
//!
//! - [`BatchLayer`] makes of a `Service<Vec<Req>>` one that takes single items, a [`Batcher`];
//! - [`BatchLayer::batcher`] makes one of a function, to be used [inside of handlers](Batcher::load), as a data loader is;
//! - [`BatchLayer::http`] makes of a service or function of `Vec<Request<Bytes>>` one for a route of axum, tonic or hyper.
//!
//! # When a batch leaves
//!
//! No more than [`max_in_flight`](BatchLayer::max_in_flight) calls are made at a time. While that many are, items gather; when
//! one ends, those that wait leave together. If a call could be made at once, a batch leaves
//!
//! - when it is full: [`max_size`](BatchLayer::max_size), [`max_weight`](BatchLayer::max_weight);
//! - when its [`Linger`] is over: [`Adaptive`] waits only if more items are to be expected soon enough for that to pay, and not
//!   at all where there is little to do; [`Fixed`] waits always;
//! - before the [deadline](BatchLayer::deadline_by) of an item could not be met;
//! - when nothing more can come: the last [`Batcher`] is gone, or [`Handle::drain`] was called.
//!
//! Waits of less than half a millisecond count as none, as tokio's timers know whole milliseconds. Tasks that are ready to run
//! always come first: what they ask for leaves with the rest.
//!
//! # Who gets what
//!
//! The service answers with one `Result` for each item, in the order of the items. What goes wrong with one item is its own;
//! what goes wrong with a call is that batch's ([`BatchFailure`]): an error, a panic, a number of answers that is not that of
//! the items. The next batch is sent as ever, by a fresh clone of the service.
//!
//! Whoever waits may leave at any time. An item that nobody wants any more is not sent, if it has not been; the others never
//! notice. A call goes on as long as it takes: put a timeout around the service inside, and around the batcher one for those
//! who wait.
//!
//! Only items of one [partition](BatchLayer::partition_by) are in one batch, such as those of one tenant; partitions take
//! turns. Items that are [the same](BatchLayer::dedup_by) are sent once.
//!
//! # What is bounded
//!
//! Items that wait ([`max_waiting`](BatchLayer::max_waiting)), partitions that have some
//! ([`max_partitions`](BatchLayer::max_partitions)) and calls. What would be too much is [refused](Refusal) at once.
//!
//! # What it runs in
//!
//! Calls are made in tasks of their own, on the tokio runtime of whoever asks; it must have timers, and be driven while anybody
//! waits. A task lives as long as there is something to send: nothing keeps the process alive, and nothing is lost at its end
//! if [`Handle::drain`] is awaited. As one call is for many, it is in the tracing span of none of them, and sees none of their
//! task-locals; measure around [`Batcher::load`] what one of them waits for.
//!
//! # The order of layers
//!
//! Around the service of batches there may be layers of its own: a [concurrency limit](crate::concurrency) or a
//! [circuit breaker](crate::circuit_breaker) then count batches. In front of it layers count single requests. A
//! [coalescing](crate::coalesce) layer or a [cache](crate::cache) stands outside: what it answers needs no batch.

mod batcher;
mod call;
mod calls;
mod contained;
mod engine;
mod error;
mod handle;
mod http;
mod layer;
mod linger;
mod load;
mod load_many;
mod meters;
mod port;
mod queue;
mod runner;
mod settings;
mod shape;
mod stats;

pub use self::{
    batcher::Batcher,
    calls::Answers,
    error::{BatchError, BatchFailure, Cause, Refusal},
    handle::{Drain, Handle},
    http::{
        AnswerErrors, HttpBatchLayer, HttpBatched, ItemErrors, LogErrors, RequestTrailers,
        ResponseFuture,
    },
    layer::BatchLayer,
    linger::{Adaptive, Fixed, Forming, Linger},
    load::Load,
    load_many::LoadMany,
    shape::{
        Batch, Duplicates, KeepDuplicates, MergeDuplicates, Partition, PartitionBy, Unpartitioned,
    },
    stats::BatchStats,
};
