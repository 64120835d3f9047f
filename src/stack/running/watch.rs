use std::{
    sync::{Arc, PoisonError, Weak, atomic::Ordering},
    thread,
    time::Duration,
};

use tokio::{runtime::Handle, task::spawn_blocking, time::sleep};

use super::{live::Live, meters};

/// Nothing is to be watched.
const IDLE: u8 = 0;
/// Whoever comes next in a runtime starts the task.
const WANTED: u8 = 1;
/// There is a task.
const RUNNING: u8 = 2;

/// The task's part of what is watched. If it is dropped because its runtime ends, another runtime takes over.
struct Watching(Weak<Live>);

/// What the task has seen.
#[derive(Default)]
pub(super) struct Seen {
    /// A text that is new, if the last look found one: it counts when the next look finds the same, since an editor may have
    /// been half-way.
    new: Option<Vec<u8>>,
    /// Why there was nothing to read, if there was nothing: each reason is said once.
    nothing: Option<String>,
}

impl Live {
    /// Sees to it that the file is watched, if it is to be and nobody does. It reads one number.
    #[inline]
    pub(in crate::stack) fn keep_watched(self: &Arc<Self>) {
        if self.watching.load(Ordering::Relaxed) == WANTED {
            self.start_watching();
        }
    }

    /// Lets the next who comes start the task, if there is a file to be watched and no task yet.
    pub(super) fn want_watching(&self) {
        if self.interval().is_some() {
            self.pass_on(IDLE, WANTED);
        }
    }

    #[cold]
    fn start_watching(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else { return };
        if self.pass_on(WANTED, RUNNING) {
            runtime.spawn(watch(Watching(Arc::downgrade(self))));
        }
    }

    /// How often the file is looked at.
    fn interval(&self) -> Option<Duration> {
        self.from.path()?;
        self.stack().settings.watch
    }

    fn pass_on(&self, from: u8, to: u8) -> bool {
        self.watching.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Looks at the file once.
    pub(super) fn look(&self, seen: &mut Seen) {
        let text = self.from.look();
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = self.stack().generation;
        let text = match text {
            Ok(text) if text == judged.text => {
                *seen = Seen::default();
                return meters::state(generation, judged.good);
            }
            Ok(text) if !text.trim_ascii().is_empty() => text,
            nothing => {
                meters::state(generation, false);
                seen.new = None;
                let why = nothing.map_or_else(
                    |errors| errors.to_string(),
                    |_| "the configuration's file is empty".to_owned(),
                );
                if seen.nothing.as_ref() != Some(&why) {
                    tracing::warn!("{why}; what was configured stays (logged once)");
                    seen.nothing = Some(why);
                }
                return;
            }
        };
        seen.nothing = None;
        if seen.new.as_ref() == Some(&text) {
            seen.new = None;
            // Told where it is judged.
            let _ = self.judge(&mut judged, text);
        } else {
            seen.new = Some(text);
        }
    }
}

async fn watch(watching: Watching) {
    let mut seen = Seen::default();
    loop {
        let Some(live) = watching.0.upgrade() else { return };
        let Some(interval) = live.interval() else {
            live.watching.store(IDLE, Ordering::Release);
            // A reload may have asked for a watch meanwhile, and seen that there is a task.
            if live.interval().is_none() || !live.pass_on(IDLE, RUNNING) {
                return;
            }
            continue;
        };
        drop(live);
        sleep(interval).await;
        let Some(live) = watching.0.upgrade() else { return };
        let look = move || {
            live.look(&mut seen);
            seen
        };
        // Code of others that panics in there, a subscriber's say, ends the look and not the task.
        seen = spawn_blocking(look).await.unwrap_or_default();
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // A runtime without timers panics: nobody is to try again for each request.
        if !thread::panicking()
            && let Some(live) = self.0.upgrade()
        {
            live.pass_on(RUNNING, WANTED);
        }
    }
}
