//! Limits on an axum Router in the three places where they can be: around one route, around a group of routes that share
//! a limit, and around everything with a table of routes.
//!
//! ```sh
//! cargo run --example axum --features axum            # on 127.0.0.1:3001, or the address that follows `--`
//! ```
//!
//! ```sh
//! # the table: two a second for each client, on all user pages together
//! for i in $(seq 4); do curl -s -o /dev/null -w '%{http_code} ' http://127.0.0.1:3001/users/7; done; echo
//! # 200 200 429 429
//! curl -i http://127.0.0.1:3001/users/7
//! # HTTP/1.1 200 OK                                       (429 with Retry-After if it comes too soon)
//! # ratelimit-policy: "second";q=2;w=1
//! # ratelimit: "second";r=1;t=1
//!
//! # one route, with an answer of its own: three logins a minute
//! for i in $(seq 4); do curl -s -X POST http://127.0.0.1:3001/login; done
//! # welcome, welcome, welcome, Too many attempts. Try again in 20 s.
//!
//! # a group: items and orders share five a second
//! for i in $(seq 4); do
//!   curl -s -o /dev/null -w '%{http_code} ' http://127.0.0.1:3001/shop/items http://127.0.0.1:3001/shop/orders
//! done; echo
//! # 200 200 200 200 200 429 429 429
//!
//! # never limited, and without a RateLimit header
//! curl -i http://127.0.0.1:3001/health
//!
//! # CORS is outside: a refusal has its headers too, so that a script in a browser can read it
//! for i in $(seq 3); do curl -s -o /dev/null -D - -H 'origin: http://example.com' http://127.0.0.1:3001/users/7; done
//!
//! # how long each route took, refusals included
//! curl http://127.0.0.1:3001/profile
//! ```

use std::{error::Error, net::SocketAddr};

use axum::{
    Router,
    extract::Path,
    http::{
        HeaderName, HeaderValue, Method, Response,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    routing::{get, post},
};
use tokio::net::TcpListener;
use tower_http::cors::{Any, CorsLayer};
use tower_weir::{
    head::Head,
    key::PeerIp,
    profile::{Profile, ProfileLayer},
    rate_limit::{Policy, Quota, RateLimitLayer},
    reject::Rejection,
    route::RouteTable,
};

const LOGIN: Policy = Policy::new("logins", Quota::per_minute(3));
const SHOP: Policy = Policy::new("shop", Quota::per_second(5));

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

fn app() -> Router {
    // One route.
    let login_limit = RateLimitLayer::new(LOGIN).key(PeerIp).on_reject(in_plain_words);
    let login = post(async || "welcome\n").layer(login_limit);

    // A group. Each of its routes gets a service of its own from the layer; all of them enforce one limit. Not `layer`:
    // that guards the fallback too, and `merge` would make it that of the whole Router.
    let shop = Router::new()
        .route("/shop/items", get(async || "items\n"))
        .route("/shop/orders", get(async || "orders\n"))
        .route_layer(RateLimitLayer::new(SHOP).key(PeerIp));

    // Everything, by a table. The patterns are those of the routes; what it does not name gets the layer's own limit.
    let limits = RateLimitLayer::new(Quota::per_second(100))
        .key(PeerIp)
        .routes(RouteTable::new().route("/users/{id}", Quota::per_second(2)).method_route(
            Method::POST,
            "/users",
            Quota::per_minute(5),
        ))
        .exempt(|head| head.uri.path() == "/health");

    let cors = CorsLayer::new().allow_origin(Any).expose_headers([RETRY_AFTER, RATELIMIT]);

    let profile = Profile::new();

    Router::new()
        .route("/users/{id}", get(async |Path(id): Path<u64>| format!("user {id}\n")))
        .route("/users", post(async || "created\n"))
        .route("/health", get(async || "ok\n"))
        .route("/login", login)
        .merge(shop)
        .route_service("/profile", profile.page())
        .layer(limits)
        .layer(cors)
        // The last is the outermost: it measures what the others answer too.
        .layer(ProfileLayer::new(profile))
}

/// The answer to people instead of the problem document; the layer adds `Retry-After`.
fn in_plain_words(rejection: &Rejection, _: &Head<'_>) -> Response<String> {
    let seconds = rejection.retry_delay().unwrap_or_default().as_secs_f64().ceil();
    let mut response = Response::new(format!("Too many attempts. Try again in {seconds} s.\n"));
    *response.status_mut() = rejection.reason().status();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3001".to_owned());
    let listener =
        TcpListener::bind(&address).await.map_err(|error| format!("{address}: {error}"))?;
    println!("listening on http://{}", listener.local_addr()?);
    // This is what lets `PeerIp` know who is asking.
    axum::serve(listener, app().into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
