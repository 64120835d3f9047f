use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use http::{HeaderMap, header::SET_COOKIE};

use super::{Errand, Keeper};
use crate::{
    cache::{Entry, Fingerprint, Resource, rules::Refusal},
    recording::Ending,
    reject::{grpc_code, is_grpc},
};

/// For how long what is stale is kept because the service may confirm it.
const KEEP_TO_CONFIRM: Duration = Duration::from_secs(24 * 60 * 60);
/// For how long it is kept if it has nothing to be confirmed by: the answer to a HEAD may say that it is the same, and a client
/// that it takes what is stale.
const KEEP_STALE: Duration = Duration::from_secs(60 * 60);

impl Keeper {
    /// Stores what came of a body, if all of it came. Whether it did.
    pub(in super::super) fn commit_ending(
        self: &Arc<Self>,
        errand: &Errand,
        head: &Entry,
        ending: Ending,
    ) -> bool {
        let Ending::Whole(body, trailers) = ending else {
            self.meters().refused("incomplete");
            return false;
        };
        if is_grpc(&head.headers) && !succeeded(&head.headers, trailers.as_ref()) {
            self.meters().refused("grpc-status");
            return false;
        }
        if head.part.is_some_and(|part| part.length() != body.len() as u64) {
            self.meters().refused("incomplete");
            return false;
        }
        if trailers.as_ref().is_some_and(sets_cookies) && !errand.rules.shares_cookies() {
            self.meters().refused(Refusal::SetCookie.as_str());
            return false;
        }
        let entry = Arc::new(head.with_body(body, trailers));
        let stored = self.commit(errand, &entry);
        #[cfg(feature = "compression")]
        if stored
            && entry.part.is_none()
            && let Some(compressor) = &self.compressor
        {
            compressor.take(self, errand.fingerprint, &entry);
        }
        stored
    }

    /// Stores a response for an errand.
    pub(in super::super) fn commit(&self, errand: &Errand, entry: &Arc<Entry>) -> bool {
        let shared = self.store.shared();
        if shared.purges.concerns(entry) {
            self.meters().refused("purged");
            return false;
        }
        let (fingerprint, key) = (errand.fingerprint, &errand.key);
        // Two that store variants of one resource would forget one of them.
        let _turn = shared.stripe(fingerprint).lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.stored(&fingerprint, key);
        let Some(variants) = self.with_newest(before.as_deref(), entry) else { return false };
        shared.uris.add(self.scope.uri(&entry.uri));
        self.passes.clear(errand.flight);
        #[cfg(feature = "redis")]
        if let Some(tier) = &shared.tier {
            self.pass_on(tier, errand, &variants[0], self.keep_for(&variants[0]));
        }
        self.put(fingerprint, key, variants);
        self.meters().stored.increment(1);
        self.tell_usage(entry.received);
        true
    }

    /// Stores what the second tier had for an errand, unless there is something newer. Whether it was not purged meanwhile.
    #[cfg(feature = "redis")]
    pub(in super::super) fn promote(self: &Arc<Self>, errand: &Errand, entry: &Arc<Entry>) -> bool {
        let shared = self.store.shared();
        if shared.purges.concerns(entry) {
            return false;
        }
        let (fingerprint, key) = (errand.fingerprint, &errand.key);
        let turn = shared.stripe(fingerprint).lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.stored(&fingerprint, key);
        let is_known = before.iter().flat_map(|resource| &resource.variants).any(|other| {
            other.part.is_none()
                && other.selection == entry.selection
                && other.received >= entry.received
                && !shared.purges.concerns(other)
        });
        if !is_known && let Some(variants) = self.with_newest(before.as_deref(), entry) {
            self.put(fingerprint, key, variants);
            drop(turn);
            self.tell_usage(self.now());
            #[cfg(feature = "compression")]
            if let Some(compressor) = &self.compressor {
                compressor.take(self, fingerprint, entry);
            }
        }
        true
    }

    /// What is to be stored of a resource now that there is this of it; `None` if that adds nothing.
    fn with_newest(
        &self,
        before: Option<&Resource>,
        entry: &Arc<Entry>,
    ) -> Option<Vec<Arc<Entry>>> {
        let purges = &self.store.shared().purges;
        let others = before.into_iter().flat_map(|resource| &resource.variants);
        let others =
            others.filter(|other| !purges.concerns(other) && !self.is_useless(other, entry));
        let mut others: Vec<Arc<Entry>> = others.cloned().collect();
        let entry = if entry.part.is_some() {
            self.joined(entry, &mut others)?
        } else {
            others.retain(|other| other.selection != entry.selection);
            Arc::clone(entry)
        };
        others.truncate(self.settings.max_variants - 1);
        Some([entry].into_iter().chain(others).collect())
    }

    /// Forgets a variant that is no longer what the service has.
    pub(in super::super) fn forget(&self, errand: &Errand, entry: &Arc<Entry>) {
        let (fingerprint, key) = (errand.fingerprint, &errand.key);
        let shared = self.store.shared();
        let _turn = shared.stripe(fingerprint).lock().unwrap_or_else(PoisonError::into_inner);
        #[cfg(feature = "redis")]
        if let Some(tier) = &shared.tier {
            self.forget_below(tier, errand, entry);
        }
        let Some(before) = self.stored(&fingerprint, key) else { return };
        let others: Vec<_> =
            before.variants.iter().filter(|other| !Arc::ptr_eq(other, entry)).cloned().collect();
        if others.is_empty() {
            self.remove(&fingerprint);
        } else {
            self.put(fingerprint, key, others);
        }
    }

    /// Stores another form of a variant in its place, if it is still there.
    #[cfg(feature = "compression")]
    pub(in super::super) fn replace(
        &self,
        fingerprint: Fingerprint,
        entry: &Arc<Entry>,
        by: Entry,
    ) {
        let shared = self.store.shared();
        let _turn = shared.stripe(fingerprint).lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(Some(before)) = self.store.get(&fingerprint) else { return };
        let mut variants = before.variants.clone();
        if let Some(held) = variants.iter_mut().find(|held| Arc::ptr_eq(held, entry)) {
            *held = Arc::new(by);
            self.put(fingerprint, &before.key, variants);
        }
    }

    fn put(&self, fingerprint: Fingerprint, key: &[u8], variants: Vec<Arc<Entry>>) {
        let keep = variants.iter().map(|entry| self.keep_for(entry)).max().unwrap_or_default();
        let resource = Resource::new(fingerprint, key.into(), variants);
        match self.store.insert(Arc::new(resource), keep) {
            Ok(()) => self.works(),
            Err(error) => self.failed(&error),
        }
    }

    fn remove(&self, fingerprint: &Fingerprint) {
        if let Err(error) = self.store.remove(fingerprint) {
            self.failed(&error);
        }
    }

    fn keep_for(&self, entry: &Entry) -> Duration {
        let useful = entry.freshness.useful_for(self.settings.rules.allowed_grace());
        useful.saturating_add(if entry.is_confirmable() { KEEP_TO_CONFIRM } else { KEEP_STALE })
    }

    /// Whether a variant would never be asked for again now that there is a newer one.
    fn is_useless(&self, other: &Entry, newer: &Entry) -> bool {
        newer.selection.is_empty() && !other.selection.is_empty()
    }
}

/// A field that has no business behind a body, but that some who pass on trailers take over.
fn sets_cookies(trailers: &HeaderMap) -> bool {
    trailers.contains_key(SET_COOKIE)
}

/// Whether a gRPC call did, by its trailers, or by its head where it has none.
fn succeeded(head: &HeaderMap, trailers: Option<&HeaderMap>) -> bool {
    let code = trailers.and_then(grpc_code).or_else(|| grpc_code(head));
    code == Some(0)
}
