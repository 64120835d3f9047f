use std::{sync::Arc, time::Duration};

use http::{Request, StatusCode, header::RETRY_AFTER};

use super::*;
use crate::batch::{BatchFailure, Cause};

type Answering = super::Answering<&'static str, &'static str>;
type Response = http::Response<ResponseBody<&'static str>>;

fn answering() -> Answering {
    let on_error =
        Box::new(|error, _: &str| (error == "mine").then(|| http::Response::new("my answer")));
    Answering { batch: "batch".into(), on_error, on_reject: None }
}

fn parts(content_type: &str) -> Parts {
    let request = Request::get("/here").header("content-type", content_type);
    request.body(()).unwrap().into_parts().0
}

fn failed() -> BatchError<&'static str> {
    let cause = Cause::Error("the password is 123".into());
    BatchError::Failed(BatchFailure::new("batch".into(), 1, 1, cause))
}

fn full() -> BatchError<&'static str> {
    BatchError::Refused(Refusal::Full { retry_after: Duration::from_millis(1_500) })
}

fn answer(answering: &Answering, error: BatchError<&'static str>, content_type: &str) -> Response {
    let parts = parts(content_type);
    answering.answer(Err(error), &answering.asked(&parts))
}

#[test]
fn each_error_has_its_status_and_its_code() {
    let refused = BatchError::Refused;
    for (error, status, code) in [
        (full(), 503, "14"),
        (refused(Refusal::TooHeavy { weight: 9, max: 7 }), 413, "8"),
        (refused(Refusal::Closed), 503, "14"),
        (refused(Refusal::NoRuntime), 500, "13"),
        (failed(), 500, "13"),
        (BatchError::Item("not found"), 500, "13"),
    ] {
        let plain = answer(&answering(), error.clone(), "text/plain");
        assert_eq!(plain.status(), status, "{error:?}");
        let grpc = answer(&answering(), error.clone(), "application/grpc");
        assert_eq!(grpc.status(), StatusCode::OK);
        assert_eq!(grpc.headers()["grpc-status"], code, "{error:?}");
        let is_refusal = matches!(error, BatchError::Refused(_));
        for answer in [plain, grpc] {
            assert_eq!(Rejected::is_on(&answer), is_refusal, "{error:?}");
        }
    }
}

#[test]
fn who_is_refused_learns_when_to_come_again() {
    assert_eq!(answer(&answering(), full(), "text/plain").headers()[RETRY_AFTER], "2");
    let grpc = answer(&answering(), full(), "application/grpc");
    assert_eq!(grpc.headers()["grpc-retry-pushback-ms"], "1500");
    // How long it will take is not known before the first call has ended: at once would only make it worse.
    let unknown = BatchError::Refused(Refusal::Full { retry_after: Duration::ZERO });
    let grpc = answer(&answering(), unknown, "application/grpc");
    assert_eq!(grpc.headers()["grpc-retry-pushback-ms"], "1000");
}

#[test]
fn an_error_of_its_own_is_answered_as_the_user_says() {
    let answer = answer(&answering(), BatchError::Item("mine"), "text/plain");
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(!Rejected::is_on(&answer));
}

#[test]
fn the_head_is_kept_for_whoever_renders_with_it() {
    let mut answering = answering();
    assert!(matches!(answering.asked(&parts("text/plain")), Asked::Plainly));
    assert!(matches!(answering.asked(&parts("application/grpc")), Asked::ByGrpc));
    answering.on_reject = Some(Arc::new(|rejection, head| {
        let text = format!("{} {:?}", head.uri.path(), rejection.reason());
        http::Response::builder().header("x-text", text).body(Bytes::new()).unwrap()
    }));
    let refused = answer(&answering, full(), "text/plain");
    assert_eq!(
        (&refused.headers()["x-text"], &refused.headers()[RETRY_AFTER]),
        (&"/here Overloaded".parse().unwrap(), &"2".parse().unwrap())
    );
    assert!(Rejected::is_on(&refused));
    let failed = answer(&answering, failed(), "text/plain");
    assert_eq!(failed.headers()["x-text"], "/here BatchFailed");
    assert!(!Rejected::is_on(&failed));
    let unread = answering.reject(&Unread::Slow.rejection(10), &Head::from(&parts("")));
    assert_eq!(unread.headers()["x-text"], "/here SlowBody");
    assert!(Rejected::is_on(&unread));
}
