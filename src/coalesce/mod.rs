//! One call for concurrent requests that want the same.

mod body;
mod by_body;
mod call;
mod desk;
mod flight;
mod future;
mod handle;
mod judge;
mod key;
mod layer;
mod lead;
mod meters;
mod receive;
mod service;
mod settings;
mod stats;
mod wait;
mod writes;

pub use self::{
    body::CoalesceBody,
    by_body::{BodyKeyed, BodyKeyedLayer},
    future::ResponseFuture,
    handle::Handle,
    layer::CoalesceLayer,
    service::Coalesce,
    stats::CoalesceStats,
};
pub use crate::{
    content::ReplayedBody,
    fingerprint::{Fingerprint, FingerprintBuilder, Query},
};
