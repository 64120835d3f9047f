use std::{borrow::Cow, fmt, num::NonZeroU32, pin::Pin, sync::Arc};

use crate::{error::BoxError, key::SharedKey, rate_limit::Gcra};

/// Where debts live that several processes share: [`RedisStore`](crate::redis::RedisStore), or one of your own.
///
/// A store keeps for each key and policy one number, a theoretical arrival time by its own clock, as [`Gcra`] has it, and
/// decides on all policies of a request at once. Times are in nanoseconds.
///
/// ```
/// use std::{collections::HashMap, sync::Mutex, time::Duration};
/// use tower_weir::{clock::Clock, key::SharedKey, rate_limit::shared::*};
///
/// /// For the layers of one process.
/// struct Debts { clock: Clock, tats: Mutex<HashMap<(SharedKey, String), u64>> }
///
/// impl SharedStore for Debts {
///     fn ask(&self, ask: Ask) -> Asking {
///         let now = self.clock.now().as_nanos();
///         let mut tats = self.tats.lock().unwrap();
///         let debt = |terms: &Terms| {
///             let tat = tats.get(&(ask.key, terms.policy.to_string()));
///             tat.map_or(0, |tat| tat.saturating_sub(now))
///         };
///         let debts: Vec<u64> = ask.terms.iter().map(debt).collect();
///         let outcome = ask.action.outcome(&ask.terms, &debts);
///         for (terms, standing) in ask.terms.iter().zip(&outcome.standings) {
///             tats.insert((ask.key, terms.policy.to_string()), now + standing.reset);
///         }
///         Box::pin(async { Ok(outcome) })
///     }
/// }
/// ```
///
/// [`Action::outcome`] is the arithmetic; whoever brings an own one finds there what it must say.
pub trait SharedStore: Send + Sync + 'static {
    /// Does what is asked: for all policies or for none.
    ///
    /// The answer is waited for by a client. So it must come soon, or an error in its place.
    ///
    /// # Cancel safety
    ///
    /// Whoever drops the future does not know whether it was done.
    fn ask(&self, ask: Ask) -> Asking;

    /// How many processes share the store, as far as it knows.
    fn processes(&self) -> Option<NonZeroU32> {
        None
    }
}

impl<S: SharedStore + ?Sized> SharedStore for Arc<S> {
    fn ask(&self, ask: Ask) -> Asking {
        (**self).ask(ask)
    }

    fn processes(&self) -> Option<NonZeroU32> {
        (**self).processes()
    }
}

/// The future of [`SharedStore::ask`].
pub type Asking = Pin<Box<dyn Future<Output = Result<Outcome, SharedStoreError>> + Send>>;

/// What is asked of a [`SharedStore`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ask {
    /// Whose debts it is about: a limit's, and a key's.
    pub key: SharedKey,
    /// By what they are judged, for each policy. Never empty.
    pub terms: Box<[Terms]>,
    /// What is to be done.
    pub action: Action,
}

/// What one policy allows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Terms {
    /// The name of the policy: with the key, what its debt is known by.
    pub policy: Cow<'static, str>,
    /// How many nanoseconds of debt one cell makes.
    pub interval: u64,
    /// How many nanoseconds of debt there may be. Cells that are asked for at once may make more if nothing else is owed.
    pub tolerance: u64,
    /// Where cells are taken back: how many nanoseconds of what they made time has paid off already. 0 otherwise.
    pub paid: u64,
}

/// What is to be done with the debts of a key. A cell is what a request of cost 1 takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Charges so many cells, if all policies allow it.
    Check {
        /// How many.
        cells: u32,
    },
    /// Says what that would say, and charges nothing.
    Peek {
        /// How many.
        cells: u32,
    },
    /// Charges as many cells as all policies allow, within bounds: `most` while there is plenty, and no more than half of what
    /// is left, so that one process does not take the last from the others; but `least` at least.
    Lease {
        /// With fewer it is refused.
        least: u32,
        /// How many would be welcome.
        most: u32,
    },
    /// Charges so many cells, whether or not the policies allow it.
    Charge {
        /// How many.
        cells: u32,
    },
    /// Takes back what was charged for so many cells, less what time [has paid off](Terms::paid) of it. Nobody comes to owe
    /// less than nothing.
    ///
    /// To take back what was paid would be to pay it twice: whoever was charged since could pass once more.
    Refund {
        /// How many.
        cells: u32,
    },
}

/// What a [`SharedStore`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How many cells were charged, or taken back, or could be charged if that was the question; 0 if a policy refused.
    pub granted: u32,
    /// How the key stands now, for each policy in their order.
    pub standings: Box<[Standing]>,
}

/// How a key stands with one policy. Times are in nanoseconds from now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// After what time the policy would allow what was asked; 0 if it does.
    pub retry: u64,
    /// After what time nothing will be owed.
    pub reset: u64,
}

/// Why a [`SharedStore`] has no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum SharedStoreError {
    /// It took too long. What was asked may have been done.
    TimedOut,
    /// It is known not to answer, and was not asked.
    Unavailable,
    /// It failed.
    Failed(BoxError),
}

impl Ask {
    /// What is to be done for a key.
    pub fn new(key: SharedKey, terms: impl IntoIterator<Item = Terms>, action: Action) -> Self {
        Self { key, terms: terms.into_iter().collect(), action }
    }
}

impl Terms {
    /// Those of a policy.
    pub fn new(policy: impl Into<Cow<'static, str>>, gcra: Gcra) -> Self {
        let Gcra { interval, tolerance, .. } = gcra;
        Self { policy: policy.into(), interval, tolerance, paid: 0 }
    }
}

impl fmt::Display for SharedStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the shared store did not answer in time"),
            Self::Unavailable => {
                f.write_str("the shared store has not answered lately and was not asked")
            }
            Self::Failed(error) => write!(f, "the shared store failed: {error}"),
        }
    }
}

impl std::error::Error for SharedStoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(error) => Some(&**error),
            _ => None,
        }
    }
}
