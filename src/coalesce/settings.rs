use std::{borrow::Cow, sync::Arc, time::Duration};

use http::Response;

use crate::{clock::Clock, fingerprint::FingerprintBuilder, head::Head};

/// A user's say on whether a response may be shared.
pub(super) type ShareIf = Arc<dyn Fn(&Head<'_>, &Response<()>) -> bool + Send + Sync>;

/// What the operator has decided.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) name: Cow<'static, str>,
    pub(super) fingerprint: FingerprintBuilder,
    pub(super) share_if: Option<ShareIf>,
    pub(super) max_body_bytes: u64,
    pub(super) pass_for: Duration,
    pub(super) max_wait: Duration,
    pub(super) clock: Clock,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: Cow::Borrowed("coalesce"),
            fingerprint: FingerprintBuilder::default(),
            share_if: None,
            max_body_bytes: 1 << 20,
            pass_for: Duration::from_secs(10),
            max_wait: Duration::from_secs(30),
            clock: Clock::system(),
        }
    }
}
