use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use http::{
    Extensions, HeaderMap, HeaderValue, Method, Uri, Version,
    header::{IF_RANGE, RANGE},
};
use smallvec::SmallVec;

#[cfg(feature = "redis")]
use crate::cache::second_tier::Below;
use crate::{
    cache::{
        Entry, Fingerprint,
        count::{Outcome, RouteCounts},
        rules::{Asked, Forward, Rules, Selection, Vary},
    },
    fingerprint::Place,
    head::Head,
};

/// What must be known of a request, once it has been given away, to store its answer and to give it to whoever asked.
#[derive(Debug)]
pub(in super::super) struct Errand {
    pub(in super::super) method: Method,
    pub(in super::super) uri: Uri,
    pub(in super::super) version: Version,
    /// As the client sent them.
    pub(in super::super) headers: HeaderMap,
    /// Only if the user has a say on what is stored.
    pub(in super::super) extensions: Extensions,
    pub(in super::super) key: Box<[u8]>,
    pub(super) place: Place,
    pub(in super::super) fingerprint: Fingerprint,
    /// What the flight is known by that it would share.
    pub(in super::super) flight: u128,
    pub(in super::super) asked: Asked,
    /// Whether it carries what may make its answer personal: credentials or cookies.
    pub(in super::super) personal: Personal,
    /// Whether the service is asked for the part that the client wants, and not for the whole.
    pub(in super::super) part: bool,
    /// What is stored for it, but must not be used unasked.
    pub(in super::super) stale: Option<Arc<Entry>>,
    /// Whether that will do if the service fails.
    pub(in super::super) if_error: bool,
    pub(in super::super) forward: Forward,
    /// Whether its request has its answer already, and was counted.
    pub(in super::super) is_answered: bool,
    pub(in super::super) route: Arc<RouteCounts>,
    /// What the second tier was found to have.
    #[cfg(feature = "redis")]
    pub(in super::super) below: Below,
    /// Those of its route.
    pub(super) rules: Arc<Rules>,
}

/// What may make the answer to a request personal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Personal {
    pub(in super::super) authorized: bool,
    /// Cookies that the fingerprint does not know of.
    pub(in super::super) cookies: bool,
    /// Another field that tells who asks, which the fingerprint does not know of.
    pub(in super::super) identity: bool,
}

impl Errand {
    pub(in super::super) fn head(&self) -> Head<'_> {
        Head::new(&self.method, &self.uri, self.version, &self.headers, &self.extensions)
    }

    /// Counts how its request was answered.
    pub(in super::super) fn count(&self, outcome: Outcome) {
        if !self.is_answered {
            self.route.count(outcome);
        }
    }

    /// Has the service asked for the part that the client wants: the flight is shared by those who want the same.
    pub(super) fn ask_for_part(&mut self) {
        let mut hasher = DefaultHasher::new();
        for name in [RANGE, IF_RANGE] {
            let values: SmallVec<[&[u8]; 2]> =
                self.headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
            values.hash(&mut hasher);
        }
        self.flight ^= u128::from(hasher.finish() | 1) << 64;
        self.part = true;
    }

    /// The URI as it is stored: from the host on.
    pub(in super::super) fn stored_uri(&self) -> &str {
        let uri = &self.key[self.place.host as usize..self.place.end as usize];
        // It was put together from text.
        std::str::from_utf8(uri).unwrap_or_default()
    }

    /// What the flight of requests is known by that are like this one in all by which `entry` was chosen.
    pub(in super::super) fn flight_beside(&self, entry: &Entry) -> Option<u128> {
        if self.part {
            return None;
        }
        let selection = Selection::of(&Vary::of(&entry.headers), &self.headers)?;
        Some(flight(self.fingerprint, self.personal, &selection))
    }

    /// The flight of all who find that what they waited for was asked for before the last of so many purges.
    pub(in super::super) fn flight_after(&self, purges: u64) -> u128 {
        self.flight ^ u128::from(purges) << 4
    }
}

/// Requests share a flight if they have the same fingerprint, are as personal, and would be chosen the same variant, as far as
/// it is known by what.
pub(super) fn flight(fingerprint: Fingerprint, personal: Personal, selection: &Selection) -> u128 {
    let variant = if selection.is_empty() { 0 } else { selection.key() | 1 };
    let personal = u128::from(personal.authorized) << 1
        | u128::from(personal.cookies) << 2
        | u128::from(personal.identity) << 3;
    fingerprint.bits() ^ (u128::from(variant) << 64) ^ personal
}
