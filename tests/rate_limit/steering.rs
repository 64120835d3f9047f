//! What a handle changes while requests are served: quotas, single keys, dry runs.

use std::{thread, time::Duration};

use http::{HeaderName, Request, StatusCode};
use proptest::prelude::*;
use tower_weir::{
    clock::ManualClock,
    head::Head,
    key::{Header, PeerIp},
    rate_limit::{Conformance, Gcra, Handle, Quota, RateLimitLayer, Rule, Table},
    route::RouteTable,
};

use super::{Guarded, guarded, header, millis};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

fn steered(layer: RateLimitLayer) -> (Guarded, ManualClock, Handle) {
    let (service, hand) = guarded(layer);
    let handle = service.0.handle();
    (service, hand, handle)
}

fn set_quota(handle: &Handle, policy: &str, quota: Quota) {
    handle.limit("default").unwrap().policy(policy).unwrap().set_quota(quota);
}

impl Guarded {
    fn of_key(&self, key: &str) -> super::Answer {
        self.send(Request::builder().header(X_API_KEY, key).body(()).unwrap())
    }

    fn passing_of_key(&self, key: &str, n: usize) -> usize {
        (0..n).filter(|_| self.of_key(key).status().is_success()).count()
    }
}

#[test]
fn a_raised_quota_frees_nobody_and_locks_nobody_out() {
    let (service, hand, handle) = steered(RateLimitLayer::new(Quota::per_hour(1_000)));
    assert_eq!(service.passing(1_200), 1_000);
    // Owing an hour would last for an hour at any rate; owing a thousand requests lasts a minute now.
    set_quota(&handle, "hour", Quota::per_minute(1_000));
    assert_eq!(service.passing(5), 0);
    hand.advance(millis(60));
    assert_eq!(service.passing(5), 1);
    hand.advance(Duration::from_secs(30));
    assert_eq!(service.passing(600), 500);
}

#[test]
fn a_lowered_quota_gives_no_burst_away_and_locks_nobody_out() {
    let (service, hand, handle) = steered(RateLimitLayer::new(Quota::per_second(100)));
    assert_eq!(service.passing(200), 100);
    set_quota(&handle, "second", Quota::per_second(10));
    assert_eq!(service.passing(5), 0);
    // It owed ten times its new burst. It owes one, no more.
    hand.advance(millis(100));
    assert_eq!(service.passing(5), 1);
}

#[test]
fn half_a_burst_owed_stays_so_many_requests() {
    let (service, _, handle) = steered(RateLimitLayer::new(Quota::per_second(100)));
    assert_eq!(service.passing(30), 30);
    set_quota(&handle, "second", Quota::per_minute(100));
    assert_eq!(service.passing(100), 70);
    let told = service.get("/");
    assert_eq!(header(&told, "ratelimit-policy"), r#""second";q=100;w=60"#);
    assert_eq!(
        handle.limit("default").unwrap().policy("second").unwrap().quota(),
        Quota::per_minute(100)
    );
}

#[test]
fn only_the_keys_of_that_policy_are_converted() {
    let layer = RateLimitLayer::new(Quota::per_second(10)).and(Quota::per_minute(20));
    let (service, hand, handle) = steered(layer);
    assert_eq!(service.passing(20), 10);
    set_quota(&handle, "second", Quota::per_second(1_000));
    // It owes ten of a thousand now; the minute has ten left, as it had.
    assert_eq!(service.passing(20), 10);
    hand.advance(Duration::from_secs(3));
    assert_eq!(service.passing(20), 1);
}

proptest! {
    /// However the quota changes, over the whole trace no key passes more than the bursts and rates of the quotas in force
    /// allow, and one that waits for the longest interval passes again.
    #[test]
    fn changes_of_quota_never_let_too_much_pass(
        steps in prop::collection::vec((1u32..50, 1u32..50, 0u64..3_000, 0u32..60), 1..30),
    ) {
        let layer = RateLimitLayer::new(Quota::per_second(10)).table(Table::with_capacity(16));
        let (service, hand, handle) = steered(layer);
        // A token bucket in nanoseconds of the present quota, whose level is kept in requests at each change.
        let mut burst = 10.0;
        let mut level = burst;
        for (count, new_burst, pause, requests) in steps {
            let quota = Quota::per_second(count).burst(new_burst);
            set_quota(&handle, "second", quota);
            let owed: f64 = burst - level;
            let interval = quota.interval().as_nanos() as f64;
            burst = f64::from(new_burst);
            level = burst - owed.min(burst);
            hand.advance(millis(pause));
            level = burst.min(level + pause as f64 * 1e6 / interval);
            let passed = service.passing(requests as usize) as f64;
            prop_assert!(passed <= level + 1e-3, "{passed} passed, {level} were left");
            let expected = f64::from(requests).min((level - 1e-3).floor());
            prop_assert!(passed >= expected, "{passed} passed, {level} were left");
            level -= passed;
        }
    }

    /// A policy at a share of its rate passes no more in any stretch of time than the slower quota would.
    #[test]
    fn a_slowed_quota_keeps_to_its_share(share in 0.01f64..1.0, count in 1u32..100, burst in 1u32..100) {
        let quota = Quota::per_second(count).burst(burst);
        let slowed = Gcra::new(quota).slowed(share);
        let (mut tat, mut passed) = (0, 0u32);
        let start = 1_000_000_000_000u64;
        for step in 0..2_000u64 {
            let now = tower_weir::clock::Timestamp::from_nanos(start + step * 5_000_000);
            if let Conformance::Conforming { tat: next } = slowed.decide(now, tat, 1) {
                (tat, passed) = (next, passed + 1);
            }
        }
        let at_once = (f64::from(burst) * share).max(1.0);
        let over_time = 10.0 * f64::from(count) * share;
        prop_assert!(f64::from(passed) <= at_once + over_time + 1.0, "{passed}");
        // It is asked every 5 ms, so each request may be that much late.
        let seen = over_time / (1.0 + f64::from(count) * share * 0.005);
        prop_assert!(f64::from(passed) >= seen - 2.0, "{passed} of {over_time}");
    }
}

#[test]
fn threads_that_meet_a_change_pass_no_more_than_it_allows() {
    for (from, to) in [
        (Quota::per_hour(2_000), Quota::per_day(500)),
        (Quota::per_day(500), Quota::per_hour(2_000)),
    ] {
        let (service, _, handle) = steered(RateLimitLayer::new(from));
        let service = &service;
        let passed: usize = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..3).map(|_| scope.spawn(move || service.passing(1_500))).collect();
            let policy = handle.limits().next().unwrap().policies().next().unwrap();
            thread::yield_now();
            policy.set_quota(to);
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        // Time stands still, so no more than the larger burst ever was there; and each thread may have been about to charge a
        // request under the old terms.
        assert!(passed <= 2_000 + 3, "{passed}");
    }
}

#[test]
fn a_key_may_have_a_quota_of_its_own() {
    let layer = RateLimitLayer::new(Quota::per_second(2)).key(Header(X_API_KEY));
    let (service, hand, handle) = steered(layer);
    let limit = handle.limit("default").unwrap();
    let policy = limit.policy("second").unwrap();
    policy.set_override("partner", Quota::per_second(50));
    assert_eq!(limit.exceptions(), 1);
    assert_eq!(
        (service.passing_of_key("partner", 60), service.passing_of_key("other", 60)),
        (50, 2)
    );
    let told = service.of_key("partner");
    assert_eq!(header(&told, "ratelimit-policy"), r#""second";q=50;w=1"#);
    assert_eq!(header(&service.of_key("other"), "ratelimit-policy"), r#""second";q=2;w=1"#);
    // It owed 50; it owes a burst, which is 2.
    policy.remove_override(&"partner");
    assert_eq!(limit.exceptions(), 0);
    assert_eq!(service.passing_of_key("partner", 5), 0);
    hand.advance(millis(500));
    assert_eq!(service.passing_of_key("partner", 5), 1);
}

#[test]
fn a_request_may_have_a_quota_of_its_own() {
    let paid =
        |head: &Head<'_>| head.headers.contains_key("x-paid").then_some(Quota::per_second(5));
    let layer = RateLimitLayer::new(Quota::per_second(1))
        .quota_for(paid)
        .and(Quota::per_minute(100))
        .key(Header(X_API_KEY));
    let (service, _, handle) = steered(layer);
    let paying =
        || Request::builder().header(X_API_KEY, "rich").header("x-paid", "1").body(()).unwrap();
    let passed = (0..9).filter(|_| service.send(paying()).status().is_success()).count();
    assert_eq!((passed, service.passing_of_key("poor", 9)), (5, 1));
    assert_eq!(
        header(&service.send(paying()), "ratelimit-policy"),
        r#""second";q=5;w=1, "minute";q=100;w=60"#,
    );
    // An override goes before.
    let policy = handle.limit("default").unwrap().policy("second").unwrap();
    policy.set_override(&"rich", Quota::per_second(7));
    assert_eq!(header(&service.send(paying()), "ratelimit"), r#""second";r=0;t=1"#);
}

#[test]
fn a_change_of_the_policy_frees_no_key_that_has_a_quota_of_its_own() {
    let tier =
        |head: &Head<'_>| (head.headers.get(X_API_KEY)? == "tier").then_some(Quota::per_minute(4));
    for with_tiers in [false, true] {
        let layer = RateLimitLayer::new(Quota::per_minute(4)).key(Header(X_API_KEY));
        let layer = if with_tiers { layer.quota_for(tier) } else { layer };
        let (service, _, handle) = steered(layer);
        let policy = handle.limit("default").unwrap().policy("minute").unwrap();
        policy.set_override(&"special", Quota::per_minute(6));
        for (key, passes) in [("special", 6), ("tier", 4)] {
            assert_eq!(service.passing_of_key(key, 9), passes);
        }
        for quota in [Quota::per_second(8), Quota::per_hour(4), Quota::per_minute(4)] {
            policy.set_quota(quota);
            assert_eq!(service.passing_of_key("special", 9), 0, "{quota}");
            if with_tiers {
                assert_eq!(service.passing_of_key("tier", 9), 0, "{quota}");
            }
        }
    }
}

#[test]
fn keys_may_be_allowed_and_denied() {
    let layer = RateLimitLayer::new(Quota::per_second(2)).key(Header(X_API_KEY));
    let (service, _, handle) = steered(layer);
    let limit = handle.limit("default").unwrap();
    limit.allow("monitor");
    limit.deny("thief");
    assert_eq!((service.passing_of_key("monitor", 9), service.passing_of_key("thief", 9)), (9, 0));
    let answer = service.of_key("thief");
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(!answer.headers().contains_key("retry-after"));
    assert_eq!(limit.exceptions(), 2);
    for key in ["monitor", "thief"] {
        limit.restore(&key);
        assert_eq!(service.passing_of_key(key, 9), 2);
    }
    assert_eq!(limit.exceptions(), 0);
}

#[test]
fn lists_of_networks_deny_and_exempt() {
    let layer = RateLimitLayer::new(Quota::per_second(1))
        .key(PeerIp)
        .exempt(PeerIp.within(["10.0.0.0/8"]).unwrap())
        .deny(PeerIp.within(["10.6.6.0/24", "2001:db8::/32"]).unwrap());
    let (service, _) = guarded(layer);
    let status = |address: &str| {
        let peer: std::net::SocketAddr = address.parse().unwrap();
        service.send(Request::builder().extension(peer).body(()).unwrap()).status().as_u16()
    };
    assert_eq!(["10.0.0.1:1"; 3].map(status), [200; 3]);
    assert_eq!(
        [status("10.6.6.6:1"), status("[2001:db8::1]:1"), status("[::ffff:10.6.6.7]:1")],
        [403; 3]
    );
    assert_eq!(["192.0.2.1:1"; 2].map(status), [200, 429]);
    let error = PeerIp.within(["10.0.0.0/33"]).err().unwrap();
    assert!(
        error.to_string().starts_with("invalid network `10.0.0.0/33`: not a network"),
        "{error}"
    );
}

#[test]
fn an_address_is_named_as_its_key() {
    let (service, _, handle) = steered(RateLimitLayer::new(Quota::per_second(1)).key(PeerIp));
    let from = |address: &str| {
        let peer: std::net::SocketAddr = address.parse().unwrap();
        service.send(Request::builder().extension(peer).body(()).unwrap()).status().as_u16()
    };
    let limit = handle.limit("default").unwrap();
    limit.deny(&PeerIp.key_for("2001:db8:1:2::7".parse().unwrap()));
    assert_eq!(from("[2001:db8:1:2::8]:1"), 403, "the /64 is one client");
    assert_eq!(from("[2001:db8:1:3::8]:1"), 200);
}

#[test]
fn a_dry_run_counts_and_lets_pass() {
    let layer = RateLimitLayer::new(Quota::per_second(2))
        .key(Header(X_API_KEY))
        .on_missing_key(tower_weir::key::OnMissingKey::Reject)
        .deny(|head| head.uri.path() == "/private")
        .shadow(true);
    let (service, _, handle) = steered(layer);
    assert_eq!(service.passing_of_key("a", 9), 9);
    assert_eq!(service.get("/").status(), 200, "without a key");
    assert_eq!(service.get("/private").status(), 200);
    let answer = service.of_key("a");
    assert!(!answer.headers().contains_key("ratelimit"), "clients are told nothing");
    // And becomes real without a restart.
    let limit = handle.limit("default").unwrap();
    assert!(limit.is_shadow());
    limit.set_shadow(false);
    assert_eq!(service.passing_of_key("a", 9), 0);
    assert_eq!(service.get("/private").status(), 403);
    assert_eq!(service.get("/").status(), 400);
}

#[test]
fn a_multiplier_slows_every_key_and_shows() {
    let layer = RateLimitLayer::new(Quota::per_second(10)).key(Header(X_API_KEY));
    let (service, hand, handle) = steered(layer);
    assert_eq!(service.passing_of_key("old", 20), 10);
    let policy = handle.limit("default").unwrap().policy("second").unwrap();
    assert_eq!(policy.multiplier(), 1.0);
    policy.set_multiplier(0.5).unwrap();
    assert_eq!(policy.multiplier(), 0.5);
    // A new key has half a burst. Who has used the burst up is given none of it back.
    assert_eq!((service.passing_of_key("new", 20), service.passing_of_key("old", 20)), (5, 0));
    hand.advance(Duration::from_secs(1));
    assert_eq!((service.passing_of_key("new", 20), service.passing_of_key("old", 20)), (5, 5));
    let told = service.of_key("old");
    assert_eq!(header(&told, "ratelimit-policy"), r#""second";q=5;w=1"#);
    assert_eq!(header(&told, "ratelimit"), r#""second";r=0;t=1"#);
    policy.set_multiplier(1.0).unwrap();
    hand.advance(Duration::from_secs(1));
    assert_eq!(service.passing_of_key("old", 20), 10);
    assert_eq!(header(&service.of_key("x"), "ratelimit-policy"), r#""second";q=10;w=1"#);
    for wrong in [0.0, -1.0, 1.5, f64::NAN] {
        let error = policy.set_multiplier(wrong).unwrap_err().to_string();
        assert_eq!(error, format!("invalid multiplier `{wrong}`: 0.001 to 1"));
    }
}

#[test]
fn a_single_request_passes_however_slow_the_policy_is() {
    let layer = RateLimitLayer::new(Quota::per_second(1))
        .cost(|head| head.uri.path().trim_start_matches('/').parse().unwrap_or(1));
    let (service, hand, handle) = steered(layer.and(Quota::per_minute(10)));
    handle.limit("default").unwrap().policies().for_each(|p| p.set_multiplier(0.1).unwrap());
    assert_eq!(service.passing(3), 1);
    let answer = service.get("/");
    assert_eq!(header(&answer, "retry-after"), "60");
    assert_eq!(header(&answer, "ratelimit-policy"), r#""second";q=1;w=1, "minute";q=1;w=60"#);
    hand.advance(Duration::from_secs(60));
    assert_eq!(service.passing(3), 1);
}

#[test]
fn overrides_and_multipliers_go_together() {
    let layer = RateLimitLayer::new(Quota::per_second(2)).key(Header(X_API_KEY));
    let (service, _, handle) = steered(layer);
    let policy = handle.limit("default").unwrap().policy("second").unwrap();
    policy.set_override("partner", Quota::per_second(50));
    policy.set_multiplier(0.5).unwrap();
    assert_eq!(
        (service.passing_of_key("partner", 60), service.passing_of_key("other", 60)),
        (25, 1)
    );
    assert_eq!(header(&service.of_key("partner"), "ratelimit-policy"), r#""second";q=25;w=1"#);
}

#[test]
fn what_there_is_not_is_named_with_what_there_is() {
    let routes = RouteTable::new().route("/search", Rule::new(Quota::per_second(2)));
    let layer = RateLimitLayer::new(Quota::per_second(1)).and(Quota::per_day(9)).routes(routes);
    let handle = layer.named("api").handle();
    let error = handle.limit("default").unwrap_err().to_string();
    assert_eq!(error, "invalid limit `default`: there is no such limit; allowed: `api`, `/search`");
    let error = handle.limit("api").unwrap().policy("hour").unwrap_err().to_string();
    assert_eq!(error, "invalid policy `hour`: there is no such policy; allowed: `second`, `day`");
    let names: Vec<_> = handle.limits().map(|limit| limit.name().to_owned()).collect();
    assert_eq!(names, ["api", "/search"]);
    assert_eq!(
        format!("{:?}", handle.limit("/search").unwrap()),
        r#"LimitHandle { name: "/search", policies: [PolicyHandle { name: "second", quota: Quota(2/second), .. }] }"#,
    );
}

#[test]
fn rules_that_share_a_name_are_steered_together() {
    let rule = || Rule::new(Quota::per_second(5)).named("shared");
    let routes = RouteTable::new().route("/a", rule()).route("/b", rule());
    let (service, _, handle) = steered(RateLimitLayer::for_routes(routes));
    let passing = |path: &str| (0..30).filter(|_| service.get(path).status() == 200).count();
    assert_eq!(passing("/a"), 5);
    let limit = handle.limit("shared").unwrap();
    assert_eq!(limit.policies().count(), 1);
    limit.policy("second").unwrap().set_quota(Quota::per_second(10));
    // It owes five once, not twice.
    assert_eq!((passing("/b"), passing("/a")), (5, 0));
}

#[test]
fn more_policies_than_a_table_tells_apart_share_nothing_but_a_code() {
    let mut routes = RouteTable::new();
    for n in 0..300 {
        routes = routes.route(&format!("/{n}"), Quota::per_minute(5));
    }
    let (service, hand, handle) = steered(RateLimitLayer::for_routes(routes));
    let passing =
        |route: u32| (0..9).filter(|_| service.get(&format!("/{route}")).status() == 200).count();
    assert!((0..300).all(|route| passing(route) == 5));
    assert!((0..300).all(|route| passing(route) == 0));
    let policy = |route: &str| handle.limit(route).unwrap().policy("minute").unwrap();
    policy("/299").set_quota(Quota::per_second(5));
    assert_eq!((passing(298), passing(299)), (0, 0), "its neighbours are not converted, nor is it");
    hand.advance(Duration::from_secs(59) + millis(200));
    assert_eq!((passing(298), passing(299)), (4, 1));
}

#[test]
#[should_panic(expected = "`quota_for` is for the policy added last, and there is none")]
fn a_tier_needs_a_policy() {
    let _ = RateLimitLayer::for_routes(RouteTable::new()).quota_for(|_| None);
}
