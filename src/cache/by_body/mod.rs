//! Requests that are told apart by their body too: queries that are sent by POST, GraphQL, unary gRPC calls.

mod content;
mod layer;
mod queries;
mod replayed;
mod service;

pub use self::{layer::BodyKeyedLayer, replayed::ReplayedBody, service::BodyKeyed};

pub(super) use self::content::ContentKey;
