//! The public types are as shareable as their users need them: `Clone + Send + Sync` whenever the inner service is.

use http::{Request, Response};
use tower_weir::{
    batch::{
        self, BatchError, BatchFailure, BatchLayer, BatchStats, Batcher, Cause, HttpBatchLayer,
        HttpBatched, Linger, Load, LoadMany,
    },
    body::{GuardedBody, ResponseBody},
    cache::{self, Cache, CacheBody, CacheLayer, Fingerprint, FingerprintBuilder, MemoryStore},
    circuit_breaker::{self, Breaker, CircuitBreaker, CircuitBreakerLayer},
    clock::{Clock, ManualClock, Timestamp},
    coalesce::{
        self, BodyKeyed, BodyKeyedLayer, Coalesce, CoalesceBody, CoalesceLayer, CoalesceStats,
    },
    concurrency::{
        self, Acquire, Bounds, ConcurrencyLimit, ConcurrencyLimitLayer, Deadline, Drain, Fixed,
        Held, HoldUntil, Limit, Permit, Priorities, Priority, Refusal, Sample,
    },
    error::ConfigError,
    key::{Extension, Forwarded, Global, Header, Key, KeySeed, MissingKey, PeerIp},
    profile::{
        self, Counted, Operation, Profile, ProfileLayer, ProfilePage, Profiled, Recorded,
        Recording, ReportRoute, RouteReporter, Snapshot, Timer,
    },
    rate_limit::{
        Adaptive, Aimd, FollowUp, Handle, LimitHandle, Limiter, Policy, PolicyHandle, Queue,
        QueuedFuture, QueuedRateLimit, QueuedRateLimitLayer, Quota, RateLimit, RateLimitLayer,
        ResponseFuture, Restored, Rule, Served, SnapshotError, Table, TableStats, Window,
    },
    reject::Rejection,
    route::{RouteLabels, RouteTable},
    verdict::Verdict,
};

fn shareable<T: Clone + Send + Sync + Unpin + 'static>() {}
fn sendable<T: Send + 'static>() {}
fn unpin<T: Unpin>() {}
fn shared<T: Sync>() {}

#[derive(Clone)]
struct Inner;

impl<R> tower::Service<R> for Inner {
    type Response = ();
    type Error = ();
    type Future = std::future::Ready<Result<(), ()>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), ()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: R) -> Self::Future {
        std::future::ready(Ok(()))
    }
}

#[test]
fn services_are_what_their_inner_service_is() {
    // Whatever the items are: they are only ever sent.
    type Cell = std::cell::Cell<u8>;
    shareable::<(Batcher<Cell, Cell, Cell>, HttpBatched<Cell, Cell>, batch::Handle)>();
    sendable::<(Load<Cell, Cell, Cell>, LoadMany<Cell, Cell, Cell>, batch::Drain)>();
    unpin::<(Load<Cell, Cell, Cell>, LoadMany<Cell, Cell, Cell>, batch::Drain)>();
    sendable::<batch::ResponseFuture<Cell, Cell, Cell>>();
    shareable::<RateLimit<Inner>>();
    sendable::<RateLimit<std::cell::Cell<u8>>>();
    sendable::<ResponseFuture<std::future::Ready<u8>>>();
    unpin::<ResponseFuture<std::future::Ready<u8>>>();
    shareable::<QueuedRateLimit<Inner>>();
    sendable::<QueuedRateLimit<std::cell::Cell<u8>>>();
    sendable::<QueuedFuture<Inner, std::future::Ready<u8>, std::cell::Cell<u8>>>();
    unpin::<QueuedFuture<Inner, std::future::Ready<u8>, std::cell::Cell<u8>>>();
    sendable::<ResponseBody<std::cell::Cell<u8>, FollowUp>>();
    shareable::<Cache<Inner>>();
    sendable::<Cache<std::cell::Cell<u8>>>();
    sendable::<cache::ResponseFuture<std::future::Ready<u8>, std::cell::Cell<u8>, u8>>();
    unpin::<cache::ResponseFuture<std::future::Ready<u8>, u8, u8>>();
    sendable::<CacheBody<std::cell::Cell<u8>>>();
    unpin::<CacheBody<u8>>();
    shareable::<CircuitBreaker<Inner>>();
    sendable::<CircuitBreaker<std::cell::Cell<u8>>>();
    sendable::<circuit_breaker::ResponseFuture<std::future::Ready<u8>>>();
    unpin::<circuit_breaker::ResponseFuture<std::future::Ready<u8>>>();
    sendable::<ResponseBody<std::cell::Cell<u8>, circuit_breaker::Call>>();
    shareable::<Coalesce<Inner>>();
    sendable::<Coalesce<std::cell::Cell<u8>>>();
    sendable::<coalesce::ResponseFuture<std::future::Ready<u8>, std::cell::Cell<u8>, u8>>();
    unpin::<coalesce::ResponseFuture<std::future::Ready<u8>, u8, u8>>();
    sendable::<CoalesceBody<std::cell::Cell<u8>>>();
    unpin::<CoalesceBody<u8>>();
    shareable::<(BodyKeyed<Inner, String>, BodyKeyedLayer<CacheLayer, String>)>();
    sendable::<BodyKeyed<std::cell::Cell<u8>, String>>();
    shareable::<ConcurrencyLimit<Inner>>();
    sendable::<ConcurrencyLimit<std::cell::Cell<u8>>>();
    sendable::<concurrency::ResponseFuture<Inner, std::future::Ready<u8>, std::cell::Cell<u8>>>();
    unpin::<concurrency::ResponseFuture<Inner, std::future::Ready<u8>, std::cell::Cell<u8>>>();
    sendable::<ResponseBody<std::cell::Cell<u8>, Held>>();
    shareable::<(Profiled<Inner>, Profiled<Inner, Counted>, ReportRoute<Inner>)>();
    sendable::<Profiled<std::cell::Cell<u8>>>();
    sendable::<profile::ResponseFuture<std::future::Ready<u8>>>();
    unpin::<profile::ResponseFuture<std::future::Ready<u8>>>();
    sendable::<GuardedBody<std::cell::Cell<u8>, Recording>>();
    sendable::<Recorded<std::future::Ready<u8>, fn(&u8) -> bool>>();
    // A body that is not `Sync` stays as sendable as it is.
    sendable::<Response<ResponseBody<std::cell::Cell<u8>>>>();
    sendable::<ResponseBody<std::cell::Cell<u8>, Box<dyn Send>>>();
}

#[test]
fn layers_and_values_are_shareable() {
    shareable::<(BatchLayer<std::cell::Cell<u8>>, HttpBatchLayer, batch::RequestTrailers)>();
    shareable::<BatchLayer<u8, batch::PartitionBy<u8, u8>, batch::MergeDuplicates>>();
    shareable::<HttpBatchLayer<batch::Unpartitioned, batch::KeepDuplicates, batch::LogErrors>>();
    shareable::<batch::AnswerErrors<std::cell::Cell<u8>, std::cell::Cell<u8>>>();
    shareable::<(batch::Batch<u8, u8>, BatchStats, batch::Forming, batch::Refusal)>();
    shareable::<(batch::Adaptive, batch::Fixed, BatchError<u8>, BatchFailure)>();
    sendable::<(Cause, Box<dyn Linger>)>();
    shared::<Cause>();
    shareable::<RateLimitLayer>();
    shareable::<QueuedRateLimitLayer>();
    shareable::<(CacheLayer, cache::Handle, MemoryStore, cache::Query, FingerprintBuilder)>();
    shareable::<(Fingerprint, cache::Tags, cache::Pattern, cache::Stats, cache::Usage)>();
    shareable::<(cache::rules::Rules, cache::rules::Freshness, cache::rules::Selection)>();
    shareable::<(CoalesceLayer, coalesce::Handle, CoalesceStats)>();
    sendable::<(cache::Resource, cache::Entry, cache::Shared, cache::StoreError)>();
    shared::<(cache::Resource, cache::Entry, cache::Shared)>();
    shareable::<(CircuitBreakerLayer, Breaker, RouteTable<Breaker>)>();
    shareable::<(circuit_breaker::Handle, circuit_breaker::BreakerHandle)>();
    shareable::<(circuit_breaker::CircuitHandle, circuit_breaker::StateChange<'static>)>();
    shareable::<(circuit_breaker::Counts, circuit_breaker::State, circuit_breaker::Window)>();
    shareable::<(ProfileLayer, ProfileLayer<Counted>, RouteReporter)>();
    shareable::<(Profile, ProfilePage, Operation, Snapshot)>();
    sendable::<Timer>();
    shareable::<(Handle, LimitHandle, PolicyHandle)>();
    shareable::<(ConcurrencyLimitLayer, concurrency::Handle, concurrency::Limiter)>();
    shareable::<(concurrency::Queue, Priorities, Priority, Deadline, HoldUntil)>();
    shareable::<(Bounds, Fixed, Sample, Refusal, Verdict)>();
    shareable::<RouteTable<concurrency::Limiter>>();
    sendable::<(Permit, Held, Acquire, Drain, Box<dyn Limit>)>();
    unpin::<(Permit, Held, Acquire, Drain)>();
    shared::<(Permit, Drain)>();
    shareable::<(Queue, Aimd, Window, Restored)>();
    shareable::<Served<'static>>();
    sendable::<Adaptive>();
    sendable::<FollowUp>();
    sendable::<SnapshotError>();
    shareable::<Rule>();
    shareable::<Policy>();
    shareable::<Quota>();
    shareable::<Limiter>();
    shareable::<Table>();
    shareable::<TableStats>();
    shareable::<RouteTable<Rule>>();
    shareable::<RouteLabels>();
    shareable::<Clock>();
    shareable::<ManualClock>();
    shareable::<Timestamp>();
    shareable::<ConfigError>();
    shareable::<MissingKey>();
    shareable::<Rejection>();
    shareable::<(Global, PeerIp, Header, Forwarded, Extension<std::cell::Cell<u8>>)>();
    shareable::<(Key, KeySeed)>();
}

/// No bound that a caller would have to repeat: the structs exist for any inner type.
#[test]
fn structs_are_unbounded() {
    struct NotAService;
    let layer = RateLimitLayer::new(Quota::per_second(1));
    let service: RateLimit<NotAService> = tower::Layer::layer(&layer, NotAService);
    let _: NotAService = service.into_inner();
    let caching = CacheLayer::new(MemoryStore::with_max_bytes(0));
    let service: Cache<NotAService> = tower::Layer::layer(&caching, NotAService);
    let _: NotAService = service.into_inner();
    let breaking = CircuitBreakerLayer::default();
    let service: CircuitBreaker<NotAService> = tower::Layer::layer(&breaking, NotAService);
    let _: NotAService = service.into_inner();
    let queued = layer.queue(Queue::new(std::time::Duration::from_secs(1), 1));
    let service: QueuedRateLimit<NotAService> = tower::Layer::layer(&queued, NotAService);
    let _: NotAService = service.into_inner();
    let service: Profiled<NotAService> = tower::Layer::layer(&ProfileLayer::default(), NotAService);
    let _: NotAService = service.into_inner();
    let _: ReportRoute<NotAService> = tower::Layer::layer(&RouteReporter, NotAService);
    let limit = ConcurrencyLimitLayer::new(Fixed::new(1));
    let service: ConcurrencyLimit<NotAService> = tower::Layer::layer(&limit, NotAService);
    let _: NotAService = service.into_inner();
    let _: ResponseBody<Request<NotAService>, NotAService> = ResponseBody::default();
}

#[cfg(feature = "config")]
#[test]
fn a_weir_goes_where_its_services_go() {
    use tower_weir::{
        Weir,
        stack::{
            self, Builder, Checked, ConfigErrors, ConfigWarnings, Overview, Reloaded, WeirBody,
            WeirLayer, WeirService,
        },
    };
    shareable::<(Weir, WeirLayer, stack::Handle, WeirService<Inner>)>();
    sendable::<WeirService<std::cell::Cell<u8>>>();
    sendable::<stack::ResponseFuture<std::future::Ready<u8>>>();
    unpin::<stack::ResponseFuture<std::future::Ready<u8>>>();
    sendable::<WeirBody<std::cell::Cell<u8>>>();
    unpin::<WeirBody<u8>>();
    sendable::<Builder>();
    shareable::<(ConfigErrors, ConfigWarnings, Overview, Reloaded)>();
    sendable::<Checked>();

    struct NotAService;
    let weir = Weir::builder().environment([("", ""); 0]).build().unwrap();
    let service: WeirService<NotAService> = tower::Layer::layer(&weir.layer(), NotAService);
    let _: NotAService = service.into_inner();
}

#[cfg(feature = "redis")]
#[test]
fn what_is_shared_over_redis_goes_where_its_services_go() {
    use tower_weir::{
        rate_limit::{
            Fallback, Share, SharedFuture, SharedRateLimit, SharedRateLimitLayer, shared,
        },
        redis::{Redis, RedisStore},
    };
    shareable::<SharedRateLimit<Inner>>();
    sendable::<SharedRateLimit<std::cell::Cell<u8>>>();
    sendable::<SharedFuture<Inner, std::future::Ready<u8>, std::cell::Cell<u8>>>();
    unpin::<SharedFuture<Inner, std::future::Ready<u8>, std::cell::Cell<u8>>>();
    shareable::<(SharedRateLimitLayer, RedisStore, Redis, Fallback, Share)>();
    shareable::<(shared::Ask, shared::Terms, shared::Action, shared::Outcome, shared::Standing)>();
    sendable::<(shared::Asking, shared::SharedStoreError, Box<dyn shared::SharedStore>)>();
}
