use std::{
    borrow::Cow,
    io,
    path::{Path, PathBuf},
};

use super::{LoadSignal, Ramp, Tick, kernel_file::KernelFile};
use crate::{
    clock::{Clock, Timestamp},
    error::ConfigError,
};

/// The share of the time, 0 to 1, in which some task had to wait for a resource, since the last sample.
///
/// ```
/// use tower_weir::load::Pressure;
///
/// match Pressure::cpu() {
///     Ok(signal) => println!("{signal:?}"),
///     Err(error) => println!("{error}"),
/// }
/// ```
///
/// It is Linux' [pressure stall information](https://docs.kernel.org/accounting/psi.html), the line `some`. In a container
/// it is that of the container (`/sys/fs/cgroup/cpu.pressure`), so that waiting for its own processor quota counts and its
/// neighbours' waiting does not; elsewhere, or where a container has none, that of the machine (`/proc/pressure/cpu`).
///
/// The share is made of the counter `total`, so it tells of the sampling period alone; the kernel's own `avg10` follows a
/// burst of load only after seconds, and lets go of it as late.
#[derive(Debug)]
pub struct Pressure {
    name: &'static str,
    file: KernelFile,
    clock: Clock,
    /// When it was last sampled, and the counter then.
    last: Option<(Timestamp, u64)>,
}

#[derive(Clone, Copy)]
enum Resource {
    Cpu,
    Memory,
    Io,
}

impl Resource {
    /// As in the kernel's file names.
    const fn file_name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Io => "io",
        }
    }

    const fn signal_name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu_pressure",
            Self::Memory => "memory_pressure",
            Self::Io => "io_pressure",
        }
    }
}

impl Pressure {
    /// Thresholds to start from for [`Pressure::cpu`]: a quarter to six tenths of the time. A busy but healthy service has some
    /// thread waiting now and then.
    pub const SUGGESTED_CPU: Ramp = Ramp::new(0.25, 0.6);

    /// Thresholds to start from for [`Pressure::memory`]: 5 % to 30 % of the time. Any lasting stall for memory means that the
    /// working set does not fit.
    pub const SUGGESTED_MEMORY: Ramp = Ramp::new(0.05, 0.3);

    /// Thresholds to start from for [`Pressure::io`]: 30 % to 70 % of the time.
    pub const SUGGESTED_IO: Ramp = Ramp::new(0.3, 0.7);

    /// Waiting for a processor: runnable, but not run.
    ///
    /// # Errors
    ///
    /// If the system does not tell it: it is not Linux, or an old or differently configured one.
    pub fn cpu() -> Result<Self, ConfigError> {
        Self::within(Path::new("/"), Resource::Cpu)
    }

    /// Waiting for memory: for pages to be reclaimed, or read back after they were.
    ///
    /// # Errors
    ///
    /// As [`Pressure::cpu`].
    pub fn memory() -> Result<Self, ConfigError> {
        Self::within(Path::new("/"), Resource::Memory)
    }

    /// Waiting for disks.
    ///
    /// # Errors
    ///
    /// As [`Pressure::cpu`].
    pub fn io() -> Result<Self, ConfigError> {
        Self::within(Path::new("/"), Resource::Io)
    }

    /// Measures the time between samples by this clock, for tests.
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, last: None, ..self }
    }

    fn within(root: &Path, resource: Resource) -> Result<Self, ConfigError> {
        let name = resource.file_name();
        let container = root.join("sys/fs/cgroup").join(format!("{name}.pressure"));
        let machine: PathBuf = root.join("proc/pressure").join(name);
        let file = readable(&container).or_else(|_| readable(&machine)).map_err(|error| {
            let signal = resource.signal_name();
            ConfigError::new("load signal", signal, why_unreadable(&machine, &error))
        })?;
        Ok(Self { name: resource.signal_name(), file, clock: Clock::system(), last: None })
    }
}

impl LoadSignal for Pressure {
    fn name(&self) -> Cow<'static, str> {
        self.name.into()
    }

    fn sample(&mut self, _: &Tick) -> Option<f64> {
        let total = self.file.read().ok().and_then(some_total)?;
        let now = self.clock.now();
        let Some((before, total_before)) = self.last else {
            self.last = Some((now, total));
            return None;
        };
        let elapsed = now.saturating_since(before);
        if elapsed.is_zero() {
            return None;
        }
        self.last = Some((now, total));
        // It does not fall; if it did, it was another counter.
        let stalled = total.checked_sub(total_before)? as f64 / 1e6;
        // The kernel counts by a clock of its own.
        Some((stalled / elapsed.as_secs_f64()).min(1.0))
    }
}

/// The file, if it can be opened, read, and understood. A kernel that keeps the accounts only on demand has the files, but
/// they cannot be read.
fn readable(path: &Path) -> io::Result<KernelFile> {
    let mut file = KernelFile::open(path)?;
    match some_total(file.read()?) {
        Some(_) => Ok(file),
        None => Err(io::Error::new(io::ErrorKind::InvalidData, "no line `some … total=…` in it")),
    }
}

fn why_unreadable(path: &Path, error: &io::Error) -> Cow<'static, str> {
    use io::ErrorKind::{InvalidData, PermissionDenied};
    match error.kind() {
        PermissionDenied | InvalidData => format!("cannot read {}: {error}", path.display()).into(),
        _ => "this kernel has no pressure stall information: Linux 4.20 or later with CONFIG_PSI, and psi=1 where it is \
              off by default"
            .into(),
    }
}

/// The counter of the line `some`, in microseconds.
fn some_total(text: &str) -> Option<u64> {
    let fields = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let total = fields.split_ascii_whitespace().find_map(|field| field.strip_prefix("total="))?;
    total.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process, time::Duration};

    use proptest::prelude::*;

    use super::*;

    /// A root folder of its own, removed at the end of the test.
    struct Root(PathBuf);

    impl Root {
        fn new(test: &str) -> Self {
            let root = env::temp_dir().join(format!("weir-pressure-{}-{test}", process::id()));
            fs::create_dir_all(root.join("sys/fs/cgroup")).unwrap();
            fs::create_dir_all(root.join("proc/pressure")).unwrap();
            Self(root)
        }

        fn write(&self, path: &str, total: u64) {
            let line =
                |kind, total| format!("{kind} avg10=1.53 avg60=0.87 avg300=0.10 total={total}\n");
            let text = line("some", total) + &line("full", total / 2);
            fs::write(self.0.join(path), text).unwrap();
        }

        fn pressure(&self) -> Pressure {
            Pressure::within(&self.0, Resource::Io).unwrap()
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn tells_the_share_of_the_time_since_the_last_sample() {
        let root = Root::new("share");
        let (clock, hand) = Clock::manual();
        root.write("proc/pressure/io", 7_000_000);
        let mut pressure = root.pressure().clock(clock);
        let mut after = |millis, total| {
            hand.advance(Duration::from_millis(millis));
            root.write("proc/pressure/io", total);
            pressure.sample(&Tick::default())
        };
        assert_eq!(after(5, 7_000_000), None, "since when?");
        assert_eq!(after(1_000, 7_250_000), Some(0.25));
        assert_eq!(after(500, 7_250_000), Some(0.0));
        assert_eq!(after(0, 7_250_001), None, "in no time");
        assert_eq!(after(100, 7_500_000), Some(1.0), "never more than all of it");
        assert_eq!(after(1_000, 100), None, "another counter");
        assert_eq!(after(1_000, 500_100), Some(0.5));
    }

    #[test]
    fn asks_the_container_before_the_machine() {
        let root = Root::new("container");
        let (clock, hand) = Clock::manual();
        root.write("proc/pressure/io", 0);
        root.write("sys/fs/cgroup/io.pressure", 0);
        let mut pressure = root.pressure().clock(clock);
        assert_eq!(pressure.sample(&Tick::default()), None);
        root.write("proc/pressure/io", 100_000);
        root.write("sys/fs/cgroup/io.pressure", 900_000);
        hand.advance(Duration::from_secs(1));
        assert_eq!(pressure.sample(&Tick::default()), Some(0.9));
    }

    #[test]
    fn asks_the_machine_where_the_container_keeps_no_accounts() {
        let root = Root::new("fallback");
        let (clock, hand) = Clock::manual();
        root.write("proc/pressure/io", 0);
        fs::write(root.0.join("sys/fs/cgroup/io.pressure"), "").unwrap();
        let mut pressure = root.pressure().clock(clock);
        assert_eq!(pressure.sample(&Tick::default()), None);
        root.write("proc/pressure/io", 100_000);
        hand.advance(Duration::from_secs(1));
        assert_eq!(pressure.sample(&Tick::default()), Some(0.1));
    }

    #[test]
    fn says_what_is_missing() {
        let root = Root::new("missing");
        let error = Pressure::within(&root.0, Resource::Memory).unwrap_err().to_string();
        assert!(error.starts_with("invalid load signal `memory_pressure`: this kernel"), "{error}");
        assert!(error.contains("CONFIG_PSI") && error.contains("psi=1"), "{error}");
        fs::write(root.0.join("proc/pressure/memory"), "soon\n").unwrap();
        let error = Pressure::within(&root.0, Resource::Memory).unwrap_err().to_string();
        assert!(error.contains("proc/pressure/memory: no line `some"), "{error}");
    }

    #[test]
    fn a_file_that_turns_to_garbage_tells_nothing() {
        let root = Root::new("garbage");
        root.write("proc/pressure/io", 0);
        let mut pressure = root.pressure();
        fs::write(root.0.join("proc/pressure/io"), b"some total=\xff\xfe").unwrap();
        assert_eq!(pressure.sample(&Tick::default()), None);
        fs::write(root.0.join("proc/pressure/io"), "").unwrap();
        assert_eq!(pressure.sample(&Tick::default()), None);
    }

    #[test]
    fn parses_what_kernels_write() {
        let line = "some avg10=0.31 avg60=0.18 avg300=0.05 total=2797723";
        assert_eq!(some_total(line), Some(2_797_723));
        assert_eq!(some_total(&format!("full avg10=0.00 total=5\n{line}\n")), Some(2_797_723));
        for garbage in
            ["", "some", "some ", "some total=", "some total=-1", "full total=3", "total=3"]
        {
            assert_eq!(some_total(garbage), None, "{garbage:?}");
        }
        assert_eq!(some_total("some total=18446744073709551616"), None, "too much");
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "(some |full |total=|avg10=|[0-9]{1,25}|\\PC|\n){0,20}") {
            let _ = some_total(&text);
        }
    }
}
