//! Which request the current thread is at work for.

use std::{cell::Cell, sync::Arc};

use super::{Profile, route::Route};

thread_local! {
    static CURRENT: Cell<Option<Arc<Route>>> = const { Cell::new(None) };
}

/// Makes a route the current one, and tells the one before: twice around whatever is done for it. To move it there and back costs
/// less than to count another reference.
///
/// In a thread that is ending it does nothing, both times.
#[inline]
pub(super) fn swap(route: &mut Option<Arc<Route>>) {
    let _ = CURRENT.try_with(|current| *route = current.replace(route.take()));
}

/// The profile that this request is counted in.
pub(super) fn profile() -> Option<Profile> {
    let current = CURRENT.try_with(|current| {
        let route = current.take();
        let profile = route.as_ref().and_then(|route| route.profile.upgrade());
        current.set(route);
        profile
    });
    current.ok().flatten().map(Profile::of)
}
