use crate::stack::ConfigWarnings;

/// What came of reading a configuration again.
#[derive(Clone, Debug, PartialEq)]
pub struct Reloaded {
    pub(super) changes: Vec<String>,
    pub(super) warnings: ConfigWarnings,
    pub(super) at_next_start: Vec<String>,
    pub(super) generation: u64,
}

impl Reloaded {
    /// What is different from before, such as ``rate_limit` of `GET /search`` or ``/login`, which is new``; nothing if the file
    /// says what it said.
    pub fn changes(&self) -> &[String] {
        &self.changes
    }

    /// What is suspicious about the file.
    pub fn warnings(&self) -> &ConfigWarnings {
        &self.warnings
    }

    /// What the file says that cannot be had before the next start, such as another size of the cache.
    pub fn at_next_start(&self) -> &[String] {
        &self.at_next_start
    }

    /// Which configuration is enforced: see [`Handle::generation`](super::Handle::generation).
    pub fn generation(&self) -> u64 {
        self.generation
    }
}
