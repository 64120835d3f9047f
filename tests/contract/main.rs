//! What every layer of this crate must do, whatever else it does. A new layer joins with one `contract!` line.

mod as_get;
mod batched;
mod bodies;
mod calls;
mod drops;
mod probe;
#[cfg(feature = "redis")]
#[path = "../support/shared_store.rs"]
#[allow(dead_code)]
mod shared_store;
mod state;

use std::time::Duration;

use as_get::AsGet;
use batched::Batched;
#[cfg(feature = "redis")]
use shared_store::{MemoryStore as SharedMemory, Mood};
use tower_weir::{
    cache::{CacheLayer, MemoryStore, rules::Grace},
    circuit_breaker::{Breaker, CircuitBreakerLayer, Window},
    coalesce::CoalesceLayer,
    concurrency::{Bounds, ConcurrencyLimitLayer, Fixed, HoldUntil, Limit, Priorities, Sample},
    head::Head,
    key::Global,
    profile::{Profile, ProfileLayer},
    rate_limit::{Adaptive, Queue, Quota, RateLimitLayer},
    verdict::Verdict,
};

/// Takes samples, and stays where it is.
#[derive(Clone)]
struct Learns(usize);

impl Limit for Learns {
    fn limit(&self) -> usize {
        self.0
    }

    fn on_sample(&mut self, sample: &Sample) -> usize {
        assert!(sample.in_flight >= 1 && sample.in_flight <= Bounds::MAX);
        self.0
    }
}

/// Takes every answer for a failure, and opens after two, for longer than any test takes.
fn failing() -> CircuitBreakerLayer {
    let breaker = Breaker::new().window(Window::by_count(2, 2).unwrap());
    let breaker = breaker.open_for(Duration::from_secs(600), Duration::from_secs(600)).unwrap();
    CircuitBreakerLayer::new(breaker).classify(|_| Verdict::Failure)
}

/// Would open if all of a hundred thousand calls failed.
fn patient() -> CircuitBreakerLayer {
    let window = Window::by_count(100_000, 100_000).unwrap();
    CircuitBreakerLayer::new(Breaker::new().window(window).failure_share(1.0).unwrap())
}

#[cfg(feature = "redis")]
fn silenced() -> SharedMemory {
    let store = SharedMemory::new().0;
    store.set(Mood::Fails);
    store
}

const SHORT: Queue = Queue::new(Duration::from_millis(1), 10);

/// Runs the whole suite on a layer.
///
/// `open` makes one that lets everything through that the suite sends; `tight` one that lets two requests through and then
/// rejects, where it rejects at all. Each call must make a layer with state of its own. `only` names the tests for a layer to
/// which the others do not apply.
macro_rules! contract {
    ($name:ident, open: $open:expr $(, tight: $tight:expr)? $(,)?) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            contract!(@tests $open =>
                calls::readiness_is_forwarded,
                calls::an_error_of_readiness_passes_through,
                calls::the_readied_service_is_the_one_called,
                calls::an_inner_error_passes_through_unchanged,
                calls::the_request_arrives_whole,
                calls::the_response_arrives_whole,
                calls::wakers_are_not_lost,
                calls::works_through_oneshot_and_buffering,
                bodies::size_hint_data_and_trailers_survive,
                bodies::a_body_error_survives,
                bodies::an_empty_body_is_at_its_end,
                drops::dropped_before_the_first_poll,
                drops::dropped_while_pending,
                drops::dropped_with_the_response,
                drops::dropped_in_the_body,
                drops::dropped_after_the_last_frame,
                drops::a_panic_in_call_releases_everything,
                drops::a_panic_in_the_future_releases_everything,
            );
            $(contract!(@tests $tight =>
                state::services_of_one_layer_share_it,
                state::clones_of_a_layer_share_it,
                state::clones_of_a_service_share_it,
                state::a_rejection_is_a_response,
                state::a_rejection_speaks_grpc,
                state::a_readied_service_that_is_never_called_blocks_nobody,
            );)?
        }
    };
    ($name:ident, open: $open:expr, only: [$($tests:tt)+] $(,)?) => {
        mod $name {
            use super::*;

            contract!(@tests $open => $($tests)+);
        }
    };
    (@tests $make:expr => $($module:ident :: $test:ident),+ $(,)?) => {$(
        #[test]
        fn $test() {
            $crate::$module::$test($make);
        }
    )+};
}

contract!(rate_limit,
    open: || RateLimitLayer::new(Quota::per_second(1_000_000)),
    tight: || RateLimitLayer::new(Quota::per_day(2)),
);

contract!(rate_limit_of_several_policies,
    open: || RateLimitLayer::new(Quota::per_second(1_000_000)).and(Quota::per_day(1_000_000)),
    tight: || RateLimitLayer::new(Quota::per_second(100)).and(Quota::per_day(2)),
);

contract!(rate_limit_charging_on_the_head,
    open: || RateLimitLayer::new(Quota::per_second(1_000_000)).charge_on(|_| 1),
    tight: || RateLimitLayer::new(Quota::per_day(2)).charge_on(|_| 1),
);

contract!(rate_limit_charging_at_the_end,
    open: || RateLimitLayer::new(Quota::per_second(1_000_000)).charge_at_end(|_| 1),
    tight: || RateLimitLayer::new(Quota::per_day(2)).charge_at_end(|_| 1),
);

contract!(rate_limit_that_adapts,
    open: || RateLimitLayer::new(Quota::per_second(1_000_000)).adaptive(Adaptive::default()),
    tight: || RateLimitLayer::new(Quota::per_day(2)).adaptive(Adaptive::default()),
);

// A dry run rejects nothing; made real again, it is as tight as any.
contract!(rate_limit_in_a_dry_run,
    open: || RateLimitLayer::new(Quota::per_day(1)).charge_at_end(|_| 1).shadow(true),
    tight: || RateLimitLayer::new(Quota::per_day(2)).shadow(true).shadow(false),
);

// Whoever comes third would have to wait for half a day, so it is rejected at once.
contract!(queued_rate_limit,
    open: || RateLimitLayer::new(Quota::per_second(1_000_000)).queue(SHORT),
    tight: || RateLimitLayer::new(Quota::per_day(2)).queue(SHORT),
);

contract!(queued_rate_limit_charging_at_the_end,
    open: || RateLimitLayer::new(Quota::per_second(1_000_000)).charge_at_end(|_| 1).queue(SHORT),
    tight: || RateLimitLayer::new(Quota::per_day(2)).charge_at_end(|_| 1).queue(SHORT),
);

#[cfg(feature = "redis")]
contract!(shared_rate_limit,
    open: || RateLimitLayer::new(Quota::per_second(1_000_000)).shared(SharedMemory::new().0),
    tight: || RateLimitLayer::new(Quota::per_day(2)).shared(SharedMemory::new().0),
);

#[cfg(feature = "redis")]
contract!(shared_rate_limit_charging_at_the_end,
    open: || RateLimitLayer::new(Quota::per_second(1_000_000)).charge_at_end(|_| 1).shared(SharedMemory::new().0),
    tight: || RateLimitLayer::new(Quota::per_day(2)).charge_at_end(|_| 1).shared(SharedMemory::new().0),
);

// With nobody to answer, the third is one too many for this process alone.
#[cfg(feature = "redis")]
contract!(shared_rate_limit_without_its_store,
    open: || RateLimitLayer::new(Quota::per_second(1_000_000)).shared(silenced()),
    tight: || RateLimitLayer::new(Quota::per_day(2)).shared(silenced()),
);

// The suite sends a PATCH, which passes the cache by.
contract!(cache, open: || CacheLayer::new(MemoryStore::with_max_bytes(1 << 20)));

// To this one everything is a GET whose answer could be stored, if there were a runtime to receive its body in.
contract!(cache_of_everything, open: || {
    let layer = CacheLayer::new(MemoryStore::with_max_bytes(1 << 20));
    AsGet(layer.default_ttl(Duration::from_secs(60)).grace(Grace::both(Duration::from_secs(60))))
});

contract!(circuit_breaker, open: patient, tight: failing);

contract!(circuit_breaker_by_key,
    open: || patient().key(|head: &Head<'_>| head.uri.host().map(str::to_owned)),
    tight: || failing().key(|head: &Head<'_>| head.uri.host().map(str::to_owned)),
);

// Open, it rejects nobody in a dry run; made real again, it is as tight as any.
contract!(circuit_breaker_in_a_dry_run,
    open: || {
        let layer = failing().shadow(true);
        layer.handle().breaker("default").unwrap().force_open();
        layer
    },
    tight: || failing().shadow(true).shadow(false),
);

// The suite sends a PATCH, which passes.
contract!(coalesce, open: CoalesceLayer::new);

// To this one everything is a GET that could be shared, if there were a runtime to receive its body in.
contract!(coalesce_of_everything, open: || AsGet(CoalesceLayer::new()));

contract!(profile, open: || ProfileLayer::new(Profile::new()));

contract!(profile_with_server_timing,
    open: || ProfileLayer::new(Profile::new()).server_timing(true),
);

contract!(concurrency_limit,
    open: || ConcurrencyLimitLayer::new(Fixed::new(1_000)),
    tight: || ConcurrencyLimitLayer::new(Fixed::new(2)).reject_when_full(),
);

contract!(concurrency_limit_of_classes,
    open: || ConcurrencyLimitLayer::new(Fixed::new(1_000)).priorities(Priorities::default()),
    tight: || {
        let one = Priorities::new([("all", 1.0)]);
        ConcurrencyLimitLayer::new(Fixed::new(2)).priorities(one).reject_when_full()
    },
);

contract!(concurrency_limit_for_each_key,
    open: || ConcurrencyLimitLayer::new(Fixed::new(1_000)).key(Global),
    tight: || ConcurrencyLimitLayer::new(Fixed::new(2)).reject_when_full().key(Global),
);

contract!(concurrency_limit_that_learns,
    open: || ConcurrencyLimitLayer::new(Learns(1_000)),
    tight: || ConcurrencyLimitLayer::new(Learns(2)).reject_when_full(),
);

contract!(concurrency_limit_to_the_headers,
    open: || ConcurrencyLimitLayer::new(Learns(1_000)).hold_until(HoldUntil::Headers),
);

// A dry run refuses nothing; made real again, it is as tight as any.
contract!(concurrency_limit_in_a_dry_run,
    open: || ConcurrencyLimitLayer::new(Fixed::new(1)).shadow(true),
    tight: || ConcurrencyLimitLayer::new(Fixed::new(2)).reject_when_full().shadow(true).shadow(false),
);

contract!(batch_http,
    open: Batched::new,
    only: [
        calls::the_readied_service_is_the_one_called,
        calls::the_request_arrives_whole,
        calls::the_response_arrives_whole,
        calls::works_through_oneshot_and_buffering,
        bodies::size_hint_data_and_trailers_survive,
        bodies::a_body_error_survives,
        bodies::an_empty_body_is_at_its_end,
        drops::dropped_before_the_first_poll,
        drops::dropped_with_the_response,
        drops::dropped_in_the_body,
        drops::dropped_after_the_last_frame,
    ],
);

#[cfg(feature = "config")]
fn weir(text: &str) -> tower_weir::stack::WeirLayer {
    let builder = tower_weir::Weir::builder().environment([("", ""); 0]).profile(Profile::new());
    builder.text(text).build().unwrap_or_else(|errors| panic!("{errors}")).layer()
}

#[cfg(feature = "config")]
const ALL: &str = "\
profile = { server_timing = true }
rate_limit = { policies = ['1000000/second'] }
cache = { ttl = '1h' }
coalesce = true
concurrency = { limit = 1000 }
circuit_breaker = { window = 100000, minimum = 100000, failure_share = 1.0 }
";

#[cfg(feature = "config")]
contract!(weir_of_nothing, open: || weir(""));

#[cfg(feature = "config")]
contract!(weir_of_everything,
    open: || weir(&format!("[defaults]\n{ALL}")),
    tight: || weir(&format!("[defaults]\n{ALL}rate_limit.policies = ['2/day']").replacen(
        "rate_limit = { policies = ['1000000/second'] }\n", "", 1)),
);

#[cfg(feature = "config")]
contract!(weir_with_a_queue_and_a_limit_by_key,
    open: || weir(&format!(
        "[[route]]\npath = '/{{*all}}'\n{ALL}rate_limit.max_wait = '1ms'\nconcurrency.key = 'peer_ip'"
    ).replace("rate_limit = { policies = ['1000000/second'] }", "rate_limit.policies = ['1000000/second']")
     .replace("concurrency = { limit = 1000 }", "concurrency.limit = 1000")),
    tight: || weir("defaults.concurrency = { limit = 2, max_queue = 0 }"),
);
