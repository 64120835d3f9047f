//! How bodies are read.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{Empty, Limited};
use tokio::time::{advance, sleep, timeout};
use tower::Service;
use tower_weir::batch::RequestTrailers;

use crate::kit::{LINGER, Piece, Record, Watch, call, call_with, coming, layer, post, send};

#[tokio::test(start_paused = true)]
async fn requests_that_come_together_are_served_together() {
    let record = Record::default();
    let service = layer().http().service_fn(record.echo());
    let (one, two, three) = tokio::join!(
        send(&service, post("/1", "one")),
        send(&service, Request::get("/2").body(Empty::<Bytes>::new()).unwrap()),
        async {
            let (request, body) = coming("/3");
            let send = send(&service, request);
            body.send(Piece::Data("th")).unwrap();
            body.send(Piece::Data("ree")).unwrap();
            drop(body);
            send.await
        },
    );
    assert_eq!((&*one.text, &*two.text, &*three.text), ("one", "", "three"));
    assert_eq!((one.status, one.is_rejection), (200, false));
    assert_eq!(record.batches(), [["/1 one", "/2 ", "/3 three"]]);
}

#[tokio::test(start_paused = true)]
async fn a_body_may_have_as_many_bytes_as_was_said() {
    let record = Record::default();
    let service = layer().http().max_body_bytes(5).service_fn(record.echo());
    assert_eq!(send(&service, post("/", "12345")).await.text, "12345");
    let refused = send(&service, post("/", "123456")).await;
    assert_eq!((refused.status, refused.is_rejection), (413, true));
    assert_eq!(refused.detail(), "the body of the request may have 5 bytes");
    assert_eq!(record.sizes(), [1]);
}

#[tokio::test(start_paused = true)]
async fn sixty_four_kibibytes_are_let_in_unless_something_else_was_said() {
    let service = layer().http().service_fn(Record::default().echo());
    let most = "x".repeat(64 << 10);
    assert_eq!(send(&service, post("/", &most)).await.status, 200);
    assert_eq!(send(&service, post("/", &(most + "x"))).await.status, 413);
}

/// The end need not be waited for.
#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_rejected_as_soon_as_it_is() {
    let record = Record::default();
    let service = layer().http().max_body_bytes(5).service_fn(record.echo());
    let (request, body) = coming("/");
    let watch = Watch::start();
    let (refused, ()) = tokio::join!(send(&service, request), async {
        body.send(Piece::Data("123")).unwrap();
        sleep(Duration::from_secs(1)).await;
        body.send(Piece::Data("456")).unwrap();
    });
    assert_eq!((refused.status, watch.elapsed()), (413, Duration::from_secs(1)));
    drop(body);
    assert!(record.sizes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn grpc_learns_of_a_message_that_is_too_large() {
    let service = layer().http().max_body_bytes(5).service_fn(Record::default().echo());
    let refused = send(&service, call_with("123456")).await;
    assert_eq!((refused.status, refused.header("grpc-status"), &*refused.text), (200, "8", ""));
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_waited_for_as_long_as_it_may_take() {
    let record = Record::default();
    let service = layer().http().max_body_wait(Duration::from_secs(2)).service_fn(record.echo());
    let (request, body) = coming("/");
    let watch = Watch::start();
    let (refused, ()) = tokio::join!(send(&service, request), async {
        // It gains no time by it.
        sleep(Duration::from_secs(1)).await;
        body.send(Piece::Data("123")).unwrap();
    });
    assert_eq!((refused.status, refused.is_rejection), (408, true));
    assert_eq!(watch.elapsed(), Duration::from_secs(2));
    drop(body);
    assert!(record.sizes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn five_seconds_are_waited_for_a_body_unless_something_else_was_said() {
    let service = layer().http().service_fn(Record::default().echo());
    let (request, _body) = coming("/");
    let watch = Watch::start();
    assert_eq!(send(&service, request).await.status, 408);
    assert_eq!(watch.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_is_for_nobody() {
    let record = Record::default();
    let service = layer().http().service_fn(record.echo());
    for is_grpc in [false, true] {
        let (mut request, body) = coming("/");
        if is_grpc {
            *request.headers_mut() = call().headers().clone();
        }
        body.send(Piece::Data("a")).unwrap();
        body.send(Piece::Error).unwrap();
        let refused = send(&service, request).await;
        match is_grpc {
            false => assert_eq!(
                (refused.status, &*refused.detail()),
                (400, "the body of the request broke off")
            ),
            true => assert_eq!((refused.status, refused.header("grpc-status")), (200, "3")),
        }
        assert!(refused.is_rejection);
    }
    assert!(record.sizes().is_empty());
}

/// As `tower_http::limit` makes one of a body without a length.
#[tokio::test(start_paused = true)]
async fn a_limit_of_a_layer_outside_is_told_as_such() {
    let service = layer().http().service_fn(Record::default().echo());
    let (request, body) = coming("/");
    body.send(Piece::Data("123")).unwrap();
    drop(body);
    let refused = send(&service, request.map(|body| Limited::new(body, 2))).await;
    assert_eq!((refused.status, refused.is_rejection), (413, true));
}

#[tokio::test(start_paused = true)]
async fn trailers_are_an_extension() {
    let record = Record::default();
    let service = layer().http().service_fn(record.echo());
    let trailers = HeaderMap::from_iter([("digest".parse().unwrap(), "x".parse().unwrap())]);
    let (request, body) = coming("/");
    body.send(Piece::Data("a")).unwrap();
    body.send(Piece::Trailers(trailers.clone())).unwrap();
    drop(body);
    assert_eq!(send(&service, request).await.text, "a");
    let request = &record.take()[0];
    assert_eq!(request.extensions().get(), Some(&RequestTrailers(trailers)));
    assert!(request.headers().is_empty());
    send(&service, post("/", "a")).await;
    assert!(record.take()[0].extensions().get::<RequestTrailers>().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_its_body_comes_is_in_no_batch() {
    let record = Record::default();
    let service = layer().http().service_fn(record.echo());
    let (request, body) = coming("/1");
    {
        let mut call = pin!(service.clone().call(request));
        body.send(Piece::Data("a")).unwrap();
        let polled = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
        assert!(polled.is_pending());
    }
    assert!(body.is_closed(), "the body is dropped with it");
    send(&service, post("/2", "")).await;
    assert_eq!(record.batches(), [["/2 "]]);
    let stats = service.handle().stats();
    assert_eq!((stats.items, stats.abandoned), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_it_waits_takes_its_request_with_it() {
    let record = Record::default();
    let service = layer().http().service_fn(record.echo());
    let staying = tokio::spawn({
        let service = service.clone();
        async move { send(&service, post("/1", "")).await }
    });
    {
        let mut call = pin!(service.clone().call(post("/2", "")));
        let polled = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
        assert!(polled.is_pending());
        advance(LINGER / 2).await;
    }
    assert_eq!(staying.await.unwrap().status, 200);
    assert_eq!(record.batches(), [["/1 "]]);
    assert_eq!(service.handle().stats().abandoned, 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_after_its_batch_was_sent_disturbs_nobody() {
    let record = Record::default();
    let seen = record.clone();
    let service = layer().max_size(2).http().service_fn(async move |batch: Vec<_>| {
        let answers = (seen.echo())(batch).await;
        sleep(Duration::from_secs(1)).await;
        answers
    });
    let (_, staying) = tokio::join!(
        timeout(Duration::from_millis(500), send(&service, post("/1", "one"))),
        send(&service, post("/2", "two"))
    );
    assert_eq!(staying.text, "two");
    assert_eq!(record.batches(), [["/1 one", "/2 two"]]);
    assert_eq!(service.handle().stats().abandoned, 0);
}

/// As when a future moves to another task: the last waker is the one that counts.
#[tokio::test(start_paused = true)]
async fn a_client_is_woken_by_its_last_waker() {
    let service = layer().max_size(2).http().service_fn(Record::default().echo());
    let mut call = pin!(service.clone().call(post("/1", "one")));
    let (first, second) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
    for bell in [&first, &second] {
        let waker = Waker::from(Arc::clone(bell));
        assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    send(&service, post("/2", "two")).await;
    assert_eq!((first.0.load(SeqCst), second.0.load(SeqCst)), (0, 1));
    assert_eq!(call.await.unwrap().status().as_u16(), 200);
}

/// A waker that counts.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// The queue is closed when the last service goes, which a server drops as soon as it has called it.
#[tokio::test(start_paused = true)]
async fn what_is_still_being_read_is_taken_in_after_the_service_is_gone() {
    let record = Record::default();
    let mut service = layer().http().service_fn(record.echo());
    let (request, body) = coming("/");
    let call = service.call(request);
    drop(service);
    let watch = Watch::start();
    let (answer, ()) = tokio::join!(call, async {
        sleep(Duration::from_secs(1)).await;
        body.send(Piece::Data("late")).unwrap();
        drop(body);
    });
    assert_eq!(answer.unwrap().status().as_u16(), 200);
    assert_eq!(record.batches(), [["/ late"]]);
    // Nobody else can come any more.
    assert_eq!(watch.elapsed(), Duration::from_secs(1));
}
