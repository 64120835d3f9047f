use std::{
    borrow::Cow,
    fmt,
    num::NonZeroU32,
    panic::catch_unwind,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use ::redis::{Cmd, FromRedisValue, Value};
use tokio::{runtime::Handle, task::AbortHandle, time::sleep};

use super::{
    Failure, Script, Status, Subscription, Use,
    address::Address,
    link::Question,
    settings::{Settings, checked_prefix, checked_timeout},
    shared::Shared,
    supervisor::{Supervised, supervise},
};
use crate::error::ConfigError;

/// A server, or a cluster, of Redis or Valkey, by which processes share state.
///
/// ```
/// use std::time::Duration;
/// use tower_weir::redis::{Redis, Status};
///
/// let redis = Redis::open("redis://weir:secret@cache.internal:6379/0")?
///     .named("shared")
///     .timeout(Duration::from_millis(3))?;
/// assert_eq!(redis.status(), Status::Connecting); // nothing is connected before it is used
/// # Ok::<(), tower_weir::error::ConfigError>(())
/// ```
///
/// Clones share one connection. **Each setting makes another handle**, which is not connected, so settings come first.
///
/// # When it is down
///
/// To open it needs no server: the first call connects, in the background, and waits for that no longer than for an answer.
/// A call of a limit never takes longer than the [timeout](Self::timeout), and one of a cache no longer than the cache's own. If the connection is lost, or 5 of the last 10 calls had no
/// answer, the server is left alone: calls fail at once, without asking, and whoever made them does without. Meanwhile
/// a task looks for it: after 50 ms, then after twice the time up to a second, each time by a new connection, with the
/// host's name looked up anew. When the server answers a `PING`, calls are made again. The task runs on the runtime of the
/// first call, and ends with the last clone; if its runtime ends, the next call starts another on its own.
///
/// Errors that concern a call and not the server, such as one of a script or for lack of memory, do not count as no answer.
/// Of a cluster it takes 20 calls in a row, as other nodes may well serve when one does not.
///
/// # Secrets
///
/// The URL's password, and a client's private key, are in no error, log line, metric or `Debug` of this crate.
#[derive(Clone)]
#[must_use]
pub struct Redis(Arc<Handles>);

/// Dropped with the last handle. The supervisor has the rest.
struct Handles {
    shared: Arc<Shared>,
    supervisor: Mutex<Option<AbortHandle>>,
}

impl Redis {
    /// The server at a URL: `redis://user:password@host:6379/0`, of which all but the host may be left out, `rediss://` for
    /// TLS (feature `redis-tls`), or `unix:///path?db=0&user=name&pass=password`.
    ///
    /// # Errors
    ///
    /// If the URL is none of these.
    pub fn open(url: &str) -> Result<Self, ConfigError> {
        Ok(Self::of(Settings::new(Address::server(url)?)))
    }

    /// The cluster that has nodes at these URLs. Some of its nodes are enough; they are asked for the others.
    ///
    /// ```
    /// use tower_weir::redis::Redis;
    ///
    /// let redis = Redis::cluster(["redis://10.0.0.1:6379", "redis://10.0.0.2:6379"])?;
    /// # Ok::<(), tower_weir::error::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no URL, if one is not of the form that [`open`](Self::open) takes, or of a Unix socket, or if they differ in
    /// user, password, database or the use of TLS.
    pub fn cluster<U: AsRef<str>>(urls: impl IntoIterator<Item = U>) -> Result<Self, ConfigError> {
        Ok(Self::of(Settings::new(Address::cluster(urls)?)))
    }

    /// Names it: the label `redis` of its metrics. Otherwise it is called `redis`.
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.with(|settings| settings.name = name.into())
    }

    /// Begins all keys and channels with this in place of `weir`. Processes share what has the same prefix.
    ///
    /// # Errors
    ///
    /// If it is empty, or has braces or white space.
    pub fn prefixed(self, prefix: impl Into<Cow<'static, str>>) -> Result<Self, ConfigError> {
        let prefix = checked_prefix(prefix.into())?;
        Ok(self.with(|settings| settings.prefix = prefix))
    }

    /// Waits so long for an answer, in place of 5 ms: with everything, from the first connection to a script's text that the
    /// server has forgotten.
    ///
    /// # Errors
    ///
    /// If it is zero.
    pub fn timeout(self, timeout: Duration) -> Result<Self, ConfigError> {
        let timeout = checked_timeout("timeout", timeout)?;
        Ok(self.with(|settings| settings.timeout = timeout))
    }

    /// Waits so long for a connection, in place of a second. No call waits for it longer than for an answer.
    ///
    /// # Errors
    ///
    /// If it is zero.
    pub fn connect_timeout(self, timeout: Duration) -> Result<Self, ConfigError> {
        let timeout = checked_timeout("connect timeout", timeout)?;
        Ok(self.with(|settings| settings.connect_timeout = timeout))
    }

    /// Trusts servers whose certificates go back to these, in PEM, and not those that the system trusts.
    ///
    /// # Errors
    ///
    /// If there is no certificate, or it cannot be read.
    #[cfg(feature = "redis-tls")]
    pub fn root_certificate(self, pem: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        let mut settings = self.0.shared.settings.clone();
        settings.certificates.set_roots(pem.as_ref())?;
        Ok(Self::of(settings))
    }

    /// Shows servers that ask for it this certificate, or chain of them, with its private key, both in PEM.
    ///
    /// # Errors
    ///
    /// If there is no certificate or no key, or one cannot be read.
    #[cfg(feature = "redis-tls")]
    pub fn client_certificate(
        self,
        certificate_pem: impl AsRef<[u8]>,
        key_pem: impl AsRef<[u8]>,
    ) -> Result<Self, ConfigError> {
        let mut settings = self.0.shared.settings.clone();
        settings.certificates.set_client(certificate_pem.as_ref(), key_pem.as_ref())?;
        Ok(Self::of(settings))
    }

    /// Whether the server is asked at the moment.
    pub fn status(&self) -> Status {
        self.0.shared.status()
    }

    /// What all keys and channels begin with.
    pub(in crate::redis) fn prefix(&self) -> &str {
        &self.0.shared.settings.prefix
    }

    /// The label of its metrics.
    pub(in crate::redis) fn name(&self) -> &Cow<'static, str> {
        &self.settings().name
    }

    /// Asks the server, and waits no longer than the timeout.
    #[cfg(test)]
    pub(in crate::redis) async fn call<T: FromRedisValue>(
        &self,
        purpose: Use,
        command: &Cmd,
    ) -> Result<T, Failure> {
        self.call_within(self.settings().timeout, purpose, command).await
    }

    /// Asks the server, and waits no longer than this.
    pub(in crate::redis) async fn call_within<T: FromRedisValue>(
        &self,
        limit: Duration,
        purpose: Use,
        command: &Cmd,
    ) -> Result<T, Failure> {
        self.ask(limit, purpose, Question::Command(command)).await
    }

    /// Asks the server, by a script, and waits no longer than the timeout. The server is sent its text only if it does not know
    /// it.
    pub(in crate::redis) async fn run<T: FromRedisValue>(
        &self,
        purpose: Use,
        script: &Script,
        keys: &[String],
        arguments: &[Vec<u8>],
    ) -> Result<T, Failure> {
        self.run_within(self.settings().timeout, purpose, script, keys, arguments).await
    }

    /// The same, and waits no longer than this.
    pub(in crate::redis) async fn run_within<T: FromRedisValue>(
        &self,
        limit: Duration,
        purpose: Use,
        script: &Script,
        keys: &[String],
        arguments: &[Vec<u8>],
    ) -> Result<T, Failure> {
        self.ask(limit, purpose, Question::Script { script, keys, arguments }).await
    }

    /// The messages of these channels, over a connection of their own.
    pub(in crate::redis) fn subscribe(&self, channels: Vec<String>) -> Subscription {
        Subscription::new(self.0.shared.settings.clone(), channels)
    }

    /// Has the server count the processes that do so, from the next look at it on: about once a second.
    pub(in crate::redis) fn count_processes(&self) {
        self.0.shared.processes.want();
    }

    /// How many processes have had the server count them in the last seconds; while it is down, how many they were.
    /// `None` until that is known.
    pub(in crate::redis) fn processes(&self) -> Option<NonZeroU32> {
        self.0.shared.processes.count()
    }

    async fn ask<T: FromRedisValue>(
        &self,
        limit: Duration,
        purpose: Use,
        question: Question<'_>,
    ) -> Result<T, Failure> {
        if !self.ensure_supervised() {
            return Err(Failure::Skipped);
        }
        let answer: Value = self.0.shared.call(limit, purpose, question).await?;
        T::from_redis_value(answer).map_err(|error| Failure::Failed(error.into()))
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.0.shared.settings
    }

    /// Starts the supervisor unless there is one. Not so where no runtime is: no call can be made there, whoever supervises.
    pub(super) fn ensure_supervised(&self) -> bool {
        let shared = &self.0.shared;
        let Ok(runtime) = Handle::try_current() else { return false };
        if shared.is_supervised.load(Ordering::Acquire) {
            return true;
        }
        // Nothing else tells whether a runtime has timers.
        if catch_unwind(|| drop(sleep(Duration::ZERO))).is_err() {
            return false;
        }
        let mut supervisor = self.0.supervisor.lock().unwrap_or_else(PoisonError::into_inner);
        if !shared.is_supervised.swap(true, Ordering::AcqRel) {
            let task = runtime.spawn(supervise(Supervised(shared.clone())));
            *supervisor = Some(task.abort_handle());
        }
        true
    }

    /// As another process would.
    #[cfg(test)]
    pub(super) fn for_process(self, process: &str) -> Self {
        let mut shared = Shared::new(self.0.shared.settings.clone());
        shared.processes =
            super::processes::Processes::of_process(&shared.settings.prefix, process);
        Self(Arc::new(Handles { shared: Arc::new(shared), supervisor: Mutex::default() }))
    }

    #[cfg(test)]
    pub(super) fn downgrade(&self) -> std::sync::Weak<Shared> {
        Arc::downgrade(&self.0.shared)
    }

    fn with(self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.0.shared.settings.clone();
        change(&mut settings);
        Self::of(settings)
    }

    fn of(settings: Settings) -> Self {
        let shared = Arc::new(Shared::new(settings));
        Self(Arc::new(Handles { shared, supervisor: Mutex::default() }))
    }
}

impl Drop for Handles {
    fn drop(&mut self) {
        let supervisor = self.supervisor.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(supervisor) = supervisor.take() {
            supervisor.abort();
        }
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { name, prefix, timeout, .. } = &self.0.shared.settings;
        f.debug_struct("Redis")
            .field("name", name)
            .field("prefix", prefix)
            .field("timeout", timeout)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
