//! A limit's header fields, kept as long as its terms stay the same.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::{
    Quota,
    headers::{FieldStyle, Fields},
    limiter::Limiter,
};

/// The header fields as the terms are now.
pub(super) struct LimitFields {
    style: FieldStyle,
    /// As long as nothing has changed them.
    first: Option<Arc<Fields>>,
    /// After that: with the version of the terms that they tell.
    current: ArcSwapOption<(u64, Option<Arc<Fields>>)>,
}

impl LimitFields {
    pub(super) fn new(style: FieldStyle, limiter: &Limiter) -> Self {
        let first = Fields::new(style, limiter, &[]).map(Arc::new);
        Self { style, first, current: ArcSwapOption::empty() }
    }

    /// With the quotas of its own that a request may have. `None` if there is nothing to tell.
    #[inline]
    pub(super) fn get(&self, limiter: &Limiter, tiers: &[Option<Quota>]) -> Option<Arc<Fields>> {
        let first = self.first.as_ref()?;
        match limiter.version() {
            0 if tiers.is_empty() => Some(Arc::clone(first)),
            version => self.changed(limiter, tiers, version),
        }
    }

    /// Of a limiter of another's that tells its quota.
    pub(super) fn told(&self, quota: Quota) -> Option<Arc<Fields>> {
        Fields::told(self.style, quota).map(Arc::new)
    }

    #[cold]
    fn changed(
        &self,
        limiter: &Limiter,
        tiers: &[Option<Quota>],
        version: u64,
    ) -> Option<Arc<Fields>> {
        if !tiers.is_empty() {
            return Fields::new(self.style, limiter, tiers).map(Arc::new);
        }
        if let Some((of, fields)) = self.current.load().as_deref()
            && *of == version
        {
            return fields.clone();
        }
        let fields = Fields::new(self.style, limiter, tiers).map(Arc::new);
        self.current.store(Some(Arc::new((version, fields.clone()))));
        fields
    }
}
