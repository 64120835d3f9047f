//! What a profile says, over time.

use tower::service_fn;
use tower_weir::profile::Exemplar;

use super::*;

/// A request that takes so long and is answered with this status.
fn request(layer: &ProfileLayer, hand: &ManualClock, took: Duration, status: u16, id: &str) {
    let inner = service_fn(async |_| {
        hand.advance(took);
        let answer = Response::builder().status(status).body(Full::from("four"));
        Ok::<_, Infallible>(answer.unwrap())
    });
    let request = Request::builder().header("x-request-id", id).body(Full::default()).unwrap();
    read(send(layer, inner, request).unwrap()).unwrap();
}

#[test]
fn windows_forget_and_the_lifetime_does_not() {
    let (profile, hand) = profile();
    let layer = ProfileLayer::new(profile.clone());
    let counts = || Window::ALL.map(|window| only(&profile).stats(window).count);
    for _ in 0..60 {
        request(&layer, &hand, millis(100), 200, "a");
        hand.advance(millis(900));
    }
    // The first slice of the minute is no longer in it.
    assert_eq!(counts(), [60, 55, 60, 60]);
    let route = only(&profile);
    let rates = Window::ALL.map(|window| (route.stats(window).rate * 1e3).round() / 1e3);
    assert_eq!(rates, [1.0; 4]);
    hand.advance(Duration::from_secs(120));
    assert_eq!(counts(), [60, 0, 60, 60]);
    request(&layer, &hand, millis(7), 500, "b");
    let route = only(&profile);
    let minute = route.stats(Window::Minute);
    assert_eq!((minute.count, minute.error_rate, minute.response_bytes), (1, 1.0, 4));
    let p50 = minute.latency.as_ref().unwrap().p50;
    assert!(p50.abs_diff(millis(7)) < Duration::from_micros(60), "{p50:?}");
    let p50 = route.stats(Window::Hour).latency.as_ref().unwrap().p50;
    assert!(p50.abs_diff(millis(100)) < Duration::from_micros(800), "{p50:?}");
    hand.advance(Duration::from_secs(4_000));
    assert_eq!(counts(), [61, 0, 0, 0]);
}

#[test]
fn a_reset_forgets_all_but_what_is_under_way() {
    let (profile, hand) = profile();
    let layer = ProfileLayer::new(profile.clone());
    request(&layer, &hand, millis(5), 200, "a");
    let under_way = send(&layer, service_fn(fine), get("/")).unwrap();
    profile.reset();
    let route = only(&profile);
    assert_eq!(route.in_flight, 1);
    assert_eq!(Window::ALL.map(|window| route.stats(window).count), [0; 4]);
    assert!(profile.slowest(9).is_empty());
    hand.advance(Duration::from_secs(2));
    read(under_way).unwrap();
    let route = only(&profile);
    assert_eq!((route.in_flight, route.stats(Window::Lifetime).count), (0, 1));
    assert_eq!(route.stats(Window::Lifetime).rate, 0.5);
}

#[test]
fn the_slowest_are_kept_with_what_they_were_called() {
    let (profile, hand) = profile();
    let profile = profile.exemplars(2);
    let layer = ProfileLayer::new(profile.clone());
    for (took, id) in [(5, "five"), (9, "nine"), (3, "three"), (7, "seven"), (1, "one")] {
        request(&layer, &hand, millis(took), 503, id);
    }
    hand.advance(Duration::from_secs(60));
    let slowest = profile.slowest(9);
    let told = |slow: &Exemplar| (slow.latency, slow.status, slow.outcome, slow.id.clone());
    let expected = [(9, "nine"), (7, "seven")]
        .map(|(took, id)| (millis(took), Some(503), Outcome::ServerError, Some(id.to_owned())));
    assert_eq!(slowest.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(slowest[1].ago, Duration::from_millis(60_001));
    assert_eq!(profile.slowest(1).len(), 1);
    hand.advance(Duration::from_secs(3_600));
    assert!(profile.slowest(9).is_empty());
    request(&layer, &hand, millis(1), 200, "again");
    assert_eq!(profile.slowest(9).len(), 1);
}

#[test]
fn a_trace_is_a_better_name_than_a_request_id_unless_another_is_wanted() {
    let named = |layer: ProfileLayer| {
        let request = Request::builder()
            .header("x-request-id", "7")
            .header("traceparent", "00-1-2-01")
            .header("x-call", "ring");
        read(send(&layer, service_fn(fine), request.body(Full::default()).unwrap()).unwrap())
            .unwrap();
        layer.profile().slowest(1)[0].id.clone()
    };
    // Each takes longer than nothing: the system's clock.
    let layer = ProfileLayer::new(Profile::new());
    assert_eq!(named(layer).as_deref(), Some("00-1-2-01"));
    let layer = ProfileLayer::new(Profile::new()).exemplar_ids(["x-call".parse().unwrap()]);
    assert_eq!(named(layer).as_deref(), Some("ring"));
    let layer = ProfileLayer::new(Profile::new()).exemplar_ids([]);
    assert_eq!(named(layer), None);
}

#[test]
fn the_slowest_routes_come_first() {
    let (profile, hand) = profile();
    let routes = ["/a", "/b", "/c"]
        .into_iter()
        .fold(tower_weir::route::RouteTable::<()>::new(), |table, path| table.route(path, ()));
    let layer = ProfileLayer::new(profile.clone()).routes(routes);
    for (path, took) in [("/a", 5), ("/b", 50), ("/c", 20)] {
        let inner = service_fn(async |request| {
            hand.advance(millis(took));
            fine(request).await
        });
        read(send(&layer, inner, get(path)).unwrap()).unwrap();
    }
    let order: Vec<_> = profile.snapshot().routes.into_iter().map(|route| route.route).collect();
    assert_eq!(order, ["/b", "/c", "/a"]);
    let table = profile.to_string();
    let lines: Vec<_> = table.lines().filter(|line| line.starts_with("GET")).collect();
    let order: Vec<_> = lines.iter().map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(order, ["/b", "/c", "/a"]);
}

#[test]
fn json_has_seconds_and_shares() {
    let (profile, hand) = profile();
    let layer = ProfileLayer::new(profile.clone());
    request(&layer, &hand, millis(250), 500, "a");
    let json = serde_json::to_value(profile.snapshot()).unwrap();
    let route = &json["routes"][0];
    assert_eq!((&route["route"], &route["method"]), (&"_unmatched".into(), &"GET".into()));
    assert_eq!(route["minute"]["latency"]["mean"], 0.25);
    assert_eq!(route["lifetime"]["error_rate"], 1.0);
    assert_eq!(route["hour"]["outcomes"]["server_error"], 1);
    assert_eq!(json["slowest"][0]["id"], "a");
    hand.advance(Duration::from_secs(4_000));
    let json = serde_json::to_value(profile.snapshot()).unwrap();
    assert!(json["routes"][0]["hour"]["latency"].is_null());
}
