//! The routes. What guards them stands in `weir.toml`.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{ConnectInfo, Query, Request},
    http::HeaderName,
    middleware::{Next, from_fn},
    response::Response,
    routing::{MethodRouter, get, get_service, post},
};
use serde::Deserialize;
use tower_weir::{
    error::BoxError,
    rate_limit::Quota,
    stack::{Handle, Weir},
};

use crate::{
    api, articles,
    feeds::{self, Sharing},
    limits,
    reports::{self, Reports},
};

/// What `--adaptive` changes of the file, as environment variables can: the rate of reports falls while they are in trouble, and
/// the concurrency limit only watches, so that each of the two is seen alone.
///
/// That rate is more than degraded reports can bear. The burst is small, so that what passes soon follows the multiplier; and it
/// is judged by few requests and in larger steps than by default, so that half a minute of a small service shows all of it. The
/// delays are longer than those suggested: builds beside the demo should not take part in it.
const ADAPTIVE: [(&str, &str); 3] = [
    ("WEIR_ROUTE__REPORT__RATE_LIMIT__POLICIES", r#"{ reports = "20/second; burst=5" }"#),
    (
        "WEIR_ROUTE__REPORT__RATE_LIMIT__ADAPTIVE",
        r#"{ latency_target = "600ms", threshold = 0.1, min_volume = 3, increase = 0.03, scheduling_delay = ["100ms", "1s"] }"#,
    ),
    ("WEIR_ROUTE__REPORT__CONCURRENCY__SHADOW", "true"),
];

const PARTNER_FEED: Quota = Quota::per_second(50);
/// More than anyone can ask for.
const PARTNER_REPORTS: Quota = Quota::per_second(1_000_000);

pub(crate) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// The key of the partner, who pays for more.
pub(crate) const PARTNER: &str = "partner";

pub(crate) struct App {
    pub(crate) router: Router,
    pub(crate) weir: Handle,
    pub(crate) reports: Arc<Reports>,
    pub(crate) sharing: Sharing,
}

/// The whole service.
pub(crate) fn app(config: &Path, guide: String, adaptive: bool) -> Result<App, BoxError> {
    let changes = if adaptive { &ADAPTIVE[..] } else { &[] };
    let changes = changes.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    let weir = Weir::builder().file(config).environment(std::env::vars().chain(changes)).build()?;
    let handle = weir.handle();
    // Quotas of single keys are set while it runs, and stay when the file changes.
    for (route, policy, quota) in
        [("feed", "feed", PARTNER_FEED), ("report", "reports", PARTNER_REPORTS)]
    {
        if let Some(limits) = handle.rate_limit(route) {
            limits.limit(route)?.policy(policy)?.set_override(&PARTNER, quota);
        }
    }
    let authors = feeds::authors();
    let sharing = Sharing { weir: handle.clone(), authors: authors.handle() };
    let guide = Arc::<str>::from(guide);
    let reports = Reports::new();
    let mut routes = Router::new()
        .route("/", get(async move || guide.to_string()))
        .route("/weir", page(&handle, |weir| weir.overview().to_string()))
        .route("/limits", page(&handle, limits::table))
        .route("/concurrency", page(&handle, limits::at_once))
        .route("/cache", page(&handle, articles::stats))
        .route("/profile", get_service(handle.profile().page()))
        .route("/search", get(api::search))
        .route("/login", post(api::login))
        .route("/report", get(reports::report).with_state(reports.clone()))
        .route("/feed", get(api::feed))
        .route("/feed/{topic}", get(feeds::feed).with_state(authors))
        .route("/articles/{number}", get(articles::article))
        .route(
            "/sharing",
            get({
                let sharing = sharing.clone();
                async move || sharing.text()
            }),
        )
        .route(
            "/purge",
            post({
                let weir = handle.clone();
                async move |what| articles::purge(&weir, what)
            }),
        );
    if adaptive {
        let reports = Arc::clone(&reports);
        let degrade = async move |Query(Degrade { seconds }): Query<Degrade>| {
            reports.degrade(Duration::from_secs(seconds.into()));
            format!("reports are degraded for {seconds} s\n")
        };
        routes = routes.route("/degrade", post(degrade));
    }
    let router = routes.layer(weir.layer()).layer(from_fn(peer_address));
    Ok(App { router, weir: handle, reports, sharing })
}

/// Answers with a text about what is enforced at the time.
fn page(weir: &Handle, text: fn(&Handle) -> String) -> MethodRouter {
    let weir = weir.clone();
    get(async move || text(&weir))
}

#[derive(Deserialize)]
struct Degrade {
    seconds: u32,
}

/// Passes the peer's address on in the form that needs no feature of tower-weir. With the feature `axum` this is not
/// needed: the key `peer_ip` reads `ConnectInfo` then.
async fn peer_address(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    request.extensions_mut().insert(peer);
    next.run(request).await
}
