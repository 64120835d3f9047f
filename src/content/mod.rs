//! Requests that are told apart by their content too: queries that are sent by POST, GraphQL, unary gRPC calls.

mod content_key;
mod queries;
mod reading;
mod replayed;

pub use self::replayed::ReplayedBody;

pub(crate) use self::{
    content_key::ContentKey,
    queries::Queries,
    reading::{Read, Reading},
};
