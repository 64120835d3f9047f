use std::{sync::Arc, time::Duration};

use http::HeaderName;

use super::{
    Record, Tier, TierKey,
    record::{Content, Written},
};
use crate::cache::{
    Entry,
    keeper::{Errand, Keeper},
};

impl Keeper {
    /// Has the tier keep what was stored here, for so long from when it came.
    pub(in super::super) fn pass_on(
        &self,
        tier: &Tier,
        errand: &Errand,
        entry: &Arc<Entry>,
        keep: Duration,
    ) {
        // Parts are put together here, and mean nothing elsewhere.
        if entry.part.is_some() {
            return;
        }
        let settings = self.settings();
        let record = |key, content, landing| Record {
            key,
            full_key: errand.key.clone(),
            content,
            keep,
            cache: settings.name.clone(),
            landing,
        };
        let key = TierKey::of(&errand.key);
        let written = Written {
            entry: Arc::clone(entry),
            has_status: settings.cache_status,
            clock: settings.clock.clone(),
            purging: tier.purging().clone(),
        };
        // First, so that nobody is sent to where there is nothing yet.
        let variant = key.variant(&entry.selection);
        let (response, landing) = (Content::Response(written), errand.below.take_landing());
        let Some(names) = self.unknown_below(errand, entry, keep) else {
            return tier.tier().put(record(variant, response, landing));
        };
        tier.tier().put(record(variant, response, None));
        tier.tier().put(record(key, Content::ByFields(names), landing));
    }

    /// The fields by which a response was chosen, if the tier does not know them, or not for as long as the response is kept.
    fn unknown_below(
        &self,
        errand: &Errand,
        entry: &Entry,
        keep: Duration,
    ) -> Option<Box<[HeaderName]>> {
        let names: Box<[HeaderName]> = entry.selection.names().cloned().collect();
        let is_known = errand.below.variants.as_ref().is_some_and(|known| {
            let left = known.left.saturating_sub(self.now().saturating_since(known.asked));
            known.names == names && left >= keep
        });
        (!names.is_empty() && !is_known).then_some(names)
    }

    /// Has the tier forget what is no longer to be stored.
    pub(in super::super) fn forget_below(&self, tier: &Tier, errand: &Errand, entry: &Entry) {
        tier.tier().remove(TierKey::of(&errand.key).variant(&entry.selection));
    }
}
