use std::sync::{Arc, Weak};

use tokio::{runtime::Handle, sync::Semaphore, task::spawn_blocking};

use super::{Compression, eligible::is_eligible};
use crate::cache::{Entry, Fingerprint, keeper::Keeper};

/// Compresses what was stored: after it is stored, one at a time, where it keeps no request waiting.
///
/// Until then, and if more come than it can do, responses stay as they are.
#[derive(Debug)]
pub(in super::super) struct Compressor {
    settings: Compression,
    turn: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// How many may wait for their turn.
const WAITING: usize = 1_024;

impl Compressor {
    pub(in super::super) fn new(settings: Compression) -> Self {
        let turn = Arc::new(Semaphore::new(1));
        Self { settings, turn, waiting: Arc::new(Semaphore::new(WAITING)) }
    }

    /// Compresses `entry`, which `keeper` has just stored, if it may be.
    pub(in super::super) fn take(
        &self,
        keeper: &Arc<Keeper>,
        fingerprint: Fingerprint,
        entry: &Arc<Entry>,
    ) {
        let targeted = keeper.settings().rules.targeted_fields();
        if entry.body.len() as u64 <= self.settings.above || !is_eligible(entry, targeted) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        let Ok(place) = Arc::clone(&self.waiting).try_acquire_owned() else { return };
        let (turn, settings) = (Arc::clone(&self.turn), self.settings);
        // What leaves the store before its turn comes is not to be kept for it, nor is a cache that is gone.
        let (keeper, entry) = (Arc::downgrade(keeper), Arc::downgrade(entry));
        runtime.spawn(async move {
            let Ok(_turn) = turn.acquire_owned().await else { return };
            drop(place);
            // It fails if the runtime shuts down.
            drop(spawn_blocking(move || compress(&keeper, &settings, fingerprint, &entry)).await);
        });
    }
}

fn compress(
    keeper: &Weak<Keeper>,
    settings: &Compression,
    fingerprint: Fingerprint,
    entry: &Weak<Entry>,
) {
    let (Some(keeper), Some(entry)) = (keeper.upgrade(), entry.upgrade()) else { return };
    if let Some(compressed) = entry.compressed(settings) {
        keeper.replace(fingerprint, &entry, compressed);
    }
}
