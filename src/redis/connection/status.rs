use std::fmt;

/// Whether a server is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// There has been no connection yet, and none has failed. It is opened by the first call.
    #[default]
    Connecting,
    /// It is.
    Up,
    /// It is left alone, because it did not answer. It is looked for in the background.
    Down,
}

impl Status {
    /// Its name: `connecting`, `up`, or `down`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
