use std::{borrow::Cow, time::Duration};

/// Tells one load of the machine or the program as a number: the more, the busier.
///
/// ```
/// use std::borrow::Cow;
/// use tower_weir::load::{LoadSignal, Tick};
///
/// struct OpenFiles;
///
/// impl LoadSignal for OpenFiles {
///     fn name(&self) -> Cow<'static, str> {
///         "open_files".into()
///     }
///
///     fn sample(&mut self, _: &Tick) -> Option<f64> {
///         let files = std::fs::read_dir("/proc/self/fd").ok()?;
///         Some(files.count() as f64)
///     }
/// }
/// ```
///
/// A closure becomes one by [`Custom`](super::Custom).
pub trait LoadSignal: Send + 'static {
    /// What it is called in logs and as a metric's label, such as `cpu`. Asked once.
    fn name(&self) -> Cow<'static, str>;

    /// The load now, or since the last call; `None` if it cannot be told, or not yet.
    ///
    /// It is called once in each period, on a thread that also serves requests. So it must be quick: microseconds, such as
    /// reading a small file that the kernel makes up, but no request to another machine. A signal that panics is left out
    /// from then on.
    fn sample(&mut self, tick: &Tick) -> Option<f64>;

    /// Whether [`Tick::late_by`] is wanted. It is measured, ten times a second, only if a signal says so. Asked once.
    fn needs_lateness(&self) -> bool {
        false
    }
}

impl<S: LoadSignal + ?Sized> LoadSignal for Box<S> {
    fn name(&self) -> Cow<'static, str> {
        (**self).name()
    }

    fn sample(&mut self, tick: &Tick) -> Option<f64> {
        (**self).sample(tick)
    }

    fn needs_lateness(&self) -> bool {
        (**self).needs_lateness()
    }
}

/// What a signal is told when it is sampled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tick {
    /// The most that a timer of the runtime was late since the last sample; zero unless a signal
    /// [needs it](LoadSignal::needs_lateness).
    pub late_by: Duration,
}

impl Tick {
    /// A tick of a runtime whose timers were late by as much. The default is one whose timers were on time.
    pub const fn late_by(late_by: Duration) -> Self {
        Self { late_by }
    }
}
