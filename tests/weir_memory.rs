//! What a weir holds: no more for each reload, and for a route what a route takes.

use std::{
    convert::Infallible,
    env, fs,
    future::{Ready, ready},
    process,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::runtime;
use tower::{Layer, Service, ServiceExt};
use tower_weir::{Weir, profile::Profile, stack::Builder};

#[path = "support/allocator.rs"]
#[allow(dead_code)]
mod allocator;

use allocator::growth;

fn builder() -> Builder {
    Weir::builder().environment([("", ""); 0]).profile(Profile::new())
}

#[derive(Clone)]
struct Hello;

impl Service<Request<Full<Bytes>>> for Hello {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        ready(Ok(Response::new(Full::from("hello"))))
    }
}

/// Files of which each has other sections, or the same with other values.
fn texts() -> Vec<String> {
    let sections = [
        "rate_limit = { policies = ['1000000/second'], max_wait = '1s' }",
        "rate_limit = { policies = ['2000000/second', '3000000/minute'], key = 'header:x-key', shadow = true }",
        "concurrency = { limit = 'adaptive' }\ncoalesce = true",
        "concurrency = { limit = 'vegas', max_wait = '1s' }\ncoalesce = { vary = ['accept'] }",
        "concurrency = { limit = 100, key = 'header:x-key', max_keys = 16 }",
        "circuit_breaker = { window = 5 }\nprofile = true",
        "circuit_breaker = { window = 7 }\ncache = { ttl = '1ms' }",
        "circuit_breaker = { window = '1s', key = 'header:x-key' }\ncache = { ttl = '1h', vary = ['accept'] }",
        "profile = { server_timing = true }\ncache = { ttl = '1h', key = 'header:x-key' }",
    ];
    let text = |section: &&str| {
        let route = section.lines().collect::<Vec<_>>().join("\n");
        format!("watch = false\n[[route]]\npath = '/a'\n{route}\n[defaults]\n{section}\n")
    };
    sections.iter().map(text).collect()
}

#[test]
fn a_thousand_reloads_take_no_memory() {
    let path = env::temp_dir().join(format!("weir-memory-{}.toml", process::id()));
    let texts = texts();
    fs::write(&path, &texts[0]).unwrap();
    let weir = builder().file(&path).build().unwrap();
    let (service, handle) = (weir.layer().layer(Hello), weir.handle());
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let round = || {
        for text in &texts {
            fs::write(&path, text).unwrap();
            handle.reload().unwrap();
            runtime.block_on(async {
                for uri in ["/", "/a", "/b"] {
                    let request = Request::get(uri).header("host", "a").header("x-key", "k");
                    let request = request.body(Full::default()).unwrap();
                    let response = service.clone().oneshot(request).await.unwrap();
                    assert!(response.status().is_success());
                    response.into_body().collect().await.unwrap();
                }
            });
        }
    };
    (0..10).for_each(|_| round());
    // What is stored, and how much is on its way out of the store, differs from time to time. A stack takes 10 KiB.
    let grown = growth(|| (0..111).for_each(|_| round()));
    assert!(grown < 128 << 10, "{grown} bytes in 999 reloads");
    fs::remove_file(&path).unwrap();
}

#[test]
fn twice_as_many_routes_take_twice_the_memory() {
    for section in [
        "cache",
        "profile",
        "coalesce",
        "concurrency",
        "circuit_breaker",
        "rate_limit.policies = ['1/second'] #",
    ] {
        let of = |routes: usize| {
            let route = |n| format!("[[route]]\npath = '/a/{n}'\n{section} = true\n");
            let text: String = (0..routes).map(route).collect();
            let mut weir = None;
            growth(|| weir = builder().text(text).build().ok())
        };
        let (none, some, twice) = (of(0), of(100), of(200));
        let (first, second) = (some - none, twice - some);
        assert!(second < first + first / 2, "{section}: {first} bytes, then {second}");
    }
}
