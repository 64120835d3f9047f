//! The inner service that goes along with a request, to be called later.

use std::mem;

/// Takes the service that is ready, and leaves a clone: readiness is one service's, and its clones need not share it.
pub(crate) fn take_readied<S: Clone>(service: &mut S) -> S {
    let clone = service.clone();
    mem::replace(service, clone)
}
