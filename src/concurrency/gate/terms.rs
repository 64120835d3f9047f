use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use arc_swap::{ArcSwapOption, Guard};

use crate::{
    clock::Clock,
    concurrency::{Priorities, Queue, meters::Meters},
    key::{Key, KeySeed},
    telemetry::Resolved,
};

/// What holds for every gate of a limiter.
#[derive(Debug)]
pub(in crate::concurrency) struct Terms {
    pub(in crate::concurrency) clock: Clock,
    queue: ArcSwapOption<Queue>,
    pub(in crate::concurrency) priorities: Option<Priorities>,
    /// The secret under which the keys of lines are hashed.
    pub(super) seed: KeySeed,
    /// Of whoever carries none.
    pub(super) no_key: Key,
    name: OnceLock<Cow<'static, str>>,
    meters: Resolved<Meters>,
}

/// The name of a limiter that was given none.
static DEFAULT_NAME: Cow<'static, str> = Cow::Borrowed("default");

impl Terms {
    pub(in crate::concurrency) fn new(
        clock: Clock,
        queue: Option<Queue>,
        priorities: Option<Priorities>,
        name: Option<Cow<'static, str>>,
    ) -> Self {
        let name = name.map_or_else(OnceLock::new, OnceLock::from);
        let seed = KeySeed::random();
        Self {
            clock,
            queue: ArcSwapOption::new(queue.map(Arc::new)),
            priorities,
            seed,
            no_key: seed.unused_key(),
            name,
            meters: Resolved::default(),
        }
    }

    /// How requests wait now; `None` if none may.
    pub(in crate::concurrency) fn queue(&self) -> Guard<Option<Arc<Queue>>> {
        self.queue.load()
    }

    /// Lets those who come from now on wait in another way. Whoever waits already, waits as long as it was to.
    #[cfg(feature = "config")]
    pub(in crate::concurrency) fn set_queue(&self, queue: Option<Queue>) {
        self.queue.store(queue.map(Arc::new));
    }

    /// The name that it was given first. To ask for it does not name it.
    pub(in crate::concurrency) fn name(&self) -> &Cow<'static, str> {
        self.name.get().unwrap_or(&DEFAULT_NAME)
    }

    /// Names it, unless it has a name.
    pub(in crate::concurrency) fn name_if_unnamed(&self, name: &str) {
        self.name.get_or_init(|| Cow::Owned(name.to_owned()));
    }

    /// The meters, of which the first who asks tells the limit.
    #[inline]
    pub(super) fn meters(&self, limit: impl FnOnce() -> usize) -> &Meters {
        self.meters.get().unwrap_or_else(|| self.resolve(limit()))
    }

    #[cold]
    fn resolve(&self, limit: usize) -> &Meters {
        self.meters.get_or_resolve(|| {
            let meters = Meters::resolve(self);
            meters.limit.set(limit as f64);
            meters
        })
    }

    /// Tells a new limit, unless nobody has asked for meters yet: the recorder may not be there.
    pub(super) fn tell_limit(&self, limit: usize) {
        if let Some(meters) = self.meters.get() {
            meters.limit.set(limit as f64);
        }
    }

    pub(in crate::concurrency) fn classes(&self) -> usize {
        self.priorities.as_ref().map_or(1, |priorities| priorities.names().len())
    }

    /// How many of `all` places are a class's own.
    pub(super) fn guaranteed(&self, class: usize, all: usize) -> usize {
        self.priorities.as_ref().map_or(0, |priorities| priorities.guaranteed(class, all))
    }
}
