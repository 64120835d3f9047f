use std::{borrow::Cow, fmt, hash::Hash, sync::Arc};

use tower_layer::Layer;
use tower_service::Service;

use super::{
    Answers, Batcher, Duplicates, KeepDuplicates, Linger, MergeDuplicates, Partition, PartitionBy,
    Unpartitioned,
    calls::Calls,
    engine::Engine,
    settings::{Settings, Weight},
};
use crate::{
    clock::{Clock, Timestamp},
    error::{BoxError, ConfigError},
    key::KeySeed,
};

/// Turns a service of batches into one of single items: `Service<Vec<Req>, Response = Vec<Result<Res, E>>>` into
/// `Service<Req, Response = Res>`.
///
/// ```
/// use std::convert::Infallible;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
/// use tower_weir::batch::BatchLayer;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let squares = ServiceBuilder::new().layer(BatchLayer::new().max_size(100)).service(service_fn(
///     // One call for up to a hundred numbers, with an answer for each.
///     async |numbers: Vec<u64>| Ok::<_, Infallible>(numbers.into_iter().map(|n| Ok::<_, Infallible>(n * n)).collect::<Vec<_>>()),
/// ));
/// assert_eq!(squares.oneshot(7).await.unwrap(), 49);
/// # }
/// ```
///
/// See the [module](super) for what it does. The service that it makes is a [`Batcher`], whose clones share one queue. Two
/// services that one layer was given have a queue each, as an item is for the service that it was sent to: in axum make the
/// `Batcher` once, and give its clones to the routes.
///
/// The service inside must be `Clone`: each call has one of its own.
pub struct BatchLayer<Req, P = Unpartitioned, D = KeepDuplicates> {
    pub(super) settings: Settings<Req>,
    pub(super) partition: P,
    pub(super) duplicates: D,
}

impl<Req> BatchLayer<Req> {
    /// Batches of up to 64 items, two under way at a time, which wait for more as long as that [pays](super::Adaptive).
    pub fn new() -> Self {
        Self { settings: Settings::default(), partition: Unpartitioned, duplicates: KeepDuplicates }
    }
}

impl<Req> Default for BatchLayer<Req> {
    fn default() -> Self {
        Self::new()
    }
}

impl<Req, P, D> BatchLayer<Req, P, D> {
    fn with(mut self, change: impl FnOnce(&mut Settings<Req>)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Names the batches, for metrics and errors; `batch` otherwise.
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.with(|settings| settings.name = name.into())
    }

    /// Puts no more than so many items into a batch; 64 by default.
    ///
    /// # Panics
    ///
    /// If it is zero; see [`try_max_size`](Self::try_max_size).
    pub fn max_size(self, items: usize) -> Self {
        self.try_max_size(items).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`max_size`](Self::max_size), for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// If it is zero.
    pub fn try_max_size(self, items: usize) -> Result<Self, ConfigError> {
        let items = at_least_one("batch size", items)?;
        Ok(self.with(|settings| settings.max_size = items))
    }

    /// Makes no more than so many calls at a time; 2 by default. What comes meanwhile waits for one of them to end.
    ///
    /// # Panics
    ///
    /// If it is zero; see [`try_max_in_flight`](Self::try_max_in_flight).
    pub fn max_in_flight(self, batches: usize) -> Self {
        self.try_max_in_flight(batches).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`max_in_flight`](Self::max_in_flight), for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// If it is zero.
    pub fn try_max_in_flight(self, batches: usize) -> Result<Self, ConfigError> {
        let batches = at_least_one("batches in flight", batches)?;
        Ok(self.with(|settings| settings.max_in_flight = batches))
    }

    /// Lets no more than so many items wait for their batch to be sent; 16 times the [size](Self::max_size) by default. Others
    /// are refused. No batch waits for more items than that.
    ///
    /// # Panics
    ///
    /// If it is zero; see [`try_max_waiting`](Self::try_max_waiting).
    pub fn max_waiting(self, items: usize) -> Self {
        self.try_max_waiting(items).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`max_waiting`](Self::max_waiting), for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// If it is zero.
    pub fn try_max_waiting(self, items: usize) -> Result<Self, ConfigError> {
        let items = at_least_one("waiting items", items)?;
        Ok(self.with(|settings| settings.max_waiting = Some(items)))
    }

    /// Says how long a batch waits for more items: [`Adaptive`](super::Adaptive) by default, [`Fixed`](super::Fixed), or a
    /// [`Linger`] of your own.
    pub fn linger(self, linger: impl Linger + Clone + Sync) -> Self {
        self.with(|settings| settings.linger = Arc::new(move || Box::new(linger.clone())))
    }

    /// Lets a batch weigh no more than `max`, where an item weighs `weight`: bytes, tokens, rows.
    ///
    /// An item that weighs more than `max` by itself is refused.
    ///
    /// ```
    /// use tower_weir::batch::BatchLayer;
    ///
    /// let layer = BatchLayer::new().max_weight(1 << 20, |text: &String| text.len() as u64);
    /// ```
    ///
    /// # Panics
    ///
    /// If `max` is zero.
    pub fn max_weight(
        self,
        max: u64,
        weight: impl Fn(&Req) -> u64 + Send + Sync + 'static,
    ) -> Self {
        assert!(max > 0, "a batch must be allowed to weigh something");
        self.with(|settings| settings.weight = Some(Weight { max, of: Arc::new(weight) }))
    }

    /// Puts only items with the same key into one batch, such as those of one tenant. The service gets a
    /// [`Batch`](super::Batch), which tells the key.
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use tower::{Layer, service_fn};
    /// use tower_weir::batch::{Batch, BatchLayer};
    ///
    /// struct Query {
    ///     tenant: u32,
    ///     id: u64,
    /// }
    ///
    /// let users = BatchLayer::new().partition_by(|query: &Query| query.tenant).layer(service_fn(
    ///     async |batch: Batch<u32, Query>| {
    ///         let user = |query: &Query| Ok::<_, Infallible>(format!("user {} of {}", query.id, batch.key));
    ///         Ok::<_, Infallible>(batch.items.iter().map(user).collect::<Vec<_>>())
    ///     },
    /// ));
    /// ```
    pub fn partition_by<K>(
        self,
        key: impl Fn(&Req) -> K + Send + Sync + 'static,
    ) -> BatchLayer<Req, PartitionBy<Req, K>, D> {
        let Self { settings, duplicates, .. } = self;
        BatchLayer { settings, partition: PartitionBy::new(key), duplicates }
    }

    /// Lets no more than so many partitions have waiting items; 1,024 by default. Items of others are refused.
    ///
    /// # Panics
    ///
    /// If it is zero; see [`try_max_partitions`](Self::try_max_partitions).
    pub fn max_partitions(self, partitions: usize) -> Self {
        self.try_max_partitions(partitions).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`max_partitions`](Self::max_partitions), for a value that is not known to be right.
    ///
    /// # Errors
    ///
    /// If it is zero.
    pub fn try_max_partitions(self, partitions: usize) -> Result<Self, ConfigError> {
        let partitions = at_least_one("partitions", partitions)?;
        Ok(self.with(|settings| settings.max_partitions = partitions))
    }

    /// Sends one of those items of a batch that have the same `same`, and gives clones of its answer to all of them.
    ///
    /// ```
    /// use tower_weir::batch::BatchLayer;
    ///
    /// let layer = BatchLayer::new().dedup_by(|id: &u64| *id);
    /// ```
    ///
    /// They are told apart by 128 bits of a hash under a secret: that two different ones are taken for the same has a
    /// probability of 2⁻¹²⁸, and nobody can bring it about.
    pub fn dedup_by<T: Hash>(
        self,
        same: impl Fn(&Req) -> T + Send + Sync + 'static,
    ) -> BatchLayer<Req, P, MergeDuplicates> {
        let same = move |item: &Req, seed: &KeySeed| seed.wide(&same(item));
        let Self { mut settings, partition, .. } = self;
        settings.same = Some(Arc::new(same));
        BatchLayer { settings, partition, duplicates: MergeDuplicates }
    }

    /// Says until when an item is worth answering, if it says so; it is shown the item and the time of its arrival, by the
    /// [clock](Self::clock) of the layer.
    ///
    /// A batch does not wait for more items so long that the call would [presumably](Linger::takes) end after the deadline of
    /// one that it has.
    pub fn deadline_by(
        self,
        deadline: impl Fn(&Req, Timestamp) -> Option<Timestamp> + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| settings.deadline = Some(Arc::new(deadline)))
    }

    /// Reads time from `clock`; the system's otherwise. It must go as fast as tokio's timers do.
    pub fn clock(self, clock: Clock) -> Self {
        self.with(|settings| settings.clock = clock)
    }

    /// Batches calls of a function instead of a service.
    ///
    /// ```
    /// use std::{collections::HashMap, convert::Infallible};
    /// use tower_weir::batch::{BatchLayer, Batcher};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let names: Batcher<u64, String> = BatchLayer::new().max_size(500).batcher(async |ids: Vec<u64>| {
    ///     // SELECT id, name FROM users WHERE id IN (…)
    ///     ids.into_iter().map(|id| Ok(format!("user {id}"))).collect::<Vec<_>>()
    /// });
    /// assert_eq!(names.load(7).await.unwrap(), "user 7");
    /// # }
    /// ```
    ///
    /// It returns the [`Answers`]: a `Vec<Result<Res, E>>` with one for each item, in their order, or a `Result` of that if the
    /// call may fail as a whole.
    pub fn batcher<F, Fut>(
        self,
        function: F,
    ) -> Batcher<Req, <Fut::Output as Answers>::Res, <Fut::Output as Answers>::Error>
    where
        F: FnOnce(P::Batch) -> Fut + Clone + Send + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: Answers,
        P: Partition<Req>,
        D: Duplicates<Result<<Fut::Output as Answers>::Res, <Fut::Output as Answers>::Error>>,
        Req: Send + 'static,
    {
        self.layer(Calls::new(function))
    }
}

fn at_least_one(field: &'static str, value: usize) -> Result<usize, ConfigError> {
    match value {
        0 => Err(ConfigError::new(field, "0", "at least 1")),
        value => Ok(value),
    }
}

impl<S, Req, P, D, Res, E> Layer<S> for BatchLayer<Req, P, D>
where
    S: Service<P::Batch, Response = Vec<Result<Res, E>>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    P: Partition<Req>,
    D: Duplicates<Result<Res, E>>,
    Req: Send + 'static,
    Res: Send + 'static,
    E: Send + 'static,
{
    type Service = Batcher<Req, Res, E>;

    fn layer(&self, inner: S) -> Batcher<Req, Res, E> {
        Batcher::over(Engine::new(
            inner,
            self.settings.clone(),
            self.partition.clone(),
            D::copier(),
        ))
    }
}

impl<Req, P: Clone, D: Copy> Clone for BatchLayer<Req, P, D> {
    fn clone(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            partition: self.partition.clone(),
            duplicates: self.duplicates,
        }
    }
}

impl<Req, P: fmt::Debug, D> fmt::Debug for BatchLayer<Req, P, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchLayer")
            .field("settings", &self.settings)
            .field("partition", &self.partition)
            .finish_non_exhaustive()
    }
}
