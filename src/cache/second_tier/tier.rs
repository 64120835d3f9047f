use std::{fmt, pin::Pin, time::Duration};

use bytes::Bytes;

use super::{Purging, Record, TierKey};
use crate::error::BoxError;

/// Where responses live that several processes share, behind a store in memory: `redis::RedisCache`, or one of your own.
///
/// A tier keeps bytes under keys for some time, and carries purges between processes. What the bytes mean is not for it to
/// know.
pub trait SecondTier: Send + Sync + 'static {
    /// What is kept under a key, if anything is.
    ///
    /// Clients wait for it. So it must come soon, or an error in its place, after which the service is asked.
    fn get(&self, key: TierKey) -> Getting;

    /// Keeps a record under its key, in place of what was there. It returns at once; a tier that cannot keep up drops records,
    /// and says so to [`Record::dropped`].
    fn put(&self, record: Record);

    /// Forgets what is kept under a key, soon.
    fn remove(&self, key: TierKey);

    /// Asks for the right to make the call whose answer will be kept under a key, so that other processes wait for it.
    /// [`Claim::Free`] at once if the tier does not bring a claim of its own.
    fn claim(&self, key: TierKey) -> Claiming {
        let _ = key;
        Box::pin(async { Claim::Free })
    }

    /// Carries purges from now on: sends those that [`Purging::unsent`] tells of, and tells it what others have sent. Called
    /// once, when the tier is put behind a store.
    fn carry(&self, purges: Purging);
}

/// The future of [`SecondTier::get`].
pub type Getting = Pin<Box<dyn Future<Output = Result<Option<Held>, SecondTierError>> + Send>>;

/// The future of [`SecondTier::claim`].
pub type Claiming = Pin<Box<dyn Future<Output = Claim> + Send>>;

/// What a tier keeps under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// A record as it was written.
    pub bytes: Bytes,
    /// For how long it has been there, by the tier's clock: processes need not agree on the time of day.
    pub since: Duration,
}

/// What came of asking for the right to make a call.
#[derive(Debug)]
#[non_exhaustive]
pub enum Claim {
    /// Nobody else makes it, as far as is known: this process does. Others wait until the landing is dropped.
    Mine(Landing),
    /// Another process has made it meanwhile; what came of it may be kept by now.
    Landed,
    /// This process makes it, and nobody waits for it.
    Free,
}

/// Held by who makes a call that other processes wait for. Dropping it tells them that it is over.
pub struct Landing(Option<Box<dyn FnOnce() + Send>>);

impl Landing {
    /// One that does this when it is dropped.
    pub fn new(land: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(land)))
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        if let Some(land) = self.0.take() {
            land();
        }
    }
}

impl fmt::Debug for Landing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Landing").finish_non_exhaustive()
    }
}

/// Why a tier has no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum SecondTierError {
    /// It took too long.
    TimedOut,
    /// It is known not to answer, or has not caught up with purges, and was not asked.
    Unavailable,
    /// It failed.
    Failed(BoxError),
}

impl fmt::Display for SecondTierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the cache's second tier did not answer in time"),
            Self::Unavailable => {
                f.write_str("the cache's second tier is not at work, and was not asked")
            }
            Self::Failed(error) => write!(f, "the cache's second tier failed: {error}"),
        }
    }
}

impl std::error::Error for SecondTierError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(error) => Some(&**error),
            _ => None,
        }
    }
}
