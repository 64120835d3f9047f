//! Requests that are told apart by their content too: queries that are sent by POST, GraphQL, unary gRPC calls.

mod content_key;
mod layer;
mod queries;
mod reading;
mod replayed;
mod service;

pub(crate) use self::{
    content_key::{ContentHash, ContentKey},
    service::ByContent,
};
pub use self::{layer::BodyKeyedLayer, replayed::ReplayedBody, service::BodyKeyed};
