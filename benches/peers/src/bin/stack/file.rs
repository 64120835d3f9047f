//! Our layers, as a file has them.

use axum::Router;
use tower_weir::{Weir, profile::Profile};

use crate::quotas::{BURST, CONCURRENCY};

/// Routes beyond those that are asked for, where there are many.
pub(crate) const MORE: usize = 50;

/// All but a cache for items, and all for pages.
pub(crate) fn all(router: Router) -> Router {
    layered(router, &text("none", &CONCURRENCY.to_string()))
}

/// The same, and clients are told about the rate limit.
pub(crate) fn with_fields(router: Router) -> Router {
    layered(router, &text("standard", &CONCURRENCY.to_string()))
}

/// The same with a limit that learns.
pub(crate) fn adaptive(router: Router) -> Router {
    layered(router, &text("none", "\"adaptive\""))
}

/// The same, and so many routes that nobody asks for.
pub(crate) fn with_routes(router: Router) -> Router {
    layered(router, &(text("none", &CONCURRENCY.to_string()) + &routes(MORE)))
}

fn layered(router: Router, text: &str) -> Router {
    let weir = Weir::builder().text(text).profile(Profile::new()).build();
    router.layer(weir.expect("there is no mistake in it").layer())
}

/// Routes with limits of their own.
pub(crate) fn routes(count: usize) -> String {
    let route = |number: usize| {
        format!(
            r#"
[[route]]
path = "/things-{number}/{{id}}"
rate_limit = {{ policies = ["{number}/second"] }}
"#
        )
    };
    (1..=count).map(route).collect()
}

/// What holds for all, and a route that is cached.
pub(crate) fn text(fields: &str, limit: &str) -> String {
    format!(
        r#"
watch = false

[defaults]
profile = true
concurrency = {{ limit = {limit} }}
circuit_breaker = true

[defaults.rate_limit]
key = "peer_ip"
policies = ["6/minute; burst={BURST}", "720/hour; burst={BURST}"]
headers = "{fields}"

[[route]]
path = "/pages/{{id}}"
cache = {{ ttl = "1h" }}
"#
    )
}
