//! What is counted of a request, whatever becomes of it.

use http::StatusCode;
use tower::service_fn;

use super::*;

#[test]
fn a_request_is_counted_once_its_body_has_ended() {
    let (profile, hand) = profile();
    let layer = ProfileLayer::new(profile.clone());
    let slow = service_fn(async |request| {
        hand.advance(millis(30));
        fine(request).await
    });
    let answer = send(&layer, slow, get("/")).unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let route = only(&profile);
    assert_eq!((route.in_flight, route.stats(Window::Lifetime).count), (1, 0));
    hand.advance(millis(70));
    assert_eq!(read(answer).unwrap(), "fine");
    let route = only(&profile);
    let stats = route.stats(Window::Lifetime);
    assert_eq!((route.route.as_str(), route.method, route.in_flight), ("_unmatched", "GET", 0));
    assert_eq!((stats.count, stats.response_bytes), (1, 4));
    assert_eq!(stats.latency.as_ref().unwrap().mean, millis(100));
    assert_eq!(stats.to_headers.as_ref().unwrap().mean, millis(30));
    println!("{profile}");
    println!("{}", serde_json::to_string_pretty(&profile.snapshot()).unwrap());
}
