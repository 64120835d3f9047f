use std::{error::Error, fmt};

use super::Problem;

/// Everything that is wrong with a configuration, each with its place, what is wrong and what to write instead.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigErrors {
    problems: Vec<Problem>,
}

impl ConfigErrors {
    pub(in crate::stack) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages: Vec<_> = self.problems.iter().map(|problem| &*problem.message).collect();
        f.write_str(&messages.join("\n"))
    }
}

impl Error for ConfigErrors {}
