use crate::error::ConfigError;

/// Two thresholds of a load, and the line between them.
///
/// ```
/// use tower_weir::load::Ramp;
///
/// const CPU: Ramp = Ramp::new(0.6, 0.8);
/// assert_eq!(CPU.multiplier(0.5, 0.2), 1.0);
/// assert_eq!(CPU.multiplier(0.8, 0.2), 0.2);
/// assert!((CPU.multiplier(0.7, 0.2) - 0.6).abs() < 1e-9);
/// ```
///
/// A line and not a step, so that a load between the thresholds has a multiplier of its own to settle at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ramp {
    soft: f64,
    hard: f64,
}

const FAULT: &str = "the soft threshold must be at least 0 and below the hard one, both finite";

impl Ramp {
    /// A ramp that begins above `soft` and ends at `hard`, in the unit of the signal.
    ///
    /// # Panics
    ///
    /// Unless `0 <= soft < hard` and both are finite; in a `const` that is a compile error.
    ///
    /// ```compile_fail
    /// const BACKWARDS: tower_weir::load::Ramp = tower_weir::load::Ramp::new(0.9, 0.8);
    /// ```
    pub const fn new(soft: f64, hard: f64) -> Self {
        let ramp = Self { soft, hard };
        assert!(ramp.is_valid(), "{}", FAULT);
        ramp
    }

    /// As [`Ramp::new`], for thresholds that are not known to be right.
    ///
    /// # Errors
    ///
    /// Where that panics.
    pub fn try_new(soft: f64, hard: f64) -> Result<Self, ConfigError> {
        let ramp = Self { soft, hard };
        if ramp.is_valid() {
            Ok(ramp)
        } else {
            Err(ConfigError::new("load ramp", format!("{soft} to {hard}"), FAULT))
        }
    }

    /// The load up to which nothing changes.
    pub const fn soft(&self) -> f64 {
        self.soft
    }

    /// The load from which only the floor is left.
    pub const fn hard(&self) -> f64 {
        self.hard
    }

    /// How much of a limit is left at that load: from 1 down to `floor`, which is between 0 and 1.
    ///
    /// A load that is not a number is no evidence of any: 1. A floor out of range counts as the nearest in it, one that is not
    /// a number as 0.
    pub fn multiplier(&self, load: f64, floor: f64) -> f64 {
        let floor = if floor > 0.0 { floor.min(1.0) } else { 0.0 };
        if load.is_nan() || load <= self.soft {
            return 1.0;
        }
        if load >= self.hard {
            return floor;
        }
        let way = (load - self.soft) / (self.hard - self.soft);
        // Rounding may put the end of the line a little below the floor.
        (1.0 - way * (1.0 - floor)).max(floor)
    }

    /// False for what is not a number, as no comparison holds for it.
    const fn is_valid(&self) -> bool {
        0.0 <= self.soft && self.soft < self.hard && self.hard.is_finite()
    }
}
