//! Lines on stderr about what went wrong.

use std::{error::Error, fmt::Display};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    pub(crate) quiet: bool,
}

impl Log {
    pub(crate) fn line(self, text: impl Display) {
        if !self.quiet {
            eprintln!("proxy: {text}");
        }
    }
}

/// An error and what caused it, in one line.
pub(crate) fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}
