use std::sync::Arc;

use super::Entry;
use crate::recording::Recording;

/// What came of a call that many waited for.
#[derive(Clone, Debug)]
pub(super) enum Fetched {
    /// A response whose body is coming. It is for all who waited, be it stored or not.
    Along(Arc<Entry>, Arc<Recording>),
    /// What was stored is still good.
    Kept(Arc<Entry>),
    /// What was stored must do, since the service failed.
    Stale(Arc<Entry>),
    /// Nothing that could be shared: each goes for itself.
    Nothing,
    /// The call failed, more than once.
    Failed,
}
