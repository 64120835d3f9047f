//! What is counted of a request, whatever becomes of it.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use http::{HeaderMap, HeaderValue, Method, StatusCode, header::CONTENT_LENGTH};
use http_body::Frame;
use http_body_util::Empty;
use tower::service_fn;
use tower_weir::{
    profile::{
        Outcome::{
            BodyError, CancelledBeforeHeaders, CancelledInBody, ClientError, Panic, ServerError,
            ServiceError,
        },
        RouteReporter,
    },
    route::RouteTable,
};

use super::*;

/// A body of these frames, whose length nobody knows before.
struct Frames(VecDeque<Result<Frame<Bytes>, &'static str>>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        Poll::Ready(self.0.pop_front())
    }
}

fn frames(frames: impl IntoIterator<Item = Result<Frame<Bytes>, &'static str>>) -> Frames {
    Frames(frames.into_iter().collect())
}

const OK: Outcome = Outcome::Ok;

fn data(text: &'static str) -> Result<Frame<Bytes>, &'static str> {
    Ok(Frame::data(Bytes::from(text)))
}

fn trailers(code: &'static str) -> Result<Frame<Bytes>, &'static str> {
    let trailers = [("grpc-status".parse().unwrap(), HeaderValue::from_static(code))];
    Ok(Frame::trailers(HeaderMap::from_iter(trailers)))
}

#[test]
fn a_request_is_counted_once_its_body_has_ended() {
    let (profile, hand) = profile();
    let layer = ProfileLayer::new(profile.clone());
    let slow = service_fn(async |request| {
        hand.advance(millis(30));
        fine(request).await
    });
    let answer = send(&layer, slow, get("/")).unwrap();
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
}

/// Sends one request and reads its answer; the outcome that is counted.
fn outcome_of<B>(request: Request<Full<Bytes>>, answer: Response<B>) -> Outcome
where
    B: http_body::Body<Data = Bytes>,
{
    let (profile, _) = profile();
    let mut answer = Some(answer);
    let inner = service_fn(|_| {
        let answer = answer.take().unwrap();
        async { Ok::<_, Infallible>(answer) }
    });
    let _ = read(send(&ProfileLayer::new(profile.clone()), inner, request).unwrap());
    counted(&profile)
}

/// The outcome of the only request.
fn counted(profile: &Profile) -> Outcome {
    let [(_, _, outcome, 1)] = outcomes(profile)[..] else { panic!("{:?}", outcomes(profile)) };
    outcome
}

#[test]
fn statuses_tell_who_is_to_blame() {
    let expected =
        [(200, OK), (204, OK), (304, OK), (301, OK), (404, ClientError), (429, ClientError)];
    for (status, outcome) in expected.into_iter().chain([(500, ServerError), (503, ServerError)]) {
        let answer = Response::builder().status(status).body(Full::from("text")).unwrap();
        assert_eq!(outcome_of(get("/"), answer), outcome, "{status}");
    }
}

fn call(path: &str) -> Request<Full<Bytes>> {
    let request = Request::post(path).header("content-type", "application/grpc+proto");
    request.body(Full::default()).unwrap()
}

/// An answer of a gRPC service.
fn spoken<B>(body: B) -> Response<B> {
    Response::builder().header("content-type", "application/grpc").body(body).unwrap()
}

#[test]
fn grpc_codes_in_trailers_and_in_headers_tell_who_is_to_blame() {
    let expected = [
        ("0", OK),
        ("1", ClientError),
        ("2", ServerError),
        ("3", ClientError),
        ("4", ServerError),
        ("5", ClientError),
        ("8", ClientError),
        ("12", ServerError),
        ("13", ServerError),
        ("14", ServerError),
        ("15", ServerError),
        ("16", ClientError),
        ("17", ServerError),
    ];
    for (code, outcome) in expected {
        let answer = spoken(frames([data("message"), trailers(code)]));
        assert_eq!(outcome_of(call("/a.B/C"), answer), outcome, "{code} in trailers");
        let answer = Response::builder().header("grpc-status", code).body(Empty::<Bytes>::new());
        assert_eq!(outcome_of(call("/a.B/C"), answer.unwrap()), outcome, "{code} in headers");
    }
    // What is no answer of gRPC's (gRPC, "HTTP to gRPC Status Code Mapping").
    let unavailable = Response::builder().status(503).body(Empty::<Bytes>::new()).unwrap();
    assert_eq!(outcome_of(call("/a.B/C"), unavailable), ServerError);
    let forbidden = Response::builder().status(403).body(Empty::<Bytes>::new()).unwrap();
    assert_eq!(outcome_of(call("/a.B/C"), forbidden), ClientError);
    let answer = spoken(frames([data("and no code")]));
    assert_eq!(outcome_of(call("/a.B/C"), answer), ServerError);
    // What is not asked of a gRPC service at all.
    let missing = Response::builder().status(404).body(Empty::<Bytes>::new()).unwrap();
    assert_eq!(outcome_of(call("/a.B/C"), missing), ClientError);
    assert_eq!(outcome_of(call("/index"), Response::new(Full::from("a page"))), OK);
}

#[test]
fn a_client_that_leaves_is_told_apart_by_when_it_left() {
    let (profile, _) = profile();
    let layer = ProfileLayer::new(profile.clone());
    let stuck = || {
        service_fn(async |_: Request<Full<Bytes>>| {
            std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>().await
        })
    };
    let mut service = layer.layer(stuck());
    drop(service.call(get("/never-polled")));
    {
        let mut call = pin!(service.call(get("/")));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(only(&profile).in_flight, 1);
    }
    assert_eq!(outcomes(&profile), [("_unmatched".to_owned(), "GET", CancelledBeforeHeaders, 2)]);

    profile.reset();
    let streams =
        service_fn(async |_| Ok::<_, Infallible>(Response::new(frames([data("a"), data("b")]))));
    drop(send(&layer, streams, get("/")).unwrap());
    assert_eq!(counted(&profile), CancelledInBody);
    let bytes = only(&profile).stats(Window::Lifetime).response_bytes;
    assert_eq!(bytes, 0);
}

#[test]
fn a_body_that_is_let_go_of_when_all_announced_bytes_were_taken_is_whole() {
    let announced = |length: u64| {
        let (profile, _) = profile();
        let layer = ProfileLayer::new(profile.clone());
        let inner = service_fn(async |_| {
            let mut answer = Response::new(frames([data("four"), data("more")]));
            answer.headers_mut().insert(CONTENT_LENGTH, length.into());
            Ok::<_, Infallible>(answer)
        });
        let mut body = send(&layer, inner, get("/")).unwrap().into_body();
        let frame = futures_executor::block_on(body.frame()).unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "four");
        drop(body);
        counted(&profile)
    };
    assert_eq!(announced(4), OK);
    assert_eq!(announced(8), CancelledInBody);
}

#[test]
fn what_has_no_body_to_send_ends_with_its_head() {
    for (method, status) in
        [("HEAD", 200), ("GET", 304), ("GET", 204), ("GET", 101), ("CONNECT", 200)]
    {
        let (profile, _) = profile();
        let inner = service_fn(async |_| {
            let answer = Response::builder().status(status).body(frames([data("never sent")]));
            Ok::<_, Infallible>(answer.unwrap())
        });
        let request = Request::builder().method(method).body(Full::default()).unwrap();
        drop(send(&ProfileLayer::new(profile.clone()), inner, request).unwrap());
        assert_eq!(counted(&profile), OK, "{method} {status}");
    }
}

#[test]
fn errors_of_the_service_and_of_the_body() {
    let (profile, _) = profile();
    let layer = ProfileLayer::new(profile.clone());
    let broken = service_fn(async |_| Err::<Response<Full<Bytes>>, _>("broken"));
    assert_eq!(send(&layer, broken, get("/")).unwrap_err(), "broken");
    assert_eq!(counted(&profile), ServiceError);
    profile.reset();
    let answer = service_fn(async |_| {
        Ok::<_, Infallible>(Response::new(frames([data("a"), Err("torn"), data("b")])))
    });
    assert_eq!(read(send(&layer, answer, get("/")).unwrap()).unwrap_err(), "torn");
    assert_eq!(counted(&profile), BodyError);
    assert_eq!(only(&profile).stats(Window::Lifetime).error_rate, 1.0);
}

#[test]
fn a_panic_is_counted_in_call_in_the_future_and_in_the_body() {
    let (profile, _) = profile();
    let layer = ProfileLayer::new(profile.clone());
    let panicking =
        service_fn(|_| -> std::future::Ready<Result<Response<Full<Bytes>>, Infallible>> {
            panic!("in call")
        });
    catch_unwind(AssertUnwindSafe(|| layer.layer(panicking).call(get("/")))).unwrap_err();
    assert_eq!(counted(&profile), Panic);

    profile.reset();
    let panicking = service_fn(async |_| -> Result<Response<Full<Bytes>>, Infallible> {
        panic!("in the future")
    });
    // As where a layer outside catches it, and drops the future later.
    let mut call = Box::pin(layer.layer(panicking).call(get("/")));
    let poll = || call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
    catch_unwind(AssertUnwindSafe(poll)).unwrap_err();
    assert_eq!(counted(&profile), Panic);
    drop(call);
    assert_eq!(counted(&profile), Panic);

    profile.reset();
    struct Panics;
    impl http_body::Body for Panics {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            panic!("in the body")
        }
    }
    let inner = service_fn(async |_| Ok::<_, Infallible>(Response::new(Panics)));
    let answer = send(&layer, inner, get("/")).unwrap();
    catch_unwind(AssertUnwindSafe(|| read(answer))).unwrap_err();
    assert_eq!(counted(&profile), Panic);
    // And nothing of it is left: the next request finds no profile of another's.
    assert!(Profile::current().is_none());
}

#[test]
fn only_the_outermost_layer_counts_and_the_inner_ones_tell_it_the_route() {
    let (outer, _) = profile();
    let (inner, _) = profile();
    let routes = RouteTable::<()>::new().route("/users/{id}", ());
    let stack = ProfileLayer::new(inner.clone()).routes(routes).layer(service_fn(fine));
    read(send(&ProfileLayer::new(outer.clone()), stack, get("/users/7")).unwrap()).unwrap();
    assert_eq!(outcomes(&outer), [("/users/{id}".to_owned(), "GET", OK, 1)]);
    assert_eq!(outcomes(&inner), []);
    // A reporter that knows no route says nothing.
    read(
        send(&ProfileLayer::new(outer.clone()), RouteReporter.layer(service_fn(fine)), get("/x"))
            .unwrap(),
    )
    .unwrap();
    assert_eq!(outcomes(&outer).len(), 2);
}

#[test]
fn a_request_that_is_told_its_route_moves_there_while_it_is_under_way() {
    let (profile, _) = profile();
    let layer = ProfileLayer::new(profile.clone());
    let routes = RouteTable::<()>::new().route("/a", ());
    let tell = ProfileLayer::new(Profile::new()).routes(routes);
    let answer = send(&layer, tell.layer(service_fn(fine)), get("/a")).unwrap();
    let in_flight = |name: &str| {
        let routes = profile.snapshot().routes;
        routes.iter().find(|route| route.route == name).map(|route| route.in_flight)
    };
    assert_eq!((in_flight("/a"), in_flight("_unmatched")), (Some(1), Some(0)));
    drop(answer);
    assert_eq!((in_flight("/a"), in_flight("_unmatched")), (Some(0), Some(0)));
}

#[test]
fn a_route_that_is_told_too_late_moves_nothing() {
    let (profile, _) = profile();
    let routes = RouteTable::<()>::new().route("/a", ());
    let mut kept = None;
    let keep = service_fn(|request| {
        kept = Some(request);
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
    });
    let mut service = ProfileLayer::new(profile.clone()).layer(keep);
    drop(service.call(get("/a")));
    drop(service);
    // As a queue might: the request goes on although its client has gone.
    let tell = ProfileLayer::new(Profile::new()).routes(routes);
    send(&tell, service_fn(fine), kept.unwrap()).unwrap();
    assert_eq!(outcomes(&profile), [("_unmatched".to_owned(), "GET", CancelledBeforeHeaders, 1)]);
}

#[test]
fn methods_that_clients_invent_are_one() {
    let (profile, _) = profile();
    let layer = ProfileLayer::new(profile.clone());
    for method in ["GET", "PUT", "PURGE", "MKCOL", "get"] {
        let request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap());
        let request = request.body(Full::default()).unwrap();
        read(send(&layer, service_fn(fine), request).unwrap()).unwrap();
    }
    let counts: Vec<_> =
        outcomes(&profile).into_iter().map(|(_, method, _, n)| (method, n)).collect();
    assert_eq!(counts, [("GET", 1), ("PUT", 1), ("_OTHER", 3)]);
}

#[test]
fn bytes_are_counted_as_announced_or_as_read() {
    let upload = || Request::post("/").body(frames([data("12345"), data("67")])).unwrap();
    let known = || Request::post("/").body(Full::from("1234567")).unwrap();
    async fn read_all<B>(request: Request<B>) -> Result<Response<Empty<Bytes>>, Infallible>
    where
        B: http_body::Body<Data = Bytes, Error: std::fmt::Debug> + Unpin,
    {
        request.into_body().collect().await.unwrap();
        Ok(Response::new(Empty::new()))
    }
    let bytes = |profile: &Profile| only(profile).stats(Window::Lifetime).request_bytes;
    let (profile, _) = profile();
    let layer = ProfileLayer::new(profile.clone());
    futures_executor::block_on(layer.layer(service_fn(read_all)).oneshot(known())).unwrap();
    assert_eq!(bytes(&profile), 7);
    futures_executor::block_on(layer.layer(service_fn(read_all)).oneshot(upload())).unwrap();
    assert_eq!(bytes(&profile), 7);
    let layer = layer.count_uploads();
    futures_executor::block_on(layer.layer(service_fn(read_all)).oneshot(upload())).unwrap();
    assert_eq!(bytes(&profile), 14);
    // Half of it is read.
    let half = service_fn(async |mut request: Request<GuardedBody<_, _>>| {
        request.body_mut().frame().await.unwrap().unwrap();
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    });
    futures_executor::block_on(layer.layer(half).oneshot(upload())).unwrap();
    assert_eq!(bytes(&profile), 19);
}

#[test]
fn server_timing_is_told_only_if_it_is_wanted() {
    let (profile, hand) = profile();
    let slow = || {
        service_fn(async |request| {
            hand.advance(Duration::from_micros(12_345));
            let mut answer = fine(request).await?;
            answer.headers_mut().insert("server-timing", HeaderValue::from_static("db;dur=7"));
            Ok::<_, Infallible>(answer)
        })
    };
    let layer = ProfileLayer::new(profile);
    let told = |layer: &ProfileLayer| -> Vec<String> {
        let answer = send(layer, slow(), get("/")).unwrap();
        let told = answer.headers().get_all("server-timing").iter();
        told.map(|value| value.to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(told(&layer), ["db;dur=7"]);
    assert_eq!(told(&layer.server_timing(true)), ["db;dur=7", "total;dur=12.3"]);
}

#[test]
fn grpc_methods_are_names_once_something_shows_that_there_are_such() {
    let (profile, _) = profile();
    let layer = ProfileLayer::new(profile.clone());
    let answer = |code: Option<&'static str>| {
        service_fn(move |_| async move {
            let mut answer = spoken(frames([data("message"), trailers("0")]));
            if let Some(code) = code {
                answer.headers_mut().insert("grpc-status", HeaderValue::from_static(code));
            }
            Ok::<_, Infallible>(answer)
        })
    };
    // Clients make up methods; routers and guards answer them with these codes.
    for (n, code) in ["12", "7", "8", "14", "16"].into_iter().cycle().take(5_000).enumerate() {
        read(send(&layer, answer(Some(code)), call(&format!("/made.Up/Method{n}"))).unwrap())
            .unwrap();
    }
    assert_eq!(only(&profile).route, "_unmatched");
    read(send(&layer, answer(None), call("/greet.v1.Greeter/SayHello")).unwrap()).unwrap();
    // Once it is known it is counted, whatever it answers.
    read(send(&layer, answer(Some("14")), call("/greet.v1.Greeter/SayHello")).unwrap()).unwrap();
    let of_greeter: Vec<_> =
        outcomes(&profile).into_iter().filter(|line| line.0 != "_unmatched").collect();
    let name = "/greet.v1.Greeter/SayHello".to_owned();
    assert_eq!(of_greeter, [(name.clone(), "POST", OK, 1), (name, "POST", ServerError, 1)]);
}

#[test]
fn the_number_of_routes_is_capped() {
    let (profile, _) = profile();
    let profile = profile.capacity(3);
    let routes = (0..5).fold(RouteTable::<()>::new(), |table, n| table.route(&format!("/{n}"), ()));
    let layer = ProfileLayer::new(profile.clone()).routes(routes);
    for path in ["/0", "/1", "/2", "/3", "/4", "/0", "/4"] {
        read(send(&layer, service_fn(fine), get(path)).unwrap()).unwrap();
    }
    let counts: Vec<_> =
        outcomes(&profile).into_iter().map(|(route, _, _, n)| (route, n)).collect();
    let expected = [("/0", 2), ("/1", 1), ("/2", 1), ("_unmatched", 3)];
    assert_eq!(counts, expected.map(|(route, n)| (route.to_owned(), n)));
}

#[test]
fn a_status_of_its_own_does_not_matter() {
    let answer =
        Response::builder().status(StatusCode::from_u16(799).unwrap()).body(Full::from("?"));
    assert_eq!(outcome_of(get("/"), answer.unwrap()), OK);
}
