use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, OnceLock, PoisonError},
};

use http::HeaderValue;

use super::rules::{CacheName, CacheStatus};

/// Header values that hits have in common: to clone one costs neither an allocation nor a count that processors would fight over.
///
/// They are made when they are first needed and kept for ever: at most as many as there are seconds in about an hour, for
/// each name that the program gives to a cache.
pub(super) struct Phrases {
    name: CacheName,
    /// `Cache-Status` of a hit, by how long it is fresh.
    hits: Box<[OnceLock<HeaderValue>]>,
}

const SECONDS: usize = 4_096;

static AGES: [OnceLock<HeaderValue>; SECONDS] = [const { OnceLock::new() }; SECONDS];
static PHRASES: Mutex<Option<HashMap<Box<str>, &'static Phrases>>> = Mutex::new(None);

impl Phrases {
    /// Those of the caches that give this name.
    pub(super) fn of(name: &CacheName) -> &'static Self {
        let mut all = PHRASES.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.get_or_insert_default().entry(format!("{name:?}").into());
        known.or_insert_with(|| {
            let hits = (0..SECONDS).map(|_| OnceLock::new()).collect();
            Box::leak(Box::new(Self { name: name.clone(), hits }))
        })
    }

    /// The name of the cache.
    pub(super) fn name(&self) -> &CacheName {
        &self.name
    }

    /// The `Cache-Status` of a hit that is fresh for so many more seconds.
    #[inline]
    pub(super) fn hit(&self, ttl: i64) -> HeaderValue {
        let make = || CacheStatus::hit().ttl(ttl).value(&self.name);
        let slot = usize::try_from(ttl).ok().and_then(|ttl| self.hits.get(ttl));
        slot.map_or_else(make, |slot| slot.get_or_init(|| for_ever(&make())).clone())
    }
}

/// An `Age`, in seconds.
#[inline]
pub(super) fn age(seconds: u64) -> HeaderValue {
    let slot = usize::try_from(seconds).ok().and_then(|seconds| AGES.get(seconds));
    slot.map_or_else(
        || seconds.into(),
        |slot| slot.get_or_init(|| for_ever(&seconds.into())).clone(),
    )
}

fn for_ever(value: &HeaderValue) -> HeaderValue {
    value
        .to_str()
        .map_or_else(|_| value.clone(), |text| HeaderValue::from_static(Box::leak(Box::from(text))))
}

impl fmt::Debug for Phrases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phrases").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_same_however_they_are_made() {
        for seconds in [0, 1, 4_095, 4_096, u64::from(u32::MAX)] {
            assert_eq!(age(seconds), seconds.to_string());
            assert_eq!(age(seconds), seconds.to_string());
        }
        let phrases = Phrases::of(&CacheName::new("a b").unwrap());
        for ttl in [-3, 0, 4_095, 4_096] {
            assert_eq!(phrases.hit(ttl), format!("\"a b\"; hit; ttl={ttl}"));
        }
    }

    #[test]
    fn caches_of_one_name_share_theirs() {
        let name = CacheName::new("shared").unwrap();
        assert!(std::ptr::eq(Phrases::of(&name), Phrases::of(&name.clone())));
        assert!(!std::ptr::eq(Phrases::of(&name), Phrases::of(&CacheName::default())));
    }
}
