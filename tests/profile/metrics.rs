//! What recorders of metrics see.

use http::StatusCode;
use tower::service_fn;
use tower_weir::{profile::operation, route::RouteTable, telemetry::names};

use super::{
    recorded::{recorded, recorded_counts},
    *,
};

/// Some requests of many kinds, on one route and on none.
fn traffic() {
    let (profile, hand) = profile();
    let routes = RouteTable::<()>::new().route("/users/{id}", ());
    let layer = ProfileLayer::new(profile).routes(routes);
    let answer = |status: u16| {
        let hand = hand.clone();
        service_fn(move |_| {
            hand.advance(millis(250));
            let _timer = operation("query").start();
            let status = StatusCode::from_u16(status).unwrap();
            let answer = Response::builder().status(status).body(Full::from("four"));
            async { Ok::<_, Infallible>(answer.unwrap()) }
        })
    };
    for status in [200, 200, 404, 503] {
        read(send(&layer, answer(status), get("/users/7")).unwrap()).unwrap();
    }
    let upload = Request::post("/elsewhere").body(Full::from("twelve bytes")).unwrap();
    read(send(&layer, answer(200), upload).unwrap()).unwrap();
    // Given up.
    drop(layer.layer(answer(200)).call(get("/users/7")));
    let call = Request::post("/greet.Greeter/Hello").header("content-type", "application/grpc");
    let greet = service_fn(async |_| {
        let answer = Response::builder().header("grpc-status", "5").body(Full::<Bytes>::default());
        Ok::<_, Infallible>(answer.unwrap())
    });
    read(send(&layer, greet, call.body(Full::default()).unwrap()).unwrap()).unwrap();
}

#[test]
fn each_request_is_told_once() {
    let counts = recorded_counts(traffic);
    let of = |name: &str| -> Vec<(&str, f64)> {
        let of_name =
            counts.iter().filter_map(|(key, value)| Some((key.strip_prefix(name)?, *value)));
        of_name.collect()
    };
    let get = "{http_route=/users/{id},http_request_method=GET";
    let post = "http_request_method=POST";
    let expected = [
        (format!("{get},http_response_status_code=,outcome=cancelled_before_headers}}"), 1.0),
        (format!("{get},http_response_status_code=200,outcome=ok}}"), 2.0),
        (format!("{get},http_response_status_code=404,outcome=client_error}}"), 1.0),
        (format!("{get},http_response_status_code=503,outcome=server_error}}"), 1.0),
        (
            format!(
                "{{http_route=/greet.Greeter/Hello,{post},http_response_status_code=200,outcome=client_error}}"
            ),
            1.0,
        ),
        (format!("{{http_route=_unmatched,{post},http_response_status_code=200,outcome=ok}}"), 1.0),
    ];
    let mut expected: Vec<_> = expected.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    expected.sort_by_key(|(key, _)| *key);
    assert_eq!(of("http_server_request_duration_seconds"), expected);
    let none = [("{http_request_method=GET}", 0.0), ("{http_request_method=POST}", 0.0)];
    assert_eq!(of("http_server_active_requests"), none);
    let call = [("{rpc_method=greet.Greeter/Hello,rpc_grpc_status_code=5}", 1.0)];
    assert_eq!(of("rpc_server_call_duration_seconds"), call);
    assert_eq!(of("weir_operation_duration_seconds"), [("{operation=query,outcome=success}", 6.0)]);
}

#[test]
fn times_and_sizes_are_in_base_units() {
    let sums = recorded(traffic);
    let ok =
        "{http_route=/users/{id},http_request_method=GET,http_response_status_code=200,outcome=ok}";
    assert_eq!(sums[&format!("http_server_request_duration_seconds{ok}")], 0.5);
    let get = "{http_route=/users/{id},http_request_method=GET}";
    assert_eq!(sums[&format!("http_server_response_body_bytes{get}")], 16.0);
    let post = "{http_route=_unmatched,http_request_method=POST}";
    assert_eq!(sums[&format!("http_server_request_body_bytes{post}")], 12.0);
    // Of requests without a body nothing.
    assert!(!sums.contains_key(&format!("http_server_request_body_bytes{get}")));
}

#[test]
fn only_what_names_lists_is_told_with_just_its_labels() {
    let told = recorded(traffic);
    for key in told.keys() {
        let (name, labels) = key.split_once('{').unwrap();
        let metric = names::ALL.iter().find(|metric| metric.name == name);
        let metric = metric.unwrap_or_else(|| panic!("{name} is not in `telemetry::names`"));
        let labels: Vec<_> = labels
            .trim_end_matches('}')
            .split(',')
            .map(|label| label.split_once('=').unwrap().0)
            .collect();
        assert_eq!(labels, metric.labels, "{name}");
    }
    for prefix in ["http_", "rpc_", "weir_operation_"] {
        for metric in names::ALL.iter().filter(|metric| metric.name.starts_with(prefix)) {
            assert!(told.keys().any(|key| key.starts_with(metric.name)), "{}", metric.name);
        }
    }
}

#[test]
fn requests_under_way_are_told() {
    let sums = recorded(|| {
        let layer = ProfileLayer::new(Profile::new());
        std::mem::forget(send(&layer, service_fn(fine), get("/")).unwrap());
    });
    assert_eq!(sums["http_server_active_requests{http_request_method=GET}"], 1.0);
}
