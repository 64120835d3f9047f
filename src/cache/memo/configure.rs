use std::{hash::Hash, sync::Arc, time::Duration};

use super::{
    Memo,
    load::Shared,
    settings::{Bound, Settings},
};
use crate::{clock::Clock, error::ConfigError};

/// What it is told before it is used. Each makes another memo, which is empty.
impl<K, V> Memo<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Keeps values for `ttl`.
    ///
    /// With a `ttl` of zero it keeps none, and is good only for sharing loads among those who ask at the same time.
    pub fn new(ttl: Duration) -> Self {
        Self::of(Settings::new(ttl))
    }

    fn of(settings: Settings<K, V>) -> Self {
        Self(Arc::new(Shared::new(settings)))
    }

    fn with(self, change: impl FnOnce(&mut Settings<K, V>)) -> Self {
        let mut settings = self.0.settings.clone();
        change(&mut settings);
        Self::of(settings)
    }

    /// Keeps each value for the time that `ttl` says; not at all, if that is zero.
    ///
    /// ```
    /// # use std::time::Duration;
    /// use tower_weir::cache::Memo;
    ///
    /// // Who does not exist now may sign up in a minute.
    /// let emails = Memo::new(Duration::from_secs(300)).ttl_by(|_: &u64, email: &Option<String>| {
    ///     Duration::from_secs(if email.is_some() { 300 } else { 60 })
    /// });
    /// # emails.insert(7, None);
    /// ```
    pub fn ttl_by(self, ttl: impl Fn(&K, &V) -> Duration + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.ttl_by = Some(Arc::new(ttl)))
    }

    /// Keeps at most so many values.
    ///
    /// # Panics
    ///
    /// If `most` is zero. [`try_max_entries`](Self::try_max_entries) gives an error instead.
    pub fn max_entries(self, most: u64) -> Self {
        self.try_max_entries(most).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`max_entries`](Self::max_entries), for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// If `most` is zero.
    pub fn try_max_entries(self, most: u64) -> Result<Self, ConfigError> {
        at_least_one("memo max_entries", most)?;
        Ok(self.with(|settings| settings.bound = Bound::Entries(most)))
    }

    /// Keeps at most so many bytes, instead of so many values.
    ///
    /// `weigh` tells how many bytes on the heap a key and its value have; what they take themselves and what it takes to keep
    /// them is added, about 300 bytes in all. It is asked once for each value. A value of more than 4 GiB is not kept.
    ///
    /// # Panics
    ///
    /// If `most` is zero. [`try_max_bytes`](Self::try_max_bytes) gives an error instead.
    pub fn max_bytes(
        self,
        most: u64,
        weigh: impl Fn(&K, &V) -> usize + Send + Sync + 'static,
    ) -> Self {
        self.try_max_bytes(most, weigh).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`max_bytes`](Self::max_bytes), for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// If `most` is zero.
    pub fn try_max_bytes(
        self,
        most: u64,
        weigh: impl Fn(&K, &V) -> usize + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        at_least_one("memo max_bytes", most)?;
        Ok(self.with(|settings| settings.bound = Bound::Bytes(most, Arc::new(weigh))))
    }

    /// For so long after its time to live, a value is given out still, while it is loaded anew in the background.
    ///
    /// So nobody waits, unless nobody asked for that long. If the load fails, the old value remains, and the next to ask tries
    /// again. It needs a tokio runtime; elsewhere whoever asks waits for the new value.
    pub fn stale_for(self, time: Duration) -> Self {
        self.with(|settings| settings.stale_for = time)
    }

    /// Loads a value anew in the background shortly before its time to live is over, so that nobody waits for one that is
    /// asked for often.
    ///
    /// When that is, chance decides: on average `beta` times as long before the end as the value took to load, and sooner the
    /// more ask for it. `1.0` is a good choice; more is earlier. It needs a tokio runtime, and does nothing elsewhere.
    ///
    /// This is `XFetch` (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede Prevention, VLDB 2015), except
    /// that whoever comes early does not wait.
    ///
    /// # Errors
    ///
    /// If `beta` is not a finite number above zero.
    pub fn early_refresh(self, beta: f64) -> Result<Self, ConfigError> {
        if !(beta.is_finite() && beta > 0.0) {
            let allowed = "a finite number above 0, such as 1";
            return Err(ConfigError::new("memo early_refresh", beta.to_string(), allowed));
        }
        Ok(self.with(|settings| settings.beta = beta))
    }

    /// Whoever has waited for so long for a value that another loads, by tokio's timers, loads it themselves; without more
    /// said, that is 30 s.
    ///
    /// So no key is lost to a load that never ends. Whoever asks from then on joins the new load, and what the old one may yet
    /// come to is not kept. Outside of a tokio runtime everyone waits to the end.
    pub fn max_wait(self, time: Duration) -> Self {
        self.with(|settings| settings.max_wait = time)
    }

    /// Goes by this clock.
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|settings| settings.clock = clock)
    }
}

fn at_least_one(field: &'static str, most: u64) -> Result<(), ConfigError> {
    if most == 0 {
        return Err(ConfigError::new(
            field,
            "0",
            "at least 1; a ttl of zero if nothing is to be kept",
        ));
    }
    Ok(())
}
