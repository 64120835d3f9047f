//! A memory store by itself, without a layer.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tower::Layer;
use tower_weir::cache::{
    CacheLayer, Fingerprint, MemoryStore, Resource, Shared, Store, StoreError, Usage,
};

use crate::{
    drive::Asker,
    page::{Page, request, uri},
};

/// A store that tells under which fingerprints something was stored.
#[derive(Clone)]
struct Spy {
    store: MemoryStore,
    stored: Arc<Mutex<Vec<Fingerprint>>>,
}

/// A store with so many pages in it, and what they are stored under.
pub(crate) fn filled(pages: u64) -> (MemoryStore, Vec<Fingerprint>) {
    let store = MemoryStore::with_max_bytes(pages * 8192);
    let spy = Spy { store: store.clone(), stored: Arc::default() };
    let service = CacheLayer::new(spy.clone()).layer(Page::default());
    let mut item = 0;
    let mut asker = Asker::new(move || {
        item += 1;
        request(uri(item))
    });
    asker.ask(&service, pages);
    let stored = std::mem::take(&mut *spy.stored.lock().unwrap_or_else(PoisonError::into_inner));
    assert_eq!(stored.len() as u64, pages, "all are stored");
    (store, stored)
}

impl Store for Spy {
    fn get(&self, fingerprint: &Fingerprint) -> Result<Option<Arc<Resource>>, StoreError> {
        self.store.get(fingerprint)
    }

    fn insert(&self, resource: Arc<Resource>, keep: Duration) -> Result<(), StoreError> {
        let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        stored.push(resource.fingerprint());
        self.store.insert(resource, keep)
    }

    fn remove(&self, fingerprint: &Fingerprint) -> Result<(), StoreError> {
        self.store.remove(fingerprint)
    }

    fn clear(&self) {
        self.store.clear();
    }

    fn usage(&self) -> Usage {
        self.store.usage()
    }

    fn shared(&self) -> &Shared {
        self.store.shared()
    }
}
