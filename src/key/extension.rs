use std::{any::type_name, fmt, hash::Hash, marker::PhantomData};

use super::{KeyExtractor, MissingKey};
use crate::head::Head;

/// A value of type `T` that a layer outside put into the request's extensions.
///
/// ```
/// use tower_weir::key::Extension;
///
/// /// Set by the layer that checks the session.
/// #[derive(Clone, Hash)]
/// struct UserId(u64);
///
/// let by_user = Extension::<UserId>::new();
/// ```
///
/// This is the way for keys that need `async` or may fail: the layer that finds them decides what a failure means.
pub struct Extension<T>(PhantomData<fn() -> T>);

impl<T> Extension<T> {
    /// Reads the extension of type `T`.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for Extension<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Extension<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Extension<T> {}

impl<T> fmt::Debug for Extension<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Extension<{}>", type_name::<T>())
    }
}

impl<T: Hash + Send + Sync + 'static> KeyExtractor for Extension<T> {
    type Key<'a> = &'a T;

    fn extract<'a>(&self, head: &Head<'a>) -> Result<&'a T, MissingKey> {
        head.extensions.get().ok_or(
            // The type's name is for the operator, not for the client.
            MissingKey::new("key")
                .remedy("put the layer that stores the extension outside this one"),
        )
    }
}
