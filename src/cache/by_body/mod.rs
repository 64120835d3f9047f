//! Answers to queries that are sent with a body: see [`crate::content`].

mod layer;
mod service;

pub use self::{layer::BodyKeyedLayer, service::BodyKeyed};
