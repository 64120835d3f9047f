//! What was stored under some rules is given under no others.

use std::{convert::Infallible, future::ready, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::{
    sync::Semaphore,
    task::{LocalSet, spawn_local, yield_now},
};
use tower::{Layer, ServiceExt, service_fn};
use tower_weir::Weir;

use super::world::{Ask, File, builder, from, get, with};

/// Tells who asked, by all that may tell it, and sets a cookie if it is asked to.
fn telling(weir: &Weir) -> impl Ask + use<> {
    weir.layer().layer(service_fn(|request: Request<Full<Bytes>>| {
        let of = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let names = ["x-team", "x-plan", "authorization", "cookie"];
        let who: Vec<_> = names.iter().filter_map(|name| of(*name)).collect();
        let query = request.uri().query().unwrap_or_default();
        let mut response = Response::new(Full::<Bytes>::from(format!("{}{query}", who.join(" "))));
        if let Some(cookie) = of("x-set") {
            response.headers_mut().insert("set-cookie", cookie.parse().unwrap());
        }
        ready(Ok::<_, Infallible>(response))
    }))
}

/// Tells who asked, one for each permit of `doors`.
fn held(weir: &Weir, doors: &Arc<Semaphore>) -> impl Ask + Clone + 'static + use<> {
    let doors = Arc::clone(doors);
    weir.layer().layer(service_fn(move |request: Request<Full<Bytes>>| {
        let doors = Arc::clone(&doors);
        async move {
            doors.acquire().await.unwrap().forget();
            let user = request.headers()["x-team"].as_bytes().to_vec();
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(user)))
        }
    }))
}

/// What `second` gets after `first` was answered under one section, and the section was changed.
async fn after(
    before: &str,
    now: &str,
    first: Request<Full<Bytes>>,
    second: Request<Full<Bytes>>,
) -> String {
    let text = |section: &str| format!("[defaults]\ncache = {{ ttl = '1h', {section} }}\n");
    let file = File::new(&text(before));
    let weir = builder().0.file(&file.0).build().unwrap();
    let service = telling(&weir);
    service.ask(first).await;
    file.write(&text(now));
    weir.handle().reload().unwrap();
    service.ask(second).await.1
}

#[tokio::test]
async fn who_is_told_apart_since_a_reload_gets_nothing_of_others() {
    let alice = || with(get("/"), "x-team", "alice");
    let mine = after("", "key = 'header:x-team'", alice(), with(get("/"), "x-team", "bob"));
    assert_eq!(mine.await, "bob");
    let mine = after("", "vary = ['x-team']", alice(), get("/"));
    assert_eq!(mine.await, "");
    // The same value of another field.
    let other = || with(with(get("/"), "x-plan", "alice"), "x-team", "bob");
    for (before, now) in [
        ("key = 'header:x-team'", "key = 'header:x-plan'"),
        ("vary = ['x-team']", "vary = ['x-plan']"),
        ("vary = ['x-team']", "key = 'header:x-plan'"),
    ] {
        assert_eq!(after(before, now, alice(), other()).await, "bob alice");
    }
}

#[tokio::test]
async fn what_was_meant_for_one_user_is_given_to_nobody_once_that_is_forbidden() {
    let alice = with(get("/"), "authorization", "Bearer alice");
    let shared = "authorization = 'share_private_data_with_everyone'";
    assert_eq!(after(shared, "", alice, get("/")).await, "");
}

#[tokio::test]
async fn cookies_that_were_shared_are_given_to_nobody_once_that_is_refused() {
    let text = |section: &str| format!("[defaults]\ncache = {{ ttl = '1h', {section} }}\n");
    let file = File::new(&text("set_cookie = 'share'"));
    let weir = builder().0.file(&file.0).build().unwrap();
    let service = weir.layer().layer(service_fn(|_: Request<Full<Bytes>>| {
        let response = Response::builder().header("set-cookie", "session=alice");
        ready(Ok::<_, Infallible>(response.body(Full::<Bytes>::from("hello")).unwrap()))
    }));
    let statuses = || async {
        let mut told = Vec::new();
        for _ in 0..2 {
            let response = service.clone().oneshot(get("/")).await.unwrap();
            let status = response.headers()["cache-status"].to_str().unwrap().to_owned();
            told.push(status.contains("hit"));
        }
        told
    };
    assert_eq!(statuses().await, [false, true]);
    file.write(&text(""));
    weir.handle().reload().unwrap();
    assert_eq!(statuses().await, [false, false]);
}

#[tokio::test]
async fn what_was_disregarded_counts_again_after_a_reload() {
    let alice = with(get("/"), "cookie", "session=alice");
    assert_eq!(after("disregard = ['cookie']", "", alice, get("/")).await, "");
    let alice = get("/?user=alice");
    assert_eq!(after("query = 'ignored'", "", alice, get("/")).await, "");
    let alice = get("/?q=1&user=alice");
    assert_eq!(after("query = { only = ['q'] }", "", alice, get("/?q=1")).await, "q=1");
}

#[tokio::test]
async fn an_address_that_others_told_of_is_another_than_that_of_a_peer() {
    let text = |proxies: &str| {
        format!(
            "trusted_proxies.cidrs = ['{proxies}']\n[defaults]\ncache = {{ ttl = '1h', key = 'forwarded' }}\n"
        )
    };
    let file = File::new(&text("192.0.2.0/24"));
    let weir = builder().0.file(&file.0).build().unwrap();
    let service = telling(&weir);
    let claims = |peer, user: &str| {
        let request = with(from(get("/"), peer), "x-forwarded-for", "203.0.113.7");
        with(request, "x-team", user)
    };
    assert_eq!(service.ask(claims("192.0.2.1", "mallory")).await.1, "mallory");
    // That proxy is trusted no more; another is, which tells the truth.
    file.write(&text("198.51.100.0/24"));
    weir.handle().reload().unwrap();
    assert_eq!(service.ask(claims("198.51.100.1", "alice")).await.1, "alice");
}

#[tokio::test]
async fn what_is_under_way_at_a_reload_is_stored_for_nobody_under_other_rules() {
    let text = |section: &str| format!("[defaults]\ncache = {{ ttl = '1h', {section} }}\n");
    let file = File::new(&text(""));
    let weir = builder().0.file(&file.0).build().unwrap();
    let doors = Arc::new(Semaphore::new(0));
    let service = held(&weir, &doors);
    let ask = |user| {
        let (service, request) = (service.clone(), with(get("/"), "x-team", user));
        spawn_local(async move { service.ask(request).await.1 })
    };
    let all = async {
        let alice = ask("alice");
        yield_now().await;
        file.write(&text("vary = ['x-team']"));
        weir.handle().reload().unwrap();
        file.write(&text("query = 'ignored'"));
        weir.handle().reload().unwrap();
        let bob = ask("bob");
        yield_now().await;
        doors.add_permits(2);
        assert_eq!((&*alice.await.unwrap(), &*bob.await.unwrap()), ("alice", "bob"));
    };
    LocalSet::new().run_until(all).await;
}

#[tokio::test]
async fn entries_are_found_again_under_the_same_rules() {
    let text = |section: &str| format!("[defaults]\ncache = {{ ttl = '1h', {section} }}\n");
    let file = File::new(&text("vary = ['accept'], query = 'sorted'"));
    let weir = builder().0.file(&file.0).build().unwrap();
    let service = telling(&weir);
    assert_eq!(service.ask(with(get("/"), "x-team", "alice")).await.1, "alice");
    for other in ["vary = ['x-team']", "vary = ['accept'], query = 'sorted', stale_if_error = '1m'"]
    {
        file.write(&text(other));
        weir.handle().reload().unwrap();
    }
    assert_eq!(service.ask(get("/")).await.1, "alice");
}

#[tokio::test]
async fn calls_are_not_shared_by_those_whom_the_cache_tells_apart() {
    for told_apart in ["key = 'header:x-team'", "vary = ['x-team']"] {
        let weir = super::world::weir(&format!(
            "[defaults]\ncoalesce = true\n[[route]]\npath = '/me'\ncache = {{ ttl = '1h', {told_apart} }}\n"
        ));
        let doors = Arc::new(Semaphore::new(0));
        let service = held(&weir, &doors);
        let ask = |user| {
            let (service, request) = (service.clone(), with(get("/me"), "x-team", user));
            spawn_local(async move { service.ask(request).await.1 })
        };
        let both = async {
            let (alice, bob) = (ask("alice"), ask("bob"));
            for _ in 0..20 {
                yield_now().await;
            }
            doors.add_permits(2);
            assert_eq!((&*alice.await.unwrap(), &*bob.await.unwrap()), ("alice", "bob"));
        };
        LocalSet::new().run_until(both).await;
    }
}
