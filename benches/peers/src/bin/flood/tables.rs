//! The sizes of our table that a flood meets.

use tower_weir::rate_limit::Table;

/// What they are called, and how many keys they hold. The flood is many times the first, and some times the second.
pub(crate) const TABLES: [(&str, usize); 2] =
    [("64 Ki keys", Table::DEFAULT_CAPACITY), ("1 M keys", 1_000_000)];
