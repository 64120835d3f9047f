use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{runtime::Handle, time::timeout};

use super::{
    Claim, Held, SecondTierError, Tier, TierKey,
    below::Variants,
    codec::{self, Kept, Response, Unusable},
    meters::Recall,
};
use crate::{
    cache::{
        Entry,
        count::Outcome,
        interned,
        keeper::{Called, Errand, Keeper, joined_status},
        rules::{Forward, HttpDate, Reuse, Selection, Vary},
    },
    clock::Timestamp,
    sync::AtomicU64,
};

/// A tier is to tell by itself that it takes too long. This is for one that does not.
const LONGEST: Duration = Duration::from_secs(1);

/// HTTP tells ages in seconds: by less, a response is not newer than another, but the same as that.
const NEWER_BY: Duration = Duration::from_secs(1);

/// Why a lookup has brought nothing.
enum Missed {
    Absent,
    Purged,
    Unusable(Unusable),
    Failed(SecondTierError),
}

impl From<Unusable> for Missed {
    fn from(unusable: Unusable) -> Self {
        Self::Unusable(unusable)
    }
}

impl Missed {
    const fn recall(&self) -> Recall {
        match self {
            Self::Absent | Self::Unusable(Unusable::OtherKey | Unusable::TooLarge) => Recall::Miss,
            Self::Purged => Recall::Purged,
            Self::Unusable(Unusable::Corrupt) => Recall::Corrupt,
            Self::Failed(_) => Recall::Unavailable,
        }
    }
}

impl Keeper {
    /// What the tier has for an errand that answers it; that is stored here then. If the service is to be asked whether it is
    /// still good, the errand is to do that.
    pub(in super::super) async fn recall(
        self: &Arc<Self>,
        tier: &Tier,
        errand: &mut Errand,
    ) -> Option<(Arc<Entry>, Outcome)> {
        // A tier needs timers and connections.
        Handle::try_current().ok()?;
        let found = self.recall_once(tier, errand).await;
        if found.is_some() || !self.awaits_others(tier, errand).await {
            return found;
        }
        self.recall_once(tier, errand).await
    }

    async fn recall_once(
        self: &Arc<Self>,
        tier: &Tier,
        errand: &mut Errand,
    ) -> Option<(Arc<Entry>, Outcome)> {
        let found = self.look_below(tier, errand).await;
        if !matches!(found, Err(Missed::Failed(_))) {
            tier.works(&self.settings().name);
        }
        match found {
            Ok(entry) => self.use_recalled(errand, Arc::new(entry)),
            Err(missed) => {
                self.count_recall(missed.recall());
                if let Missed::Failed(error) = missed {
                    tier.failed(&self.settings().name, &error);
                }
                None
            }
        }
    }

    /// Whether another process has just asked the service for the same. Otherwise this one does, and others may wait for it.
    async fn awaits_others(&self, tier: &Tier, errand: &Errand) -> bool {
        // What may be personal is not worth waiting for, nor is what is not passed on.
        if errand.personal != Default::default() || errand.part || !tier.purging().is_current() {
            return false;
        }
        let key = TierKey::of(&errand.key);
        let key = match &errand.below.variants {
            Some(Variants { names, .. }) => {
                let selection = Selection::of(&Vary::Fields(names.clone()), &errand.headers);
                key.variant(&selection.unwrap_or_default())
            }
            None => key,
        };
        match timeout(self.settings().max_wait, tier.tier().claim(key)).await {
            Ok(Claim::Landed) => true,
            Ok(Claim::Mine(landing)) => {
                errand.below.hold(landing);
                false
            }
            Ok(Claim::Free) | Err(_) => false,
        }
    }

    fn use_recalled(
        self: &Arc<Self>,
        errand: &mut Errand,
        entry: Arc<Entry>,
    ) -> Option<(Arc<Entry>, Outcome)> {
        let is_newer = errand
            .stale
            .as_ref()
            .is_none_or(|stale| entry.received.saturating_since(stale.received) > NEWER_BY);
        if !is_newer {
            self.count_recall(Recall::Miss);
            return None;
        }
        let resident = entry.resident(self.now());
        let grace = self.settings().rules.allowed_grace();
        let outcome = match entry.freshness.reuse(resident, &errand.asked.control, grace) {
            Reuse::Fresh => Outcome::Hit,
            // Whoever is to have a fresh one in the background has no use for another stale one.
            Reuse::Stale | Reuse::StaleWhileRevalidate if !errand.is_answered => Outcome::Stale,
            Reuse::Revalidate { if_error } if !errand.part => {
                let is_fresh =
                    entry.freshness.is_fresh(resident) && !entry.freshness.must_be_validated();
                errand.forward = if is_fresh { Forward::Request } else { Forward::Stale };
                errand.if_error = if_error;
                errand.stale = Some(entry);
                self.count_recall(Recall::Stale);
                return None;
            }
            _ => {
                self.count_recall(Recall::Stale);
                return None;
            }
        };
        if !self.promote(errand, &entry) {
            self.count_recall(Recall::Purged);
            return None;
        }
        self.count_recall(Recall::Hit);
        Some((entry, outcome))
    }

    fn count_recall(&self, recall: Recall) {
        self.recalls().count(&self.settings().name, recall);
    }

    async fn look_below(&self, tier: &Tier, errand: &mut Errand) -> Result<Entry, Missed> {
        if !tier.purging().is_current() {
            return Err(Missed::Failed(SecondTierError::Unavailable));
        }
        // Before the tier is asked: see `Purging::has_outlived`.
        let begun = self.begin(errand);
        let key = TierKey::of(&errand.key);
        let (kept, keep, since) = self.read_below(tier, key, errand).await?;
        let (response, selection, since) = match kept {
            Kept::Response(response) => (response, Selection::default(), since),
            Kept::ByFields(names) => {
                let vary = Vary::Fields(names.clone());
                let left = keep.saturating_sub(since);
                errand.below.variants = Some(Variants { names, left, asked: begun.requested });
                let selection = Selection::of(&vary, &errand.headers).unwrap_or_default();
                let key = key.variant(&selection);
                match self.read_below(tier, key, errand).await? {
                    (Kept::Response(response), _, since) => (response, selection, since),
                    (Kept::ByFields(_), ..) => return Err(Missed::Absent),
                }
            }
        };
        let is_same = response
            .selection
            .iter()
            .map(|(name, value)| (name, value.as_deref()))
            .eq(selection.fields());
        if !is_same {
            return Err(Missed::Absent);
        }
        let born = response.born;
        let entry = self.revived(errand, *response, selection, begun, since);
        if !tier.purging().has_outlived(&entry, born) {
            return Err(Missed::Purged);
        }
        if !self.suits(&entry, errand.personal) {
            return Err(Missed::Absent);
        }
        Ok(entry)
    }

    async fn read_below(
        &self,
        tier: &Tier,
        key: TierKey,
        errand: &Errand,
    ) -> Result<(Kept, Duration, Duration), Missed> {
        let held = timeout(LONGEST, tier.tier().get(key)).await;
        let held = held.unwrap_or(Err(SecondTierError::TimedOut)).map_err(Missed::Failed)?;
        let Held { bytes, since } = held.ok_or(Missed::Absent)?;
        let limit = self.settings().max_object_bytes;
        let (kept, keep) = codec::decode(&bytes as &Bytes, &errand.key, limit)?;
        Ok((kept, keep, since))
    }

    /// A response that another process, or this one, has stored, as if it had come here when it came there.
    ///
    /// The time that the answer of the tier took counts in, as it is not known when the tier looked.
    fn revived(
        &self,
        errand: &Errand,
        response: Response,
        selection: Selection,
        begun: Called,
        since: Duration,
    ) -> Entry {
        let resident = response.resident.saturating_add(since);
        let resident_nanos = u64::try_from(resident.as_nanos()).unwrap_or(u64::MAX);
        let asked = begun.requested.as_nanos();
        let mut freshness = response.freshness;
        // What lies before this process's clock began is added to the age that it came with.
        let before = Duration::from_nanos(resident_nanos.saturating_sub(asked));
        let before = u64::try_from(before.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
        freshness.age = freshness.age.saturating_add(before);
        let with_status = self.settings().cache_status;
        Entry {
            status: response.status,
            inner_status: if with_status { joined_status(&response.headers) } else { None },
            headers: interned::fields(&response.headers, with_status),
            body: response.body,
            #[cfg(feature = "compression")]
            coded: None,
            part: None,
            trailers: response.trailers,
            freshness,
            selection,
            for_authorized: response.for_authorized,
            is_public: response.is_public,
            received: Timestamp::from_nanos(asked.saturating_sub(resident_nanos)),
            received_at: HttpDate::at(begun.requested_at.saturating_sub(resident)),
            took: response.took,
            tags: response.tags,
            uri: errand.stored_uri().into(),
            born: begun.born,
            outlived: AtomicU64::new(begun.born),
            route: Arc::clone(&errand.route),
        }
    }
}
