use std::{borrow::Cow, fs, path::Path, thread};

use super::{LoadSignal, Ramp, Tick, kernel_file::KernelFile};
use crate::error::ConfigError;

/// The threads that run or could run, for each core of the machine: 1 if each core has just enough to do.
///
/// ```
/// use tower_weir::load::RunQueue;
///
/// match RunQueue::new() {
///     Ok(signal) => println!("{signal:?}"),
///     Err(error) => println!("{error}"),
/// }
/// ```
///
/// It is the fourth number of Linux' `/proc/loadavg`, less the thread that reads it. Unlike the load averages before it, it
/// tells of the moment alone and leaves out what waits for disks; so it jumps from sample to sample, and wants a wide ramp.
///
/// It counts the whole machine, also in a container. So the cores are those of the machine as well, not those that the
/// container may use.
#[derive(Debug)]
pub struct RunQueue {
    file: KernelFile,
    cores: f64,
}

impl RunQueue {
    /// Thresholds to start from: 2 to 6 threads for each core.
    pub const SUGGESTED: Ramp = Ramp::new(2.0, 6.0);

    /// The run queue of this machine.
    ///
    /// # Errors
    ///
    /// If the system has no `/proc/loadavg`: it is not Linux.
    pub fn new() -> Result<Self, ConfigError> {
        Self::within(Path::new("/"))
    }

    fn within(root: &Path) -> Result<Self, ConfigError> {
        let path = root.join("proc/loadavg");
        let file = KernelFile::open(&path).map_err(|error| {
            let allowed = format!("cannot read {}, which Linux has: {error}", path.display());
            ConfigError::new("load signal", "run_queue", allowed)
        })?;
        let online = fs::read_to_string(root.join("sys/devices/system/cpu/online"));
        let cores = online.ok().and_then(|list| count_of(&list));
        // No more than this process may use, but at least one.
        let cores =
            cores.or_else(|| u32::try_from(thread::available_parallelism().ok()?.get()).ok());
        Ok(Self { file, cores: cores.unwrap_or(1).into() })
    }
}

impl LoadSignal for RunQueue {
    fn name(&self) -> Cow<'static, str> {
        "run_queue".into()
    }

    fn sample(&mut self, _: &Tick) -> Option<f64> {
        let runnable = self.file.read().ok().and_then(runnable)?;
        Some(f64::from(runnable.saturating_sub(1)) / self.cores)
    }
}

/// The first number of the fourth field, which is `runnable/all`.
fn runnable(text: &str) -> Option<u32> {
    text.split_ascii_whitespace().nth(3)?.split_once('/')?.0.parse().ok()
}

/// How many a list such as `0-3,8` has.
fn count_of(list: &str) -> Option<u32> {
    let mut count = 0u32;
    for part in list.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        count = count.checked_add(last.checked_sub(first)?.checked_add(1)?)?;
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use std::{env, process};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tells_threads_for_each_core_without_the_reader() {
        let root = env::temp_dir().join(format!("weir-run-queue-{}", process::id()));
        let _ = fs::remove_dir_all(&root);
        let error = RunQueue::within(&root).unwrap_err().to_string();
        assert!(error.starts_with("invalid load signal `run_queue`: cannot read"), "{error}");

        fs::create_dir_all(root.join("proc")).unwrap();
        fs::create_dir_all(root.join("sys/devices/system/cpu")).unwrap();
        fs::write(root.join("sys/devices/system/cpu/online"), "0-3\n").unwrap();
        fs::write(root.join("proc/loadavg"), "0.02 0.01 0.00 11/83 2413\n").unwrap();
        let mut queue = RunQueue::within(&root).unwrap();
        assert_eq!(queue.sample(&Tick::default()), Some(2.5));
        fs::write(root.join("proc/loadavg"), "0.02 0.01 0.00 0/0 0\n").unwrap();
        assert_eq!(queue.sample(&Tick::default()), Some(0.0));
        fs::write(root.join("proc/loadavg"), "0.02 0.01\n").unwrap();
        assert_eq!(queue.sample(&Tick::default()), None);
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn parses_what_kernels_write() {
        assert_eq!(runnable("0.02 0.01 0.00 1/83 2413\n"), Some(1));
        for garbage in ["", "1 2 3", "1 2 3 4", "1 2 3 /4", "1 2 3 -1/4", "1 2 3 99999999999/4"] {
            assert_eq!(runnable(garbage), None, "{garbage:?}");
        }
        assert_eq!(count_of("0\n"), Some(1));
        assert_eq!(count_of("0-63"), Some(64));
        assert_eq!(count_of("0-1,4,6-7\n"), Some(5));
        for garbage in ["", ",", "a", "3-1", "1-", "0-4294967295", "0-4294967294,7"] {
            assert_eq!(count_of(garbage), None, "{garbage:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "([0-9./, \n-]|\\PC){0,40}") {
            let _ = (runnable(&text), count_of(&text));
        }
    }
}
