use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::{
    circuit_breaker::{Breaker, Window as CallWindow},
    concurrency::{Bounds, Fixed, Queue},
    rate_limit::{Adaptive as Adapting, Aimd},
    stack::{
        file::{
            Node, Problems,
            testing::{line, read, read_node, tree},
        },
        settings::{CircuitBreaker, Concurrency, Key, Limit, Query, RateLimit, Window},
    },
};

/// What is wrong with a section.
fn wrong<T>(section: &str, reader: impl FnOnce(&Node, &mut Problems) -> Option<T>) -> Vec<String> {
    read(section, reader).1.iter().map(line).collect()
}

fn good<T>(section: &str, reader: impl FnOnce(&Node, &mut Problems) -> Option<T>) -> T {
    let (section_read, problems) = read(section, reader);
    assert_eq!(problems, [], "{section}");
    section_read.unwrap()
}

const NOTHING: [&str; 0] = [];

#[test]
fn an_empty_section_is_what_its_layer_does_by_default() {
    assert_eq!(good("{}", profile), crate::stack::settings::Profile::default());
    assert_eq!(good("{}", cache), crate::stack::settings::Cache::default());
    assert_eq!(good("{}", coalesce), crate::stack::settings::Coalesce::default());
    assert_eq!(good("{}", concurrency), Concurrency::default());
    assert_eq!(good("{}", circuit_breaker), CircuitBreaker::default());
    assert_eq!(
        wrong("true", cache),
        ["`cache` is true or false, not a table @ true (expected a table)"]
    );
}

#[test]
fn a_rate_limit_needs_a_policy() {
    assert_eq!(wrong("{}", rate_limit), ["a rate limit needs a policy @ {} (no policy)"]);
    assert_eq!(
        wrong("{ policies = [] }", rate_limit),
        ["a rate limit needs a policy @ [] (no policy)"]
    );
    let limit =
        good("{ key = 'peer_ip', policies = ['100/minute; burst=50', '20/s'] }", rate_limit);
    let names: Vec<_> = limit.policies.iter().map(|policy| policy.name().to_owned()).collect();
    assert_eq!(
        (limit.key, &*names),
        (Key::PeerIp, &["minute".to_owned(), "second".to_owned()][..])
    );
    let limit = good("{ policies = { sustained = '100/minute', burst = '20/s' } }", rate_limit);
    assert_eq!(limit.policies[0].name(), "sustained");
    assert_eq!(
        wrong("{ policies = { \"für\" = '1/s' } }", rate_limit),
        ["a policy cannot be called \"für\" @ \"für\" (not a policy's name)"]
    );
}

#[test]
fn every_mistake_of_a_section_is_reported() {
    let section = "{ policies = ['5/fortnight', '0/s'], charge = 'failure', exempt = '10.0.0.0/8', \
                   max_wait = 5, retry_jitter = 11, polices = [] }";
    assert_eq!(
        wrong(section, rate_limit),
        [
            "\"5/fortnight\" is not a quota: unknown unit `fortnight` @ fortnight \
             (allowed: second, minute, hour, day, or s, m, h, d)",
            "\"0/s\" is out of range @ '0/s' (the number of requests must be at least 1)",
            "unknown word \"failure\" @ 'failure' (did you mean \"failures\"?) => \"failures\"",
            "`'10.0.0.0/8'` is not a list @ '10.0.0.0/8' (expected a list) => ['10.0.0.0/8']",
            "`11` is out of range @ 11 (out of range)",
            "`5` is not a duration @ 5 (a number without a unit) => \"5s\"",
            "unknown key `polices` @ polices (did you mean `policies`?) => policies",
        ]
    );
}

#[test]
fn what_belongs_to_waiting_and_sharing_has_no_effect_without() {
    let limit = |rest: &str| wrong(&format!("{{ policies = ['1/s'], {rest} }}"), rate_limit);
    assert_eq!(limit("max_wait = '2s', max_queue = 8"), NOTHING);
    assert_eq!(
        limit("max_queue = 8"),
        ["`max_queue` has no effect: without a `max_wait` nobody waits @ 8 (has no effect)"]
    );
    assert_eq!(
        limit("max_wait = '1s', max_queue = 0"),
        ["`0` is out of range @ 0 (expected a number of at least 1)"]
    );
    assert_eq!(
        limit("shared = false, leases = true"),
        [
            "`leases` has no effect: a limit that is not `shared` asks no Redis @ true (has no effect)"
        ]
    );
    assert_eq!(
        limit("on_missing_key = 'reject'"),
        [
            "`on_missing_key` has no effect: without a `key` all requests count together @ 'reject' (has no effect)"
        ]
    );
    let waiting = limit("max_wait = '2s', shared = true");
    assert_eq!(
        waiting[0],
        "requests cannot wait for their turn in a limit that is shared @ '2s' (this)"
    );
    let built_in = cfg!(feature = "redis");
    assert_eq!(limit("shared = true").is_empty(), built_in);
}

#[test]
fn what_is_inherited_is_no_mistake() {
    let text = "[defaults]\nlimit = 'adaptive'\nmin = 5\n[route]\nlimit = 10\n";
    let tree = tree(text);
    let mut merged = tree.get("defaults").unwrap().clone();
    let own = tree.get("route").unwrap().get("limit").unwrap();
    let crate::stack::file::Value::Table(entries) = &mut merged.value else { panic!("no table") };
    entries[0].node = own.clone();
    let (read, problems) = read_node(&merged, concurrency);
    assert_eq!(problems, []);
    assert_eq!(read.unwrap().limit, Limit::Fixed(10));
}

#[test]
fn adaptive_rates_are_switched_on_or_described() {
    let limit = |rest: &str| format!("{{ policies = ['1/s'], adaptive = {rest} }}");
    assert!(good(&limit("false"), rate_limit).adaptive.is_none());
    assert_eq!(good(&limit("true"), rate_limit), good(&limit("{}"), rate_limit));
    let section =
        limit("{ latency_target = '250ms', floor = 0.2, scheduling_delay = ['10ms', '100ms'] }");
    let adaptive = good(&section, rate_limit).adaptive.unwrap();
    assert_eq!(adaptive.latency_target, Some(Duration::from_millis(250)));
    assert_eq!(
        wrong(
            &limit("{ interval = '1ms', floor = 0, scheduling_delay = ['1s', '1s'] }"),
            rate_limit
        ),
        [
            "`'1ms'` is too short @ '1ms' (at least 10ms)",
            "`0` is out of range @ 0 (out of range)",
            "`scheduling_delay` is two delays, the lesser first @ ['1s', '1s'] (expected two delays)",
        ]
    );
}

#[test]
fn bounds_that_are_not_said_make_room() {
    let limit = |section: &str| good(section, concurrency).limit;
    assert_eq!(limit("{ limit = 64 }"), Limit::Fixed(64));
    assert_eq!(
        limit("{ limit = 'gradient2', max = 10 }"),
        Limit::Gradient2 { min: 10, initial: 10, max: 10 }
    );
    assert_eq!(
        limit("{ limit = 'vegas', min = 2000 }"),
        Limit::Vegas { min: 2_000, initial: 2_000, max: 2_000 }
    );
    assert_eq!(limit("{ limit = 'aimd' }"), Limit::Aimd { min: 1, initial: 10, max: 1_000 });
    assert_eq!(
        wrong("{ min = 9, max = 5 }", concurrency),
        ["`min` is 9, more than `max`, which is 5 @ 9 (this)"]
    );
    assert_eq!(
        wrong("{ min = 2, initial = 1 }", concurrency),
        ["`initial` is 1, less than `min`, which is 2 @ 1 (this)"]
    );
    assert_eq!(
        wrong("{ max = 5, initial = 6 }", concurrency),
        ["`initial` is 6, more than `max`, which is 5 @ 6 (this)"]
    );
    assert_eq!(
        wrong("{ limit = 10, max = 20 }", concurrency),
        ["`max` has no effect: a limit that is a number stays what it is @ 20 (has no effect)"]
    );
    assert_eq!(
        wrong("{ limit = 'adaptve' }", concurrency),
        ["unknown word \"adaptve\" @ 'adaptve' (did you mean \"adaptive\"?) => \"adaptive\""]
    );
    assert_eq!(
        wrong("{ limit = '64' }", concurrency),
        ["`'64'` is not a number @ '64' (expected a number from 1 to 1000000) => 64"]
    );
}

#[test]
fn a_queue_has_places_and_a_wait() {
    assert_eq!(good("{ max_wait = '0s' }", concurrency).max_queue, Some(0));
    assert_eq!(good("{ max_queue = 0 }", concurrency).max_queue, Some(0));
    assert_eq!(
        wrong("{ max_queue = 8, max_wait = '0s' }", concurrency),
        ["`max_queue` has no effect: nobody may wait for longer than nothing @ 8 (has no effect)"]
    );
    assert_eq!(
        wrong("{ max_queue = 0, max_wait = '1s' }", concurrency),
        ["`max_wait` has no effect: there is no place in the queue @ '1s' (has no effect)"]
    );
    assert_eq!(
        wrong("{ max_keys = 5, retry_after = '0s' }", concurrency),
        [
            "`max_keys` has no effect: without a `key` there is one limit for all requests @ 5 (has no effect)",
            "`'0s'` is too short @ '0s' (must be longer than nothing)",
        ]
    );
}

#[test]
fn a_breaker_opens_and_closes_by_what_can_be() {
    let breaker = good("{ window = 10, open_for = '2m', probes = 2 }", circuit_breaker);
    assert_eq!((breaker.window, breaker.minimum), (Window::Calls(10), 10));
    assert_eq!((breaker.open_at_most, breaker.required_probes), (Duration::from_secs(120), 2));
    assert_eq!(good("{ slow_from = '1s' }", circuit_breaker).slow.unwrap().share, 0.8);
    assert_eq!(good("{ slow_from = '0s' }", circuit_breaker).slow, None);
    for (section, expected) in [
        (
            "{ window = 10, minimum = 20 }",
            "a window of 10 calls never has a minimum of 20 @ 20 (this)",
        ),
        ("{ window = '1us' }", "`'1us'` is too short @ '1us' (at least 1ms)"),
        ("{ window = 0 }", "`0` is out of range @ 0 (expected a number from 1 to 100000)"),
        (
            "{ open_for = '2m', open_at_most = '1m' }",
            "`open_for` is 2m, longer than `open_at_most`, which is 1m @ '2m' (this)",
        ),
        ("{ probes = 3, required_probes = 4 }", "of 3 probes 4 cannot be required @ 4 (this)"),
        ("{ required_probes = 8 }", "of 5 probes 8 cannot be required @ 8 (cannot be)"),
        ("{ failure_share = 50 }", "`50` is out of range @ 50 (a percentage, perhaps?) => 0.5"),
        (
            "{ slow_share = 0.5 }",
            "`slow_share` has no effect: nothing says from when on a call is slow @ 0.5 (has no effect)",
        ),
    ] {
        assert_eq!(wrong(section, circuit_breaker), [expected]);
    }
}

#[test]
fn a_cache_stores_something_and_a_flight_is_shared() {
    let section = "{ ttl = '30s', vary = ['accept'], query = { without = ['utm_source'] } }";
    let read = good(section, cache);
    assert_eq!(read.ttl, Some(Duration::from_secs(30)));
    assert_eq!(read.query, Query::Without(vec!["utm_source".to_owned()]));
    assert_eq!(good("{ ttl = '0s', key = 'global' }", cache), Default::default());
    assert_eq!(
        wrong("{ max_object_bytes = 0, max_variants = 0, early_refresh = -1 }", cache),
        [
            "a size of 0 leaves no room for anything @ 0 (must be at least 1 byte)",
            "`0` is out of range @ 0 (expected a number of at least 1)",
            "`-1` is out of range @ -1 (out of range)",
        ]
    );
    for query in ["{}", "{ only = ['a'], without = ['b'] }"] {
        let problems = wrong(&format!("{{ query = {query} }}"), coalesce);
        assert!(problems[0].starts_with("a query is told apart by `only`"), "{problems:?}");
    }
    assert_eq!(
        wrong("{ max_wait = '0s' }", coalesce),
        ["`'0s'` is too short @ '0s' (must be longer than nothing)"]
    );
    let compressed = wrong("{ compress = true }", cache);
    assert_eq!(compressed.is_empty(), cfg!(feature = "compression"), "{compressed:?}");
}

/// Builds what layers are built of.
fn build_concurrency(settings: &Concurrency) {
    match settings.limit {
        Limit::Fixed(limit) => drop(Fixed::try_new(limit).unwrap()),
        Limit::VerifiedGradient { min, initial, max }
        | Limit::Gradient2 { min, initial, max }
        | Limit::Vegas { min, initial, max }
        | Limit::Aimd { min, initial, max } => {
            Bounds::try_new(min, initial, max).unwrap();
        }
    }
    if settings.max_queue != Some(0) {
        let queue = Queue::try_new(settings.max_wait).unwrap();
        settings.max_queue.map(|places| queue.try_capacity(places).unwrap());
    }
}

fn build_breaker(settings: &CircuitBreaker) {
    let window = match settings.window {
        Window::Time(length) => CallWindow::by_time(length, settings.minimum),
        Window::Calls(calls) => CallWindow::by_count(calls, settings.minimum),
    };
    let breaker = Breaker::new().window(window.unwrap());
    let breaker = breaker.failure_share(settings.failure_share).unwrap();
    let breaker = breaker.open_for(settings.open_for, settings.open_at_most).unwrap();
    let breaker = breaker.probes(settings.required_probes, settings.probes).unwrap();
    if let Some(slow) = settings.slow {
        let _ = breaker.slow_calls(slow.from, slow.share).unwrap();
    }
}

fn build_rate_limit(settings: &RateLimit) {
    let [first, rest @ ..] = &*settings.policies else { panic!("no policy") };
    let mut layer = crate::rate_limit::RateLimitLayer::new(first.clone());
    for policy in rest {
        layer = layer.and(policy.clone());
    }
    let layer = layer.retry_jitter(settings.retry_jitter).unwrap();
    if let Some(adaptive) = &settings.adaptive {
        let aimd = Aimd::default().interval(adaptive.interval).unwrap();
        let aimd = aimd.threshold(adaptive.threshold).unwrap();
        let aimd = aimd.decrease(adaptive.decrease).unwrap().increase(adaptive.increase).unwrap();
        let _ = Adapting::new().outcomes(aimd).floor(adaptive.floor).unwrap();
        adaptive.scheduling_delay.map(|(soft, hard)| {
            crate::load::Ramp::try_new(soft.as_secs_f64(), hard.as_secs_f64()).unwrap()
        });
    }
    if !settings.max_wait.is_zero() {
        let queue =
            crate::rate_limit::Queue::try_new(settings.max_wait, settings.max_queue).unwrap();
        let _ = layer.queue(queue);
    }
}

#[test]
fn the_most_that_is_accepted_is_the_most_that_a_layer_takes() {
    let accepted = |section: &str| read(section, circuit_breaker).1.is_empty();
    assert!(accepted("{ probes = 1000 }") && Breaker::new().probes(1, 1_000).is_ok());
    assert!(!accepted("{ probes = 1001 }") && Breaker::new().probes(1, 1_001).is_err());
    assert!(accepted("{ window = 100000 }") && CallWindow::by_count(100_000, 1).is_ok());
    assert!(!accepted("{ window = 100001 }") && CallWindow::by_count(100_001, 1).is_err());
    let accepted = |jitter: &str| {
        let section = format!("{{ policies = ['1/s'], retry_jitter = {jitter} }}");
        read(&section, rate_limit).1.is_empty()
    };
    assert!(accepted("10.0") && !accepted("10.01"));
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..200_000_i64).prop_map(|number| number.to_string()),
        Just("0".to_owned()),
        (-2.0..3.0_f64).prop_map(|number| format!("{number:?}")),
        (0..100_u64, prop_oneof!["ns", "us", "ms", "s", "h"])
            .prop_map(|(n, unit)| format!("'{n}{unit}'")),
        prop::sample::select(
            &["true", "false", "'peer_ip'", "'global'", "'vegas'", "'adaptive'", "{}", "[]"][..]
        )
        .prop_map(str::to_owned),
        (0..3_u32, 0..200_u32)
            .prop_map(|(count, burst)| format!("['{count}/s; burst={burst}', '7/m']")),
        (0..9_u64, 0..9_u64).prop_map(|(soft, hard)| format!("['{soft}ms', '{hard}ms']")),
    ]
}

fn section(keys: &'static [&'static str]) -> impl Strategy<Value = String> {
    let entries = proptest::collection::btree_map(prop::sample::select(keys), value(), 0..6);
    entries.prop_map(|entries| {
        let entries: Vec<_> =
            entries.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        format!("{{ {} }}", entries.join(", "))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_is_accepted_of_a_limit_of_concurrency_builds(
        section in section(&["limit", "min", "initial", "max", "max_queue", "max_wait", "key"]),
    ) {
        let (settings, problems) = read(&section, concurrency);
        if problems.is_empty() {
            build_concurrency(&settings.unwrap());
        }
    }

    #[test]
    fn what_is_accepted_of_a_breaker_builds(
        section in section(&["window", "minimum", "failure_share", "slow_from", "slow_share", "open_for",
            "open_at_most", "required_probes", "probes"]),
    ) {
        let (settings, problems) = read(&section, circuit_breaker);
        if problems.is_empty() {
            build_breaker(&settings.unwrap());
        }
    }

    #[test]
    fn what_is_accepted_of_a_rate_limit_builds(
        section in section(&["key", "policies", "retry_jitter", "max_wait", "max_queue", "adaptive"]),
        adaptive in section(&["latency_target", "interval", "threshold", "min_volume", "decrease", "increase",
            "floor", "scheduling_delay"]),
    ) {
        for section in [section, format!("{{ policies = ['1/s'], adaptive = {adaptive} }}")] {
            let (settings, problems) = read(&section, rate_limit);
            if problems.is_empty() {
                build_rate_limit(&settings.unwrap());
            }
        }
    }
}
