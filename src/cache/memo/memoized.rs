use std::{fmt, hash::Hash};

use super::Memo;

/// A function whose results are kept; made by [`Memo::wrap`].
#[derive(Clone)]
pub struct Memoized<K, V, F> {
    memo: Memo<K, V>,
    function: F,
}

impl<K, V, F> Memoized<K, V, F> {
    pub(super) fn new(memo: Memo<K, V>, function: F) -> Self {
        Self { memo, function }
    }

    /// Where the results are kept.
    pub fn memo(&self) -> &Memo<K, V> {
        &self.memo
    }
}

impl<K, V, F, Fut, E> Memoized<K, V, F>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    F: Fn(K) -> Fut,
    Fut: Future<Output = Result<V, E>> + Send + 'static,
    E: Clone + Send + Sync + 'static,
{
    /// The result for `key`: kept, or of a call of the function. See [`Memo::get_or_load`].
    ///
    /// # Errors
    ///
    /// The function's own, of this call or of the one that was under way.
    pub async fn call(&self, key: K) -> Result<V, E> {
        self.memo.0.get_or_load(key, |key| (self.function)(key.clone())).await
    }
}

impl<K, V, F> fmt::Debug for Memoized<K, V, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memoized").field("memo", &self.memo).finish_non_exhaustive()
    }
}
