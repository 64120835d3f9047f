//! What a profile has counted, as text.

use tower_weir::profile::{Profile, RouteSnapshot, Window};

use crate::until::until;

/// Everything that has ended, as lines such as `GET /users/{id} ok 2`, once nothing is under way.
pub(crate) async fn settled(profile: &Profile) -> Vec<String> {
    until(|| in_flight(profile) == 0).await;
    counted(profile)
}

/// Everything that has ended, as lines such as `GET /users/{id} ok 2`.
pub(crate) fn counted(profile: &Profile) -> Vec<String> {
    let mut lines = Vec::new();
    for of in profile.snapshot().routes {
        let outcomes = of.stats(Window::Lifetime).outcomes;
        let line = |(outcome, count): (tower_weir::profile::Outcome, u64)| {
            format!("{} {} {} {count}", of.method, of.route, outcome.as_str())
        };
        lines.extend(outcomes.iter().filter(|(_, count)| *count > 0).map(line));
    }
    lines.sort();
    lines
}

/// How many requests are under way.
pub(crate) fn in_flight(profile: &Profile) -> u64 {
    profile.snapshot().routes.iter().map(|route| route.in_flight).sum()
}

/// What is known of `route` and the method `GET` or `POST`, whichever came.
pub(crate) fn of(profile: &Profile, route: &str) -> RouteSnapshot {
    let mut routes = profile.snapshot().routes.into_iter().filter(|of| of.route == route);
    let of = routes.next().unwrap_or_else(|| panic!("nothing is known of {route}"));
    assert!(routes.next().is_none(), "{route} was asked for by several methods");
    of
}
