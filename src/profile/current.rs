//! Which request the current thread is at work for.

use std::{cell::RefCell, sync::Arc};

use super::{Profile, route::Route};

thread_local! {
    static CURRENT: RefCell<Option<Arc<Route>>> = const { RefCell::new(None) };
}

/// While this is there, the thread is at work for a request of a route.
pub(super) struct Current<'a> {
    /// The route that it was at work for before.
    outer: &'a mut Option<Arc<Route>>,
}

impl<'a> Current<'a> {
    /// Takes the route for that long. Moving it there and back costs less than counting another reference.
    #[inline]
    pub(super) fn enter(route: &'a mut Option<Arc<Route>>) -> Self {
        swap(route);
        Self { outer: route }
    }
}

impl Drop for Current<'_> {
    #[inline]
    fn drop(&mut self) {
        swap(self.outer);
    }
}

/// Does nothing, twice, in a thread that is ending.
#[inline]
fn swap(route: &mut Option<Arc<Route>>) {
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
