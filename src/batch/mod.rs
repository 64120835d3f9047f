//! Batching: one call for many items.

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
    shape::{Batch, Partition, PartitionBy, Shared, Sharing, Unpartitioned, Unshared},
    stats::BatchStats,
};
