use std::{borrow::Cow, fmt};

use super::{LoadSignal, Tick};

/// A load that a closure tells, in a unit of your own.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU32, Ordering}};
/// use tower_weir::load::{Custom, LoadSignal, Tick};
///
/// let waiting = Arc::new(AtomicU32::new(3));
/// let mut signal = Custom::new("jobs_waiting", move || Some(waiting.load(Ordering::Relaxed).into()));
/// assert_eq!(signal.sample(&Tick::default()), Some(3.0));
/// ```
#[derive(Clone)]
pub struct Custom<F> {
    name: Cow<'static, str>,
    read: F,
}

impl<F> Custom<F> {
    /// The load that `read` returns, under a name for logs and metrics. See [`LoadSignal::sample`] for what it may do.
    pub fn new(name: impl Into<Cow<'static, str>>, read: F) -> Self {
        Self { name: name.into(), read }
    }
}

impl<F: FnMut() -> Option<f64> + Send + 'static> LoadSignal for Custom<F> {
    fn name(&self) -> Cow<'static, str> {
        self.name.clone()
    }

    fn sample(&mut self, _: &Tick) -> Option<f64> {
        (self.read)()
    }
}

impl<F> fmt::Debug for Custom<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custom").field("name", &self.name).finish_non_exhaustive()
    }
}
