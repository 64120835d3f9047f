//! What the tests store.

use std::sync::Arc;

use bytes::Bytes;

use crate::cache::{Entry, Fingerprint, Resource};

/// One with a body of so many bytes.
pub(super) fn resource(fingerprint: Fingerprint, bytes: usize) -> Arc<Resource> {
    let entry = Entry { body: Bytes::from(vec![0; bytes]), ..Entry::of_nothing() };
    Arc::new(Resource::new(fingerprint, Box::default(), vec![Arc::new(entry)]))
}
