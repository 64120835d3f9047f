use std::{borrow::Borrow, convert::Infallible, fmt, hash::Hash, sync::Arc};

use super::{MemoStats, Memoized, kept::State, load::Shared, settings::Bound};

/// Keeps what it takes long to get, such as the result of a query, for a while.
///
/// ```
/// # use std::{sync::Arc, time::Duration};
/// use tower_weir::cache::Memo;
///
/// # #[derive(Clone, Debug)] struct DbError;
/// # struct User { name: String }
/// # #[derive(Clone)] struct Db;
/// # impl Db { async fn user(&self, id: u64) -> Result<User, DbError> { Ok(User { name: format!("user {id}") }) } }
/// #[derive(Clone)]
/// struct App {
///     db: Db,
///     users: Memo<u64, Arc<User>>,
/// }
///
/// async fn name(app: &App, id: u64) -> Result<String, DbError> {
///     let db = app.db.clone();
///     let user = app.users.get_or_load(id, || async move { db.user(id).await.map(Arc::new) }).await?;
///     Ok(user.name.clone())
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), DbError> {
/// let users = Memo::new(Duration::from_secs(30)).max_bytes(16 << 20, |_, user: &Arc<User>| user.name.len());
/// let app = App { db: Db, users };
/// assert_eq!(name(&app, 7).await?, "user 7");
/// assert_eq!(name(&app, 7).await?, "user 7");
/// assert_eq!((app.users.stats().loads, app.users.stats().hits), (1, 1));
/// # Ok(())
/// # }
/// ```
///
/// Clones are cheap and share everything. Values are cloned for everyone who asks: put what is large into an [`Arc`].
///
/// # One load for all who ask
///
/// While a value is being loaded, whoever asks for the same key waits for that load and gets its value, or its error: an error
/// is as true for them as for the one who loads. It is not kept; the next to ask loads again. A panic concerns only the one
/// in whose task it happens: then one of those who wait loads instead, with their own loader.
///
/// A load that has begun goes on to its end though its caller is gone, as when a client leaves and its handler is dropped:
/// those who wait get it, and nothing is loaded twice. So what a loader returns owns all that it needs (`'static`). As long as
/// the caller stays, the load runs in the caller's task, with its tracing span and its task-locals; after that in a task of
/// its own. A load that may take for ever should have a timeout, inside of the loader; others wait for it for
/// [30 s](Self::max_wait) at most.
///
/// # How long, and how many
///
/// A value is good for the time to live, from when it was loaded, and no more than the bound are kept: 10,000 values, unless
/// [`max_entries`](Self::max_entries) or [`max_bytes`](Self::max_bytes) says otherwise. Those that are asked for rarely or
/// not for long make room first (`TinyLFU`; Einziger, Friedman, Manes 2017); so a newcomer may be the one that is not kept.
///
/// With [`stale_for`](Self::stale_for) and [`early_refresh`](Self::early_refresh) nobody waits for values that are in use.
///
/// That something is *not* there is worth keeping too: take an [`Option`] as the value, and give `None` a shorter time by
/// [`ttl_by`](Self::ttl_by).
pub struct Memo<K, V>(pub(super) Arc<Shared<K, V>>);

impl<K, V> Memo<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// The value for `key`; if there is none, `load` is called and its value kept.
    ///
    /// `load` is not called if someone else loads already: see [above](Self#one-load-for-all-who-ask). An error that cannot be
    /// cloned goes into an [`Arc`]: `db.load(id).await.map_err(Arc::new)`.
    ///
    /// If callers for one key have different types of errors, they do not get each other's; they load again. A load must not
    /// ask for its own key: it would wait for itself.
    ///
    /// # Errors
    ///
    /// The loader's own, of this call or of the one that was under way.
    ///
    /// # Panics
    ///
    /// If `load` does.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves the others that wait alone; a load that it has begun goes on, if there is a tokio runtime. If it is
    /// kept but not polled, as beside a `select!` that goes on with something else, all who wait for the same key are held up
    /// for as long as they [may be](Self::max_wait).
    pub async fn get_or_load<E, F, Fut>(&self, key: K, load: F) -> Result<V, E>
    where
        E: Clone + Send + Sync + 'static,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        self.0.get_or_load(key, |_| load()).await
    }

    /// As [`get_or_load`](Self::get_or_load), for what cannot fail.
    ///
    /// # Panics
    ///
    /// If `load` does.
    ///
    /// # Cancel safety
    ///
    /// As that of [`get_or_load`](Self::get_or_load).
    pub async fn get_or_insert_with<F, Fut>(&self, key: K, load: F) -> V
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = V> + Send + 'static,
    {
        let load = |_: &K| {
            let value = load();
            async { Ok::<V, Infallible>(value.await) }
        };
        self.0.get_or_load(key, load).await.unwrap_or_else(|never| match never {})
    }

    /// The value for `key`, if there is a fresh one.
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let now = self.0.settings.clock.now();
        let kept = self.0.entries.get(key).filter(|kept| kept.state(now, 0.0) == State::Fresh);
        let counters = &self.0.counters;
        if kept.is_some() { &counters.hits } else { &counters.misses }.count();
        kept.map(|kept| kept.value)
    }

    /// Keeps `value` for `key`. What is being loaded for it is not kept.
    pub fn insert(&self, key: K, value: V) {
        let now = self.0.begin();
        let kept = self.0.settings.keep(&key, value, now, now.at);
        self.0.flights.spoil(&key);
        self.0.entries.replace(key, kept);
        self.0.entries.settle();
    }

    /// Forgets the value for `key`. What is being loaded for it is given to those who wait for it, but not kept.
    pub fn invalidate<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.0.flights.spoil(key);
        self.0.entries.remove(key);
    }

    /// Forgets all values, as [`invalidate`](Self::invalidate) does one.
    pub fn clear(&self) {
        self.0.flights.spoil_all();
        self.0.entries.clear();
    }

    /// The function that keeps what `function` returns.
    ///
    /// ```
    /// # use std::{convert::Infallible, time::Duration};
    /// use tower_weir::cache::Memo;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Infallible> {
    /// let squares = Memo::new(Duration::from_secs(30)).wrap(|n: u64| async move { Ok::<_, Infallible>(n * n) });
    /// assert_eq!(squares.call(7).await?, 49);
    /// assert_eq!(squares.memo().get(&7), Some(49));
    /// # Ok(())
    /// # }
    /// ```
    pub fn wrap<F, Fut, E>(self, function: F) -> Memoized<K, V, F>
    where
        F: Fn(K) -> Fut,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        Memoized::new(self, function)
    }

    /// What it has done, and what it holds. Takes longer than any other call: it makes all room that is yet to be made.
    pub fn stats(&self) -> MemoStats {
        let usage = self.0.entries.usage();
        let weighs = matches!(self.0.settings.bound, Bound::Bytes(..));
        MemoStats {
            evictions: usage.evictions,
            entries: usage.entries,
            bytes: weighs.then_some(usage.weight),
            ..self.0.counters.read()
        }
    }
}

impl<K, V> Clone for Memo<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> fmt::Debug for Memo<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.0.settings;
        f.debug_struct("Memo")
            .field("ttl", &settings.ttl)
            .field("stale_for", &settings.stale_for)
            .field("stats", &self.0.counters.read())
            .finish_non_exhaustive()
    }
}
