//! What the tests store.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::{
    cache::{Entry, Fingerprint, Resource},
    clock::Timestamp,
    sync::AtomicU64,
};

/// One with a body of so many bytes.
pub(super) fn resource(fingerprint: Fingerprint, bytes: usize) -> Arc<Resource> {
    let entry = Entry {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: Bytes::from(vec![0; bytes]),
        trailers: None,
        received: Timestamp::from_nanos(1),
        tags: Box::default(),
        uri: Box::default(),
        born: 0,
        outlived: AtomicU64::new(0),
    };
    Arc::new(Resource::new(fingerprint, Box::default(), vec![Arc::new(entry)]))
}
