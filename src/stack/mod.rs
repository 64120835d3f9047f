//! The whole stack from one file, reloaded while it runs.
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use tower_weir::stack::Weir;
//!
//! let weir = Weir::from_toml("weir.toml")?;
//! let app: Router = Router::new().route("/search", get(async || "found")).layer(weir.layer());
//! # Ok::<(), tower_weir::stack::ConfigErrors>(())
//! ```
//!
//! ```toml
//! [defaults]
//! rate_limit  = { key = "peer_ip", policies = ["100/minute; burst=50", "20/second"] }
//! concurrency = { limit = "adaptive", max_queue = 64, max_wait = "100ms" }
//! profile     = true
//!
//! [[route]]
//! path = "/search"
//! methods = ["GET"]
//! cache = { ttl = "30s", stale_while_revalidate = "5m", vary = ["accept"] }
//!
//! [[route]]
//! path = "/login"
//! rate_limit = { key = "forwarded", policies = ["5/minute"], charge = "failures" }
//!
//! [trusted_proxies]
//! cidrs = ["10.0.0.0/8"]
//! ```
//!
//! # Routes
//!
//! `[defaults]` is for requests of no route; a `[[route]]` for those of its path and methods. Patterns are those of
//! [`RouteTable`](crate::route::RouteTable): `{name}` stands for one segment, `{*rest}` at the end for all that follow. The most
//! specific route holds for a request, whatever the order in the file, and `HEAD` belongs to the routes of `GET`.
//!
//! Paths are compared as they were sent: `/login/`, `//login` and `/%6cogin` are others than `/login`. That is right where the service
//! takes them for others too, as axum, tonic and hyper do. In front of one that does not, spell paths in one way first, as
//! `examples/proxy` does.
//!
//! A section, such as `rate_limit`, is a table, or `true` for what is built in, or `false` to be without it. A route takes from the
//! defaults what it does not say, key by key: the one above that has only `cache` is limited as all others are.
//!
//! **A section that a route does not mention is the defaults' own, one that it mentions is the route's.** So all routes that do not
//! mention `rate_limit` share one quota, and `/login` has its own, which counts instead of the other and not in addition. The same
//! goes for concurrency limits and circuit breakers. To give a route its own with the defaults' values, write `rate_limit = true`.
//!
//! # Order
//!
//! A request meets profile, rate limit, cache, coalescing, concurrency limit and circuit breaker in this order, for the reasons
//! that the [crate](crate#the-order-of-layers) gives. What a file cannot say stands around the one layer or inside of it: batches,
//! priorities, closures that decide on a request, another order. For that, take the layers one by one.
//!
//! In axum put it on the Router (`Router::layer`), where it sees requests of unknown paths too; what is around it must have put the
//! peer's address there (`into_make_service_with_connect_info`, feature `axum`).
//!
//! # Presets
//!
//! `preset = "production"` or `preset = "development"` lies below the defaults. This is all that `production` says:
//!
//! ```toml
#![doc = include_str!("file/presets/production.toml")]
//! ```
//!
//! And `development`:
//!
//! ```toml
#![doc = include_str!("file/presets/development.toml")]
//! ```
//!
//! # Environment
//!
//! Variables override single values. `__` parts the keys, and a route goes by its name, everything but letters and digits as `_`:
//!
//! ```text
//! WEIR_PRESET=production
//! WEIR_DEFAULTS__CONCURRENCY__LIMIT=128
//! WEIR_ROUTE__SEARCH__CACHE__TTL=10s               # the route with name = "search"
//! WEIR_DEFAULTS__RATE_LIMIT__POLICIES='["50/second"]'
//! WEIR_REDIS_URL=rediss://:secret@redis:6379       # secrets have no place in the file
//! ```
//!
//! # Mistakes
//!
//! A file is read to its end, and [`ConfigErrors`] names everything that is wrong with it: unknown keys, units, quotas, routes that
//! overlap or can never match, keys that need what is not there. `weir check` in `examples/proxy` does it on the command line, and
//! prints what holds for each route; so does [`Builder::check`]. `weir.schema.json`, which is [`schema`], lets editors do it while
//! one types.
//!
//! # Reloading
//!
//! A file is looked at four times a second (`watch`), by its content: so a link that is swapped, as Kubernetes does it, counts as a
//! change, and a file that is only touched does not. [`Handle::reload`] does it at once, and says what survives.
//!
#![doc = include_str!("../../docs/configuration.md")]

mod file;
mod overview;
mod running;
mod service;
mod settings;

pub use self::{
    file::{ConfigErrors, ConfigProblem, ConfigWarnings, Severity, preset_text, schema},
    overview::{Checked, Explanation, Overview},
    running::{Builder, Handle, Reloaded, Weir},
    service::{ResponseFuture, WeirBody, WeirLayer, WeirService},
};
