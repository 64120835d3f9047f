use std::{borrow::Cow, fmt};

use sysinfo::{
    CGroupLimits, CpuRefreshKind, MINIMUM_CPU_UPDATE_INTERVAL, MemoryRefreshKind, System,
};

use super::{LoadSignal, Ramp, Tick};
use crate::clock::{Clock, Timestamp};

/// The share of all processors in use, 0 to 1, since the last sample.
///
/// ```
/// use tower_weir::load::{Cpu, LoadSignal, Tick};
///
/// let mut cpu = Cpu::new();
/// assert_eq!(cpu.sample(&Tick::default()), None); // it tells of the time between two samples
/// ```
///
/// Of the whole machine, also in a container: one that may use two of 64 processors looks idle when it is not.
/// [`Pressure::cpu`](super::Pressure::cpu) sees that. Samples less than 200 ms apart tell the same.
pub struct Cpu {
    system: System,
    clock: Clock,
    /// When it was sampled first.
    begun: Option<Timestamp>,
}

impl Cpu {
    /// Thresholds to start from: 80 % to 95 %.
    pub const SUGGESTED: Ramp = Ramp::new(0.8, 0.95);

    /// The processors of this machine.
    pub fn new() -> Self {
        Self { system: System::new(), clock: Clock::system(), begun: None }
    }
}

impl LoadSignal for Cpu {
    fn name(&self) -> Cow<'static, str> {
        "cpu".into()
    }

    fn sample(&mut self, _: &Tick) -> Option<f64> {
        self.system.refresh_cpu_specifics(CpuRefreshKind::nothing().with_cpu_usage());
        // What it tells first, and until it reads the counters again, is the share since the machine was started.
        let now = self.clock.now();
        let begun = *self.begun.get_or_insert(now);
        let told = now.saturating_since(begun) >= MINIMUM_CPU_UPDATE_INTERVAL
            && !self.system.cpus().is_empty();
        told.then(|| f64::from(self.system.global_cpu_usage()) / 100.0)
    }
}

/// The share of memory in use, 0 to 1: of the machine or of the container's limit, whichever is fuller.
///
/// ```
/// use tower_weir::load::{LoadSignal, Memory, Tick};
///
/// let in_use = Memory::new().sample(&Tick::default());
/// assert!(in_use.is_none_or(|share| (0.0..=1.0).contains(&share)));
/// ```
///
/// What the kernel can take back at once does not count. So of the machine it is what is not available; of a container
/// (cgroup version 1 or 2) what its processes hold, without the pages of files that they have read.
pub struct Memory {
    system: System,
}

impl Memory {
    /// Thresholds to start from: 85 % to 95 %.
    pub const SUGGESTED: Ramp = Ramp::new(0.85, 0.95);

    /// The memory that this process may use.
    pub fn new() -> Self {
        Self { system: System::new() }
    }
}

impl LoadSignal for Memory {
    fn name(&self) -> Cow<'static, str> {
        "memory".into()
    }

    fn sample(&mut self, _: &Tick) -> Option<f64> {
        self.system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let total = self.system.total_memory();
        // `cgroup_limits` panics then.
        if total == 0 {
            return None;
        }
        let machine = total.saturating_sub(self.system.available_memory());
        let container = self.system.cgroup_limits();
        Some(fuller(total, machine, container.as_ref()))
    }
}

/// A container without a limit is told to have the machine's memory.
fn fuller(total: u64, used: u64, container: Option<&CGroupLimits>) -> f64 {
    let share = |used: u64, of: u64| (used as f64 / of as f64).min(1.0);
    let machine = share(used, total);
    match container {
        Some(limits) if (1..total).contains(&limits.total_memory) => {
            machine.max(share(limits.rss, limits.total_memory))
        }
        _ => machine,
    }
}

impl Default for Cpu {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cpu").finish_non_exhaustive()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn container(total_memory: u64, rss: u64) -> CGroupLimits {
        CGroupLimits { total_memory, free_memory: 0, free_swap: 0, rss }
    }

    #[test]
    fn processors_tell_a_share_once_some_time_has_passed() {
        let (clock, hand) = Clock::manual();
        let mut cpu = Cpu { clock, ..Cpu::new() };
        let mut after = |millis| {
            hand.advance(Duration::from_millis(millis));
            cpu.sample(&Tick::default())
        };
        assert_eq!([after(0), after(199)], [None, None]);
        assert!(after(1).is_some_and(|share| (0.0..=1.0).contains(&share)));
    }

    #[test]
    fn the_fuller_of_machine_and_container_counts() {
        assert_eq!(fuller(1_000, 300, None), 0.3);
        assert_eq!(fuller(1_000, 300, Some(&container(100, 90))), 0.9);
        assert_eq!(fuller(1_000, 950, Some(&container(100, 90))), 0.95);
        assert_eq!(fuller(1_000, 300, Some(&container(1_000, 900))), 0.3, "it has no limit");
        assert_eq!(fuller(1_000, 300, Some(&container(0, 90))), 0.3, "it tells nothing");
        assert_eq!(fuller(1_000, 300, Some(&container(100, 120))), 1.0);
    }
}
