//! Metrics of the whole stack from one file.

use super::{Kind, Metric};

/// Times the configuration was read again.
pub const CONFIG_RELOADS: Metric = Metric {
    name: "weir_config_reloads_total",
    kind: Kind::Counter,
    unit: "count",
    labels: &["outcome"],
    help: "Times the configuration was read again. outcome: applied, unchanged if it says what it said before, or rejected if \
           there is a mistake in it and nothing was changed.",
};

/// Whether the configuration as it is written is what is enforced.
pub const CONFIG_HEALTHY: Metric = Metric {
    name: "weir_config_healthy",
    kind: Kind::Gauge,
    unit: "count",
    labels: &[],
    help: "1 while the configuration as it is written now is what is enforced, 0 while it has a mistake, is empty or cannot be \
           read.",
};

/// Which configuration is enforced.
pub const CONFIG_GENERATION: Metric = Metric {
    name: "weir_config_generation",
    kind: Kind::Gauge,
    unit: "count",
    labels: &[],
    help: "Which configuration is enforced: 1 for that of the start, one more for each that was applied since.",
};
