//! Until when requests are worth answering.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tokio::time::sleep;
use tower_weir::{
    batch::HttpBatched,
    clock::{Clock, Timestamp},
    deadline::Deadline,
};

use crate::kit::{LINGER, Piece, Record, Watch, call, coming, layer, post, send};

const HALF: Duration = Duration::from_millis(10);

fn with_timeout<B>(mut request: Request<B>, timeout: &str) -> Request<B> {
    request.headers_mut().insert("grpc-timeout", timeout.parse().unwrap());
    request
}

/// The service, and a clock by which it reads deadlines.
fn service(record: &Record) -> (HttpBatched<Full<Bytes>>, Clock) {
    let clock = Clock::runtime();
    (layer().clock(clock.clone()).http().service_fn(record.echo()), clock)
}

fn due(clock: &Clock, after: Duration) -> Timestamp {
    clock.now().saturating_add(after)
}

#[tokio::test(start_paused = true)]
async fn a_batch_does_not_wait_past_the_deadline_of_one_of_its_requests() {
    let record = Record::default();
    let (service, clock) = service(&record);
    for by_header in [true, false] {
        let mut hurried = call();
        if by_header {
            hurried = with_timeout(hurried, "10m");
        } else {
            hurried.extensions_mut().insert(Deadline(due(&clock, HALF)));
        }
        let watch = Watch::start();
        let (hurried, other) = tokio::join!(send(&service, hurried), send(&service, post("/", "")));
        assert_eq!((hurried.header("grpc-status"), hurried.status, other.status), ("", 200, 200));
        assert_eq!(watch.elapsed(), HALF);
        sleep(Duration::from_millis(1)).await;
    }
    let watch = Watch::start();
    send(&service, with_timeout(call(), "10S")).await;
    assert_eq!(watch.elapsed(), LINGER);
    assert_eq!(record.sizes(), [2, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_too_late_enters_no_batch() {
    let record = Record::default();
    let (service, clock) = service(&record);
    let late = send(&service, with_timeout(call(), "0n")).await;
    assert_eq!((late.status, late.header("grpc-status")), (200, "4"));
    let mut set = post("/", "");
    set.extensions_mut().insert(Deadline(clock.now()));
    let late = send(&service, set).await;
    assert_eq!((late.status, late.is_rejection), (408, true));
    assert!(record.sizes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_body_may_take_no_longer_than_the_request_has_time() {
    let record = Record::default();
    let (service, _) = service(&record);
    let (request, _body) = coming("/");
    let watch = Watch::start();
    assert_eq!(send(&service, with_timeout(request, "2S")).await.status, 408);
    assert_eq!(watch.elapsed(), Duration::from_secs(2));
    assert!(record.sizes().is_empty());
}

/// Layers inside would count from when the body was there.
#[tokio::test(start_paused = true)]
async fn a_timeout_is_counted_from_the_arrival_of_the_head() {
    let record = Record::default();
    let (service, clock) = service(&record);
    let (request, body) = coming("/");
    let until = due(&clock, Duration::from_millis(110));
    let watch = Watch::start();
    let (answer, ()) = tokio::join!(send(&service, with_timeout(request, "110m")), async {
        sleep(Duration::from_millis(100)).await;
        drop(body);
    });
    assert_eq!(answer.status, 200);
    // Had it been counted anew, the linger would have been over first.
    assert_eq!(watch.elapsed(), Duration::from_millis(110));
    let request = &record.take()[0];
    assert_eq!(request.extensions().get(), Some(&Deadline(until)));
    assert_eq!(request.headers()["grpc-timeout"], "110m");
}

#[tokio::test(start_paused = true)]
async fn whoever_reads_deadlines_otherwise_does_so_alone() {
    let record = Record::default();
    let clock = Clock::runtime();
    let layer = layer().clock(clock).deadline_by(|request, now| {
        let millis = request.headers().get("x-millis")?.to_str().ok()?.parse().ok()?;
        Some(now.saturating_add(Duration::from_millis(millis)))
    });
    let service = layer.http().service_fn(record.echo());
    let watch = Watch::start();
    assert_eq!(send(&service, with_timeout(call(), "0n")).await.header("grpc-status"), "");
    assert_eq!(watch.elapsed(), LINGER);
    let mut hurried = post("/", "");
    hurried.headers_mut().insert("x-millis", 10.into());
    sleep(Duration::from_millis(1)).await;
    let watch = Watch::start();
    send(&service, hurried).await;
    assert_eq!(watch.elapsed(), HALF);
    assert!(record.take()[0].extensions().get::<Deadline>().is_none());
}

/// An end of a body that came in time is not punished for what the runtime did meanwhile.
#[tokio::test(start_paused = true)]
async fn a_request_that_is_there_in_time_is_answered_after_its_deadline_too() {
    let record = Record::default();
    let clock = Clock::runtime();
    let seen = record.clone();
    let service = layer().clock(clock).http().service_fn(async move |batch: Vec<_>| {
        let answers = (seen.echo())(batch).await;
        sleep(Duration::from_secs(1)).await;
        answers
    });
    let (request, body) = coming("/");
    body.send(Piece::Data("a")).unwrap();
    drop(body);
    assert_eq!(send(&service, with_timeout(request, "5m")).await.text, "a");
}
