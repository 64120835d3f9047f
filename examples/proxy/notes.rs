//! What is learnt of a request on its way, until its line is written.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Travels with the request to whatever asks the upstream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
pub(crate) struct Noted {
    /// From the request that the upstream was sent to the head of its response.
    pub(crate) upstream: Option<Duration>,
    pub(crate) trouble: Option<String>,
    written: bool,
}

impl Notes {
    pub(crate) fn upstream(&self, took: Duration) {
        self.state().upstream = Some(took);
    }

    /// Notes what went wrong. What comes after the line is written gets one of its own: others may wait for the same response,
    /// or the cache alone.
    pub(crate) fn trouble(&self, what: String) {
        let mut state = self.state();
        if state.written {
            drop(state);
            tracing::warn!(target: "proxy", error = what.as_str(), "upstream");
        } else {
            state.trouble.get_or_insert(what);
        }
    }

    /// All of it, to be written now.
    pub(crate) fn take(&self) -> Noted {
        std::mem::replace(&mut *self.state(), Noted { written: true, ..Noted::default() })
    }

    fn state(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
