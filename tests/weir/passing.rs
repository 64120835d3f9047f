//! What a weir hands on, and what it takes to do so.

use std::{convert::Infallible, future::ready, mem::size_of_val};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt, service_fn};

use super::world::{get, weir, with};

const ALL: &str = "[defaults]\nprofile = true\nrate_limit = { policies = ['1000/second'] }\n\
                   cache = { ttl = '1h' }\ncoalesce = true\nconcurrency = true\ncircuit_breaker = true\n";

#[tokio::test]
async fn upgrades_and_tunnels_are_handed_on_with_what_belongs_to_them() {
    #[derive(Clone, PartialEq, Debug)]
    struct OnUpgrade(u8);

    let weir = weir(ALL);
    let service = weir.layer().layer(service_fn(|request: Request<Full<Bytes>>| {
        let mut response = Response::new(Full::<Bytes>::default());
        if request.method() != Method::CONNECT {
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        }
        let upgrade = request.extensions().get::<OnUpgrade>().unwrap().clone();
        response.extensions_mut().insert(upgrade);
        ready(Ok::<_, Infallible>(response))
    }));
    for number in 0..3 {
        let mut upgrade = with(with(get("/"), "upgrade", "websocket"), "connection", "upgrade");
        upgrade.extensions_mut().insert(OnUpgrade(number));
        let response = service.clone().oneshot(upgrade).await.unwrap();
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(response.extensions().get(), Some(&OnUpgrade(number)));
        let mut tunnel = Request::new(Full::<Bytes>::default());
        *tunnel.method_mut() = Method::CONNECT;
        *tunnel.uri_mut() = "weir.test:443".parse().unwrap();
        tunnel.extensions_mut().insert(OnUpgrade(number));
        let response = service.clone().oneshot(tunnel).await.unwrap();
        assert_eq!(response.extensions().get(), Some(&OnUpgrade(number)));
    }
}

#[tokio::test]
async fn a_future_has_room_for_one_way_through_the_layers() {
    let weir = weir(ALL);
    let service = service_fn(|_: Request<Full<Bytes>>| {
        ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
    });
    let mut service = weir.layer().layer(service);
    let future = service.ready().await.unwrap().call(get("/"));
    // All ways that a request may take, side by side, were many kilobytes; it is 720 bytes on a machine of 64 bits.
    assert!(size_of_val(&future) < 2_048, "{}", size_of_val(&future));
}
