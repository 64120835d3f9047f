use schemars::JsonSchema;

use super::kinds::{Delays, Share, Time, Volume};

/// When rates fall, and how far. Responses with an error of the service's, and slow ones, are bad; where there are too many, the
/// rate is cut, and grows again step by step.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Adaptive {
    /// A response that takes longer is a bad one. Without this only errors are bad.
    latency_target: Option<Time>,
    /// How often the rate is judged: from 10 ms to an hour.
    #[schemars(extend("default" = "1s", "examples" = ["250ms", "1s"]))]
    interval: Option<Time>,
    /// The share of bad responses that is tolerated: from 0 to 0.999.
    #[schemars(range(min = 0.0, max = 0.999), extend("default" = 0.05))]
    threshold: Option<f64>,
    /// With fewer responses than this an interval is not judged.
    #[schemars(extend("default" = 20))]
    min_volume: Option<Volume>,
    /// The most that is taken off at a time, as a share: from 0.1 to 0.999.
    #[schemars(range(min = 0.1, max = 0.999), extend("default" = 0.7))]
    decrease: Option<f64>,
    /// What is added in each interval, as a share of the quota.
    #[schemars(extend("default" = 0.01))]
    increase: Option<Share>,
    /// The least that is left, as a share of the quota: from 0.001 to 1.
    #[schemars(range(min = 0.001, max = 1.0), extend("default" = 0.1))]
    floor: Option<f64>,
    /// Two delays of the runtime: that at which rates begin to fall, and that at which they are at the floor. Without this the
    /// load of the machine plays no part.
    scheduling_delay: Option<Delays>,
}
