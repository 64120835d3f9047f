//! Rejections as HTTP and as gRPC.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use tonic::Code;
use tonic_types::StatusExt;
use tower_weir::{
    head::Head,
    reject::{Reason, Rejection},
};

fn request(content_type: Option<&str>) -> Request<()> {
    let mut request = Request::builder();
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    request.body(()).unwrap()
}

fn header<'a>(response: &'a Response<Bytes>, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn grpc_is_told_from_http_by_the_content_type() {
    let rejection = Rejection::new(Reason::QuotaExceeded);
    for (content_type, grpc) in [
        (Some("application/grpc"), true),
        (Some("application/grpc+proto"), true),
        (Some("application/grpc;charset=utf-8"), true),
        (Some("Application/GRPC"), true),
        (Some("application/grpc-web"), false),
        (Some("application/grpc-web+proto"), false),
        (Some("application/grpcx"), false),
        (Some("application/json"), false),
        (Some(""), false),
        (None, false),
    ] {
        let response = rejection.response(&Head::of(&request(content_type)));
        let status = if grpc { StatusCode::OK } else { StatusCode::TOO_MANY_REQUESTS };
        assert_eq!(response.status(), status, "{content_type:?}");
        assert_eq!(response.headers().contains_key("grpc-status"), grpc, "{content_type:?}");
    }
}

#[test]
fn http_has_a_status_a_delay_and_a_problem_document() {
    let rejection = Rejection::new(Reason::QuotaExceeded).detail("say \"please\"\n").violates("a");
    for (delay, told) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2"), (90_000, "90")] {
        let rejection = rejection.clone().retry_after(Duration::from_millis(delay));
        assert_eq!(
            header(&rejection.response(&Head::of(&request(None))), "retry-after"),
            Some(told),
            "{delay}"
        );
    }
    let response = rejection.violates("b\\").response(&Head::of(&request(None)));
    assert_eq!(header(&response, "retry-after"), None);
    assert_eq!(header(&response, "content-type"), Some("application/problem+json"));
    let problem: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(problem["detail"], "say \"please\"\n");
    assert_eq!(problem["violated-policies"], serde_json::json!(["a", "b\\"]));

    let response = Rejection::new(Reason::MissingKey).response(&Head::of(&request(None)));
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let problem: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(problem["type"], "about:blank");
    assert!(problem.get("violated-policies").is_none());
}

fn status(response: &Response<Bytes>) -> tonic::Status {
    assert!(response.body().is_empty(), "trailers only");
    assert_eq!(header(response, "content-type"), Some("application/grpc"));
    tonic::Status::from_header_map(response.headers()).unwrap()
}

#[test]
fn grpc_has_a_code_a_delay_and_details_that_its_library_reads() {
    let rejection = Rejection::new(Reason::QuotaExceeded)
        .detail("zu viele — 100 %\n")
        .retry_after(Duration::from_micros(1_250_300))
        .violates("second")
        .violates("minute");
    let response = rejection.response(&Head::of(&request(Some("application/grpc"))));
    assert_eq!(header(&response, "grpc-status"), Some("8"));
    assert_eq!(header(&response, "grpc-message"), Some("zu viele %E2%80%94 100 %25%0A"));
    assert_eq!(header(&response, "grpc-retry-pushback-ms"), Some("1251"));
    assert_eq!(header(&response, "retry-after"), None);

    let status = status(&response);
    assert_eq!((status.code(), status.message()), (Code::ResourceExhausted, "zu viele — 100 %\n"));
    let details = status.get_error_details();
    let delay = details.retry_info().unwrap().retry_delay;
    assert_eq!(delay, Some(Duration::from_micros(1_250_300)));
    let violations = &details.quota_failure().unwrap().violations;
    let subjects: Vec<_> = violations.iter().map(|violation| &*violation.subject).collect();
    assert_eq!(subjects, ["second", "minute"]);
    // Unpadded, as the specification asks of senders.
    let encoded = header(&response, "grpc-status-details-bin").unwrap();
    assert!(STANDARD_NO_PAD.decode(encoded).is_ok());
}

#[test]
fn grpc_clients_are_told_not_to_retry_what_can_never_pass() {
    let grpc = request(Some("application/grpc"));
    let response = Rejection::new(Reason::QuotaExceeded).response(&Head::of(&grpc));
    assert_eq!(header(&response, "grpc-retry-pushback-ms"), Some("-1"));
    assert!(status(&response).get_error_details().retry_info().is_none());

    let response = Rejection::new(Reason::MissingKey).response(&Head::of(&grpc));
    assert_eq!(status(&response).code(), Code::InvalidArgument);
    assert_eq!(header(&response, "grpc-retry-pushback-ms"), None);
    assert_eq!(header(&response, "grpc-status-details-bin"), None);

    let ages =
        Rejection::new(Reason::QuotaExceeded).retry_after(Duration::MAX).response(&Head::of(&grpc));
    assert_eq!(header(&ages, "grpc-retry-pushback-ms"), Some("2147483647"));
    assert_eq!(status(&ages).code(), Code::ResourceExhausted);
}
