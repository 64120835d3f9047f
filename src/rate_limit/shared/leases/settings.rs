use std::time::Duration;

use crate::{clock::nanos, error::ConfigError};

/// How a process buys cells ahead, so that most requests of a hot key pass without asking the store; for
/// [`SharedRateLimitLayer::leases`](crate::rate_limit::SharedRateLimitLayer::leases).
///
/// ```
/// use std::time::Duration;
/// use tower_weir::rate_limit::Leases;
///
/// let leases = Leases::new().time(Duration::from_millis(200))?.max_cells(1_000)?;
/// # Ok::<_, tower_weir::error::ConfigError>(())
/// ```
///
/// A cell is what a request of cost 1 takes. All cells are charged in the store before they are spent, so all processes
/// together never spend more than the store has granted. A process buys for a key about what it spends in half the lease time:
/// nothing ahead for one that comes now and then, thousands of cells for a hot one. While there are few left, the store gives
/// each process no more than half of them.
///
/// # The price
///
/// - **A larger burst.** Debts drain in the store from the moment that cells are bought, not from when they are spent. In any
///   time `t` there pass at most `burst + rate × t` and, for each lease held at its beginning, what came back while it was
///   held. A process holds up to two leases of a key, each for the lease time at most: that is
///   `2 × processes × rate × lease time`, and never more than the cells it holds.
/// - **Cells out of reach of others.** A process that holds cells keeps them from the others until it spends them or the lease
///   time is over. Then it returns what has not come back by itself. If it is killed, what it held drains as if it had been
///   spent.
/// - **A coarser edge.** When the store has little left of what comes back fast, it is asked again after a quarter of the lease
///   time (or of the time in which a whole burst comes back, if that is shorter), and until then the key is refused.
///
/// Rules with [`charge_on`](crate::rate_limit::Rule::charge_on) lease nothing: what their requests cost is not known when they
/// pass. A request whose quota is not that of the lease, such as one of another tier, asks the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leases {
    /// In nanoseconds.
    pub(super) time: u64,
    pub(super) max_cells: u32,
    pub(super) max_keys: usize,
}

impl Leases {
    /// For 100 ms, up to 10,000 cells for each of 10,000 keys.
    pub const fn new() -> Self {
        Self { time: 100_000_000, max_cells: 10_000, max_keys: 10_000 }
    }

    /// For how long cells may be held unspent.
    ///
    /// A hot key asks the store about three times in it, once for more.
    ///
    /// # Errors
    ///
    /// If that is less than 1 ms or more than a minute.
    pub fn time(self, time: Duration) -> Result<Self, ConfigError> {
        let allowed = Duration::from_millis(1)..=Duration::from_secs(60);
        if !allowed.contains(&time) {
            return Err(ConfigError::new("lease time", format!("{time:?}"), "1 ms to 60 s"));
        }
        Ok(Self { time: nanos(time), ..self })
    }

    /// How many cells of a key are bought at once, at most, unless more requests wait or one costs more.
    ///
    /// # Errors
    ///
    /// If it is less than 2.
    pub fn max_cells(self, cells: u32) -> Result<Self, ConfigError> {
        if cells < 2 {
            return Err(ConfigError::new("cells of a lease", cells.to_string(), "2 or more"));
        }
        Ok(Self { max_cells: cells, ..self })
    }

    /// How many keys are kept in mind, at most: those above 64 are rounded up to a multiple of that. Requests of others ask the
    /// store.
    ///
    /// Keys make room that hold nothing and have not been asked for lately. One takes about half a kilobyte.
    ///
    /// # Errors
    ///
    /// If it is 0.
    pub fn max_keys(self, keys: usize) -> Result<Self, ConfigError> {
        if keys == 0 {
            return Err(ConfigError::new("number of leased keys", "0", "1 or more"));
        }
        Ok(Self { max_keys: keys, ..self })
    }
}

impl Default for Leases {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_is_allowed() {
        let leases = Leases::new();
        let errors = [
            leases.time(Duration::from_micros(999)).unwrap_err().to_string(),
            leases.max_cells(1).unwrap_err().to_string(),
            leases.max_keys(0).unwrap_err().to_string(),
        ];
        assert_eq!(
            errors,
            [
                "invalid lease time `999µs`: 1 ms to 60 s",
                "invalid cells of a lease `1`: 2 or more",
                "invalid number of leased keys `0`: 1 or more",
            ]
        );
        assert!(leases.time(Duration::from_secs(61)).is_err());
        assert_eq!(leases.time(Duration::from_millis(100)), Ok(Leases::default()));
    }
}
