//! What a request is known by.

mod builder;
mod host;
mod key_bytes;
mod query;
mod seen;
mod unfit;
mod unkeyed;
mod value;

pub use self::{builder::FingerprintBuilder, query::Query, value::Fingerprint};
pub(crate) use self::{
    builder::write_fields,
    key_bytes::{KeyBytes, Place},
    seen::Seen,
    unfit::Unfit,
    unkeyed::{has_unkeyed_body, names_fields, tells_of_body},
};
