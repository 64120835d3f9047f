use std::{
    num::NonZeroU32,
    sync::{
        LazyLock, OnceLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use ::redis::Value;

use super::{Script, link::Question};
use crate::redis::random::random;

/// How many processes share a server, counted there. Each says once a second that it is still there.
pub(super) struct Processes {
    keys: [String; 1],
    arguments: [Vec<u8>; 2],
    is_wanted: AtomicBool,
    /// 0 until it is known.
    count: AtomicU32,
}

/// For how long a process counts after it was last there: a few of its words may be late.
const COUNTS_FOR: Duration = Duration::from_secs(5);

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("processes.lua")));

impl Processes {
    pub(super) fn new(prefix: &str) -> Self {
        Self::of_process(prefix, this_process())
    }

    pub(super) fn of_process(prefix: &str, process: &str) -> Self {
        let counts_for = COUNTS_FOR.as_millis().to_string();
        Self {
            keys: [format!("{{{prefix}:processes}}")],
            arguments: [process.into(), counts_for.into()],
            is_wanted: AtomicBool::new(false),
            count: AtomicU32::new(0),
        }
    }

    pub(super) fn want(&self) {
        self.is_wanted.store(true, Ordering::Relaxed);
    }

    pub(super) fn are_wanted(&self) -> bool {
        self.is_wanted.load(Ordering::Relaxed)
    }

    pub(super) fn question(&self) -> Question<'_> {
        Question::Script { script: &SCRIPT, keys: &self.keys, arguments: &self.arguments }
    }

    pub(super) fn told(&self, answer: &Value) {
        if let Value::Int(count) = answer {
            self.count.store(u32::try_from(*count).unwrap_or(u32::MAX), Ordering::Relaxed);
        }
    }

    pub(super) fn count(&self) -> Option<NonZeroU32> {
        NonZeroU32::new(self.count.load(Ordering::Relaxed))
    }
}

/// The same for all connections of this process, and none of another.
fn this_process() -> &'static str {
    static PROCESS: OnceLock<String> = OnceLock::new();
    PROCESS.get_or_init(|| format!("{:016x}{:016x}", random(), random()))
}
