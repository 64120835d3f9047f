use crate::{
    cache::{CacheLayer, MemoryStore},
    error::ConfigError,
    rate_limit::Table,
    stack::settings::{Settings, Stores as Sizes},
};
#[cfg(feature = "redis")]
use crate::{
    redis::{Redis, RedisCache},
    stack::settings::Redis as Address,
};

/// Where state is kept: what one stack hands on to the next. Made when they are needed first.
#[derive(Clone, Default)]
pub(super) struct Stores {
    /// Each with the size that it was made with.
    table: Option<(Table, usize)>,
    cache: Option<(MemoryStore, u64)>,
    /// One of the layers over it, as all count their requests together.
    counts: Option<CacheLayer>,
    /// The server that cached responses go to, which cannot be changed while they are used.
    #[cfg(feature = "redis")]
    behind_cache: Option<Address>,
    #[cfg(feature = "redis")]
    redis: Option<(Redis, Address)>,
}

impl Stores {
    pub(super) fn table(&mut self, sizes: &Sizes) -> Table {
        let capacity = sizes.rate_limit_keys;
        self.table.get_or_insert_with(|| (Table::with_capacity(capacity), capacity)).0.clone()
    }

    pub(super) fn cache(&mut self, settings: &Settings) -> Result<MemoryStore, ConfigError> {
        if let Some((store, _)) = &self.cache {
            return Ok(store.clone());
        }
        let bytes = settings.stores.cache_bytes;
        let store = MemoryStore::with_max_bytes(bytes);
        #[cfg(feature = "redis")]
        let store = match self.behind_cache(settings)? {
            Some(redis) => store.over(RedisCache::new(&redis)),
            None => store,
        };
        self.cache = Some((store.clone(), bytes));
        Ok(store)
    }

    /// The server that cached responses are to go to, if they are to.
    #[cfg(feature = "redis")]
    fn behind_cache(&mut self, settings: &Settings) -> Result<Option<Redis>, ConfigError> {
        self.behind_cache = wanted_behind_cache(settings);
        match self.behind_cache {
            Some(_) => self.redis(settings),
            None => Ok(None),
        }
    }

    /// A layer that counts its requests with those of the others.
    pub(super) fn counted(&mut self, layer: CacheLayer) -> CacheLayer {
        match &self.counts {
            Some(others) => layer.counted_with(others),
            None => self.counts.insert(layer).clone(),
        }
    }

    /// Counts anew, as routes have other names.
    pub(super) fn count_anew(&mut self) {
        self.counts = None;
    }

    /// The server that the settings name: the same connection as long as they name it in the same way.
    #[cfg(feature = "redis")]
    pub(super) fn redis(&mut self, settings: &Settings) -> Result<Option<Redis>, ConfigError> {
        let Some(address) = &settings.redis else { return Ok(None) };
        if let Some((redis, known)) = &self.redis
            && known.is_same_connection(address)
        {
            return Ok(Some(redis.clone()));
        }
        let redis = open(address)?;
        self.redis = Some((redis.clone(), address.clone()));
        Ok(Some(redis))
    }

    /// What the settings say that cannot be had before the next start.
    pub(super) fn at_next_start(&self, settings: &Settings) -> Vec<String> {
        let sizes = &settings.stores;
        let mut later = Vec::new();
        if self.cache.as_ref().is_some_and(|(_, bytes)| *bytes != sizes.cache_bytes) {
            later.push("`cache` of `[stores]`".to_owned());
        }
        if self.table.as_ref().is_some_and(|(_, keys)| *keys != sizes.rate_limit_keys) {
            later.push("`rate_limit_keys` of `[stores]`".to_owned());
        }
        #[cfg(feature = "redis")]
        if self.cache.is_some() && self.behind_cache != wanted_behind_cache(settings) {
            later.push("the server of `[redis]` for cached responses".to_owned());
        }
        later
    }
}

#[cfg(feature = "redis")]
fn wanted_behind_cache(settings: &Settings) -> Option<Address> {
    settings.redis.clone().filter(|redis| redis.cache)
}

#[cfg(feature = "redis")]
fn open(address: &Address) -> Result<Redis, ConfigError> {
    let mut redis = match &*address.urls {
        [url] => Redis::open(url)?,
        urls => Redis::cluster(urls)?,
    };
    if let Some(prefix) = &address.prefix {
        redis = redis.prefixed(prefix.clone())?;
    }
    if let Some(timeout) = address.timeout {
        redis = redis.timeout(timeout)?;
    }
    if let Some(timeout) = address.connect_timeout {
        redis = redis.connect_timeout(timeout)?;
    }
    Ok(redis)
}

#[cfg(feature = "redis")]
impl Address {
    /// Whether all but what it is used for is the same.
    fn is_same_connection(&self, other: &Self) -> bool {
        Self { cache: other.cache, ..self.clone() } == *other
    }
}
