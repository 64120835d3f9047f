//! Which request the current thread is at work for.

use std::{cell::RefCell, sync::Arc};

use super::{Profile, route::Route};

thread_local! {
    static CURRENT: RefCell<Option<Arc<Route>>> = const { RefCell::new(None) };
}

/// Makes a route the current one, and tells the one before: twice around whatever is done for it. To move it there and back costs
/// less than to count another reference.
///
/// In a thread that is ending it does nothing, both times.
#[inline]
pub(super) fn swap(route: &mut Option<Arc<Route>>) {
    let _ = CURRENT.try_with(|current| std::mem::swap(&mut *current.borrow_mut(), route));
}

/// The profile that this request is counted in.
pub(super) fn profile() -> Option<Profile> {
    let current = CURRENT.try_with(|current| {
        let current = current.borrow();
        current.as_ref().and_then(|route| route.profile.upgrade())
    });
    current.ok().flatten().map(Profile::of)
}
