//! The routes and what guards each of them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

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
    cache,
    concurrency::{self, ConcurrencyLimitLayer, Queue, VerifiedGradient},
    error::ConfigError,
    head::Head,
    key::{Header, PeerIp},
    load::{Ramp, SchedulingDelay},
    profile::{Profile, ProfileLayer},
    rate_limit::{Adaptive, Aimd, Policy, PolicyHandle, Quota, RateLimitLayer},
    route::RouteTable,
};

use crate::{
    api, articles,
    feeds::{self, Sharing},
    limits,
    reports::{self, Reports},
};

const SEARCH_BURST: Policy = Policy::new("burst", Quota::per_second(10));
const SEARCH_SUSTAINED: Policy = Policy::new("sustained", Quota::per_minute(100));
const LOGIN: Policy = Policy::new("failures", Quota::per_minute(10).burst(5));
const REPORT: Policy = Policy::new("reports", Quota::per_second(2));
/// More than degraded reports can bear. The burst is small, so that what passes soon follows the multiplier.
const ADAPTIVE_REPORT: Policy = Policy::new("reports", Quota::per_second(20).burst(5));
/// How long a report waits for its turn: enough for a burst, short beside what a report takes.
const REPORT_WAIT: Duration = Duration::from_millis(25);
const FEED: Policy = Policy::new("feed", Quota::per_second(5));
const PARTNER_FEED: Quota = Quota::per_second(50);

pub(crate) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// The key of the partner, who pays for more.
pub(crate) const PARTNER: &str = "partner";

pub(crate) struct App {
    pub(crate) router: Router,
    pub(crate) profile: Profile,
    pub(crate) reports: Arc<Reports>,
    pub(crate) report_limit: PolicyHandle,
    pub(crate) concurrency: concurrency::Handle,
    pub(crate) cache: cache::Handle,
    pub(crate) sharing: Sharing,
}

/// The whole service. More layers join a route as a tuple, the first being the outermost.
pub(crate) fn app(guide: String, adaptive: bool) -> Result<App, ConfigError> {
    let search_limit =
        RateLimitLayer::new(SEARCH_BURST).and(SEARCH_SUSTAINED).key(PeerIp).named("search");
    let login_limit = RateLimitLayer::new(LOGIN)
        .key(PeerIp)
        .charge_on(|served| u32::from(!served.is_success()))
        .named("login");
    let report_limit = match adaptive {
        false => RateLimitLayer::new(REPORT),
        true => RateLimitLayer::new(ADAPTIVE_REPORT).adaptive(adapting()?),
    };
    let report_limit = report_limit.exempt(is_partner).named("report");
    // Inside of the rate limit: what is refused there takes no place. It only watches where the rate limit adapts, so that each
    // of the two is seen alone.
    let reports_at_once = ConcurrencyLimitLayer::new(VerifiedGradient::default())
        .queue(Queue::new(REPORT_WAIT))
        .named("reports")
        .shadow(adaptive);
    let concurrency = reports_at_once.handle();
    let feed_limit = RateLimitLayer::new(FEED).key(Header(X_API_KEY)).named("feed");
    feed_limit.handle().limit("feed")?.policy("feed")?.set_override(&PARTNER, PARTNER_FEED);

    let article_cache = articles::cache();
    let cache = article_cache.handle();

    let (authors, coalescing) = (feeds::authors(), feeds::coalescing());
    let sharing = Sharing { feeds: coalescing.handle(), authors: authors.handle() };

    let layers = [&search_limit, &login_limit, &report_limit, &feed_limit];
    let layers = layers.map(RateLimitLayer::handle);
    let report_policy = report_limit.handle().limit("report")?.policy("reports")?;
    let guide = Arc::<str>::from(guide);
    let reports = Reports::new();
    let profile = Profile::new();
    let mut routes = Routes::default()
        .add("/", get(async move || guide.to_string()))
        .add("/limits", get(async move || limits::table(&layers)))
        .add(
            "/concurrency",
            get({
                let concurrency = concurrency.clone();
                async move || limits::at_once(&concurrency)
            }),
        )
        .add("/profile", get_service(profile.page()))
        .add("/search", get(api::search).layer(search_limit))
        .add("/login", post(api::login).layer(login_limit))
        .add(
            "/report",
            get(reports::report).layer((report_limit, reports_at_once)).with_state(reports.clone()),
        )
        .add("/feed", get(api::feed).layer(feed_limit))
        .add("/feed/{topic}", get(feeds::feed).layer(coalescing).with_state(authors))
        .add(
            "/sharing",
            get({
                let sharing = sharing.clone();
                async move || sharing.text()
            }),
        )
        .add("/articles/{number}", get(articles::article).layer(article_cache))
        .add(
            "/cache",
            get({
                let cache = cache.clone();
                async move || format!("{}\n", cache.stats())
            }),
        )
        .add(
            "/purge",
            post({
                let cache = cache.clone();
                async move |what| articles::purge(cache, what).await
            }),
        );
    if adaptive {
        let reports = Arc::clone(&reports);
        let degrade = async move |Query(Degrade { seconds }): Query<Degrade>| {
            reports.degrade(Duration::from_secs(seconds.into()));
            format!("reports are degraded for {seconds} s\n")
        };
        routes = routes.add("/degrade", post(degrade));
    }
    // Around the limits, so that it measures refusals too.
    let profiling = ProfileLayer::new(profile.clone()).routes(routes.names);
    let router = routes.router.layer(from_fn(peer_address)).layer(profiling);
    Ok(App { router, profile, reports, report_limit: report_policy, concurrency, cache, sharing })
}

/// The routes, and their names for the profile. With the feature `axum` the names are not needed: `ProfileLayer` reads
/// `MatchedPath` then.
#[derive(Default)]
struct Routes {
    router: Router,
    names: RouteTable<()>,
}

impl Routes {
    fn add(self, path: &str, service: MethodRouter) -> Self {
        Self { router: self.router.route(path, service), names: self.names.route(path, ()) }
    }
}

/// How the limit on reports adapts: judged by few requests and in larger steps than by default, so that half a minute of a
/// small service shows all of it.
fn adapting() -> Result<Adaptive, ConfigError> {
    let outcomes = Aimd::default()
        .latency_target(reports::TARGET)
        .threshold(0.1)?
        .min_volume(3)
        .increase(0.03)?;
    // Higher thresholds than those suggested: builds beside the demo should not take part in it.
    Ok(Adaptive::new().outcomes(outcomes).load(SchedulingDelay, Ramp::new(0.1, 1.0)))
}

fn is_partner(head: &Head<'_>) -> bool {
    head.headers.get(X_API_KEY).is_some_and(|key| key == PARTNER)
}

#[derive(Deserialize)]
struct Degrade {
    seconds: u32,
}

/// Passes the peer's address on in the form that needs no feature of tower-weir. With the feature `axum` this is not
/// needed: `PeerIp` reads `ConnectInfo` then.
async fn peer_address(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    request.extensions_mut().insert(peer);
    next.run(request).await
}
