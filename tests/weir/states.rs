use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::{spawn, sync::Semaphore, task::yield_now};
use tower::{Layer, ServiceExt, service_fn};
use tower_weir::circuit_breaker::State;

use super::world::{Ask, File, builder, counting, from, get, with};

#[tokio::test]
async fn circuits_of_keys_stay_open_under_other_settings() {
    let section = |minimum| {
        format!(
            "[defaults]\ncircuit_breaker = {{ window = 9, minimum = {minimum}, key = 'header:x-user' }}\n"
        )
    };
    let file = File::new(&section(2));
    let (builder, hand) = builder();
    let weir = builder.file(&file.0).build().unwrap();
    let service = counting(&weir);
    let ask = |user| with(get("/"), "x-user", user);
    for _ in 0..2 {
        assert_eq!(service.status(with(ask("a"), "x-fail", "yes")).await, 500);
    }
    assert_eq!(service.status(with(ask("b"), "x-fail", "yes")).await, 500);
    assert_eq!((service.status(ask("a")).await, service.status(ask("b")).await), (503, 200));
    file.write(&section(4));
    weir.handle().reload().unwrap();
    assert_eq!((service.status(ask("a")).await, service.status(ask("b")).await), (503, 200));
    let breaker = weir.handle().circuit_breaker("default").unwrap().breakers().next().unwrap();
    assert_eq!(breaker.known_key("a").unwrap().state(), State::Open);
    assert_eq!(breaker.known_key("b").unwrap().counts().calls, 3, "the window is the same");
    hand.advance(Duration::from_secs(10));
    assert_eq!(service.status(ask("a")).await, 200, "a probe");
}

#[tokio::test]
async fn limits_of_keys_count_on_under_another_limit() {
    let section = |limit| {
        format!("[defaults]\nconcurrency = {{ limit = {limit}, max_queue = 0, key = 'peer_ip' }}\n")
    };
    let file = File::new(&section(1));
    let weir = builder().0.file(&file.0).build().unwrap();
    let doors = Arc::new(Semaphore::new(0));
    let waits = Arc::clone(&doors);
    let service = weir.layer().layer(service_fn(move |_: Request<Full<Bytes>>| {
        let doors = Arc::clone(&waits);
        async move {
            doors.acquire().await.unwrap().forget();
            Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::default()))
        }
    }));
    let first = spawn(service.clone().oneshot(from(get("/"), "192.0.2.1")));
    yield_now().await;
    assert_eq!(service.status(from(get("/"), "192.0.2.1")).await, 503);
    file.write(&section(2));
    weir.handle().reload().unwrap();
    let second = spawn(service.clone().oneshot(from(get("/"), "192.0.2.1")));
    yield_now().await;
    assert_eq!(service.status(from(get("/"), "192.0.2.1")).await, 503, "two are in");
    assert_eq!(weir.handle().concurrency("default").unwrap().in_flight(), 2);

    let drained = spawn({
        let handle = weir.handle();
        async move { handle.drain().await }
    });
    yield_now().await;
    assert!(!drained.is_finished());
    assert_eq!(service.status(from(get("/"), "192.0.2.3")).await, 503, "nobody is let in");
    doors.add_permits(2);
    drop((first.await.unwrap(), second.await.unwrap()));
    drained.await.unwrap();
}

#[tokio::test]
async fn what_was_counted_of_a_cache_stays_and_is_told_of_all_routes() {
    let section = |ttl| {
        format!(
            "[defaults]\ncache = {{ ttl = '{ttl}' }}\n[[route]]\npath = '/a'\ncache = {{ query = 'sorted' }}\n"
        )
    };
    let file = File::new(&section("1h"));
    let weir = builder().0.file(&file.0).build().unwrap();
    let service = counting(&weir);
    for _ in 0..3 {
        service.ask(get("/a")).await;
        service.ask(get("/b")).await;
    }
    let hits = || -> u64 {
        let stats = weir.handle().cache().unwrap().stats();
        stats.routes.iter().map(|route| route.hits).sum()
    };
    assert_eq!(hits(), 4);
    file.write(&section("2h"));
    weir.handle().reload().unwrap();
    service.ask(get("/a")).await;
    assert_eq!(hits(), 5);
}

#[tokio::test]
async fn a_cache_may_keep_users_apart() {
    let weir = super::world::weir(
        "[defaults]\ncache = { ttl = '1h', key = 'header:x-user', disregard = ['x-user'] }\n",
    );
    let service = counting(&weir);
    let ask = |user| with(get("/"), "x-user", user);
    assert_eq!(service.ask(ask("a")).await.1, "0");
    assert_eq!(service.ask(ask("b")).await.1, "1");
    assert_eq!(service.ask(ask("a")).await.1, "0");
    weir.handle().cache().unwrap().purge(&"http://weir.test/".parse().unwrap());
    assert_eq!(service.ask(ask("a")).await.1, "2");
}
