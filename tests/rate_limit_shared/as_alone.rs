//! What clients are told is the same as by a layer that shares with nobody, whatever has happened before.

use std::time::Duration;

use http::Request;
use proptest::{collection::vec, prelude::*};
use tower_weir::{
    clock::Clock,
    head::Head,
    key::OnMissingKey,
    rate_limit::{Headers, Quota, RateLimitLayer, Rule, Table},
    route::RouteTable,
};

use crate::{Answer, run, send, service, store::MemoryStore, user};

#[derive(Clone, Debug)]
struct Sent {
    /// After so many milliseconds.
    after: u64,
    user: Option<&'static str>,
    cost: u32,
    path: &'static str,
    grpc: bool,
}

fn sent() -> impl Strategy<Value = Sent> {
    let after = prop_oneof![Just(0), 0..2_000_u64];
    let user = prop_oneof![3 => Just(Some("alice")), 2 => Just(Some("bob")), 1 => Just(None)];
    let path = prop_oneof![Just("/"), Just("/a"), Just("/status/500"), Just("/health")];
    (after, user, 0..7_u32, path, prop::bool::weighted(0.2))
        .prop_map(|(after, user, cost, path, grpc)| Sent { after, user, cost, path, grpc })
}

fn cost(head: &Head<'_>) -> u32 {
    let cost = head.headers.get("x-cost").and_then(|cost| cost.to_str().ok());
    cost.and_then(|cost| cost.parse().ok()).unwrap_or(1)
}

fn plan(head: &Head<'_>) -> Option<Quota> {
    let paid = head.headers.get("x-user").is_some_and(|user| user == "bob");
    paid.then(|| Quota::per_second(7).burst(5))
}

fn several() -> Rule {
    Rule::new(Quota::per_second(3).burst(6)).and(Quota::per_minute(20)).cost(cost)
}

fn counted() -> RateLimitLayer {
    RateLimitLayer::new(several()).key(user())
}

/// Layers of all kinds.
const LAYERS: [fn() -> RateLimitLayer; 8] = [
    || RateLimitLayer::new(Quota::per_second(2)),
    || counted().headers(Headers::Both),
    || counted().on_missing_key(OnMissingKey::Share).exempt(|head| head.uri.path() == "/health"),
    || counted().on_missing_key(OnMissingKey::Skip).deny(|head| head.uri.path() == "/health"),
    || {
        let strict = Quota::per_second(10).burst(5).strict();
        RateLimitLayer::new(Rule::new(strict).quota_for(plan).cost(cost)).key(user())
    },
    || RateLimitLayer::new(several().charge_on(|served| 2 * u32::from(!served.is_success()))),
    || counted().routes(RouteTable::new().route("/a", Rule::new(Quota::per_second(1).burst(5)))),
    || counted().shadow(true),
];

fn request(sent: &Sent) -> Request<()> {
    let mut request = Request::get(sent.path).header("x-cost", sent.cost);
    if let Some(user) = sent.user {
        request = request.header("x-user", user);
    }
    if sent.grpc {
        request = request.header("content-type", "application/grpc");
    }
    request.body(()).unwrap()
}

/// All that says anything of the limit. Of what costs nothing, or more than a burst, nobody was asked, so its client is told no
/// numbers.
fn told(answer: &Answer, sent: &Sent) -> Vec<(String, String)> {
    let mut fields: Vec<_> = answer
        .headers()
        .iter()
        .filter(|(name, _)| matches!(sent.cost, 1..=5) || !name.as_str().contains("ratelimit"))
        .map(|(name, value)| (name.to_string(), format!("{value:?}")))
        .collect();
    fields.push(("status".to_owned(), answer.status().to_string()));
    fields.sort();
    fields
}

/// Sends all to a layer by itself, and in turn to processes that share a store.
async fn told_the_same(
    layer: fn() -> RateLimitLayer,
    processes: usize,
    history: &[Sent],
) -> Result<(), TestCaseError> {
    let (clock, hand) = Clock::manual();
    let store = MemoryStore::with(clock.clone(), None);
    let layer = || layer().clock(clock.clone()).table(Table::with_capacity(64));
    let alone = service(&layer());
    let sharing: Vec<_> = (0..processes).map(|_| service(&layer().shared(store.clone()))).collect();
    for (number, sent) in history.iter().enumerate() {
        hand.advance(Duration::from_millis(sent.after));
        let shared = send(&sharing[number % processes], request(sent)).await;
        let own = send(&alone, request(sent)).await;
        prop_assert_eq!(shared.status(), own.status(), "{}: {:?}", number, sent);
        // A process that refuses without asking has not heard of what others have passed since it asked.
        if processes == 1 {
            prop_assert_eq!(told(&shared, sent), told(&own, sent), "{}: {:?}", number, sent);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn clients_are_told_the_same_as_by_a_layer_alone(history in vec(sent(), 1..60)) {
        run(async {
            for layer in LAYERS {
                told_the_same(layer, 1, &history).await?;
                told_the_same(layer, 3, &history).await?;
            }
            Ok::<_, TestCaseError>(())
        })?;
    }
}
