use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

use crate::error::BoxError;

/// Why an item has no answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum BatchError<E> {
    /// The service's answer to this item alone.
    Item(E),
    /// All of the batch failed that it was in.
    Failed(BatchFailure),
    /// It was not taken in.
    Refused(Refusal),
}

/// Why an item was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// As many items wait as may, or as many partitions have some.
    Full {
        /// When what waits now will presumably have been done.
        retry_after: Duration,
    },
    /// It weighs more than a whole batch may.
    TooHeavy {
        /// What it weighs.
        weight: u64,
        /// What a batch may weigh.
        max: u64,
    },
    /// No more items are taken.
    Closed,
    /// There is no tokio runtime that the call could be made in.
    NoRuntime,
}

/// How a batch failed as a whole. Clones share the cause.
#[derive(Clone)]
pub struct BatchFailure(Arc<Failure>);

struct Failure {
    name: Cow<'static, str>,
    number: u64,
    items: usize,
    cause: Cause,
}

/// Why a batch failed as a whole.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The service failed, when it was to become ready or when it was called.
    Error(BoxError),
    /// It panicked, with this message, if it is text.
    Panic(Option<String>),
    /// It gave so many answers, which is not the number of the items, so that nobody knows whose they are.
    WrongCount(usize),
    /// The runtime ended, or what the batch ran in was dropped.
    Aborted,
}

impl BatchFailure {
    pub(super) fn new(name: Cow<'static, str>, number: u64, items: usize, cause: Cause) -> Self {
        Self(Arc::new(Failure { name, number, items, cause }))
    }

    /// The number of the batch, as in the log: they are counted from 1.
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// How many items were in it.
    pub fn items(&self) -> usize {
        self.0.items
    }

    /// Why it failed.
    pub fn cause(&self) -> &Cause {
        &self.0.cause
    }
}

impl Cause {
    /// Its name in metrics, such as `wrong_count`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Error(_) => "error",
            Self::Panic(_) => "panic",
            Self::WrongCount(_) => "wrong_count",
            Self::Aborted => "aborted",
        }
    }
}

impl<E: fmt::Display> fmt::Display for BatchError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(error) => error.fmt(f),
            Self::Failed(failure) => failure.fmt(f),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for BatchError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Item(error) => error.source(),
            Self::Failed(failure) => failure.source(),
            Self::Refused(_) => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { .. } => f.write_str("too many items wait for their batch"),
            Self::TooHeavy { weight, max } => {
                write!(f, "the item weighs {weight}, and a whole batch may weigh {max}")
            }
            Self::Closed => f.write_str("no more items are taken"),
            Self::NoRuntime => {
                f.write_str("batches are sent from within a tokio runtime, and there is none here")
            }
        }
    }
}

impl Error for Refusal {}

impl fmt::Display for BatchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { name, number, items, cause } = &*self.0;
        write!(f, "batch {number} of `{name}`, of {items} items, failed: ")?;
        match cause {
            Cause::Error(error) => error.fmt(f),
            Cause::Panic(Some(message)) => write!(f, "the service panicked: {message}"),
            Cause::Panic(None) => f.write_str("the service panicked"),
            Cause::WrongCount(answers) => write!(f, "the service gave {answers} answers"),
            Cause::Aborted => f.write_str("the call was dropped, as when the runtime ends"),
        }
    }
}

impl fmt::Debug for BatchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchFailure")
            .field("batch", &self.0.name)
            .field("number", &self.0.number)
            .field("items", &self.0.items)
            .field("cause", &self.0.cause)
            .finish()
    }
}

impl Error for BatchFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.cause {
            Cause::Error(error) => error.source(),
            _ => None,
        }
    }
}
