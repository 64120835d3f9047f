//! Batches of HTTP requests, gRPC calls among them: [`BatchLayer::http`](super::BatchLayer::http).

mod answer;
mod errors;
mod future;
mod layer;
mod read;
mod responses;
mod service;

pub use self::{
    errors::{AnswerErrors, ItemErrors, LogErrors},
    future::ResponseFuture,
    layer::HttpBatchLayer,
    read::RequestTrailers,
    service::HttpBatched,
};
