use std::{fmt, sync::OnceLock};

/// Handles of metrics, resolved when they are first asked for, which is at a layer's first request, and kept.
///
/// Looking a metric up by its name and labels takes longer than most layers do; a handle is an atomic.
pub(crate) struct Resolved<T>(OnceLock<T>);

impl<T> Resolved<T> {
    /// The handles, resolved by `resolve` if this is the first time.
    #[inline]
    pub(crate) fn get_or_resolve(&self, resolve: impl FnOnce() -> T) -> &T {
        self.0.get_or_init(resolve)
    }

    /// The handles, if they have been resolved.
    #[cfg(feature = "concurrency")]
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.get()
    }
}

impl<T> Default for Resolved<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> fmt::Debug for Resolved<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.get().is_some() { "Resolved(yes)" } else { "Resolved(not yet)" })
    }
}
