//! What a request is known by.

mod builder;
mod key_bytes;
mod query;
mod seen;
mod unkeyed;
mod value;

pub use self::{builder::FingerprintBuilder, query::Query, value::Fingerprint};
pub(crate) use self::{
    builder::{Unfit, write_fields},
    key_bytes::{KeyBytes, Place},
    seen::Seen,
    unkeyed::{has_unkeyed_body, names_fields, tells_of_body},
};
