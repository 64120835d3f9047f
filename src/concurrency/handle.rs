use std::{fmt, sync::Arc};

use super::{Drain, Limiter, admission::Admission};
use crate::error::ConfigError;

/// Reads and steers a running [`ConcurrencyLimitLayer`](super::ConcurrencyLimitLayer).
///
/// ```
/// use tower_weir::concurrency::{ConcurrencyLimitLayer, Fixed};
///
/// let layer = ConcurrencyLimitLayer::new(Fixed::new(64)).named("reports");
/// let handle = layer.handle();
///
/// // While requests are served:
/// let reports = handle.limiter("reports")?;
/// println!("{} of {} under way, {} wait", reports.in_flight(), reports.limit(), reports.waiting());
/// reports.set_limit(32)?;
/// # Ok::<(), tower_weir::error::ConfigError>(())
/// ```
///
/// Take it from the layer as it is given to a service: a layer that is configured further afterwards is another one.
#[derive(Clone)]
pub struct Handle(Arc<Admission>);

impl Handle {
    pub(super) fn new(admission: &Arc<Admission>) -> Self {
        Self(Arc::clone(admission))
    }

    /// The limiter of this name: `default`, or what [`named`](Limiter::named) said, or a route's pattern.
    ///
    /// # Errors
    ///
    /// If there is none; the error names those that there are.
    pub fn limiter(&self, name: &str) -> Result<Limiter, ConfigError> {
        let mut limiters = self.0.limiters().into_iter();
        limiters.find(|limiter| limiter.name() == name).cloned().ok_or_else(|| {
            let names: Vec<_> =
                self.0.limiters().iter().map(|limiter| format!("`{}`", limiter.name())).collect();
            let allowed = format!("there is no such limiter; allowed: {}", names.join(", "));
            ConfigError::new("limiter", name, allowed)
        })
    }

    /// All limiters: the layer's own, then those of routes.
    pub fn limiters(&self) -> impl Iterator<Item = Limiter> {
        self.0.limiters().into_iter().cloned().collect::<Vec<_>>().into_iter()
    }

    /// How many requests are under way, of all limiters.
    pub fn in_flight(&self) -> usize {
        self.limiters().map(|limiter| limiter.in_flight()).sum()
    }

    /// How many requests wait, of all limiters.
    pub fn waiting(&self) -> usize {
        self.limiters().map(|limiter| limiter.waiting()).sum()
    }

    /// Lets none in by any limiter, see [`Limiter::pause`].
    pub fn pause(&self) {
        self.limiters().for_each(|limiter| limiter.pause());
    }

    /// Lets them in again, see [`Limiter::resume`].
    pub fn resume(&self) {
        self.limiters().for_each(|limiter| limiter.resume());
    }

    /// Refuses all from now on, and tells when none is under way any more: see [`Limiter::drain`].
    pub fn drain(&self) -> Drain {
        let limiters: Vec<_> = self.limiters().collect();
        limiters.iter().for_each(|limiter| drop(limiter.drain()));
        Drain::new(limiters)
    }

    /// Whether it only counts what it would refuse.
    pub fn is_shadow(&self) -> bool {
        self.0.is_shadow()
    }

    /// Makes it only count what it would refuse, or refuse it from now on.
    pub fn set_shadow(&self, shadow: bool) {
        self.0.set_shadow(shadow);
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.limiters()).finish()
    }
}
