//! What is reserved until the response decides on the charge.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tower_weir::{
    clock::Clock,
    rate_limit::{Quota, RateLimitLayer, Rule, Table},
    route::RouteTable,
};

use crate::{passing, response, service, status};

const THREE: Quota = Quota::per_day(3);

fn failures(layer: RateLimitLayer) -> RateLimitLayer {
    layer.charge_on(|served| u32::from(!served.is_success())).clock(Clock::manual().0)
}

#[test]
fn rules_that_share_a_limit_share_what_is_reserved() {
    let rule = || Rule::new(THREE).named("shared").charge_at_end(|_| 1);
    let routes = RouteTable::new().route("/a", rule()).route("/b", rule());
    let service = service(&RateLimitLayer::for_routes(routes).clock(Clock::manual().0));
    let under_way: Vec<_> = ["/a", "/a", "/b"].map(|path| response(&service, path)).into();
    assert_eq!([status(&service, "/a"), status(&service, "/b")], [429, 429]);
    drop(under_way);
    assert_eq!([status(&service, "/a"), status(&service, "/b")], [429, 429]);
}

#[test]
fn clones_and_layers_with_one_table_share_what_is_reserved() {
    let (clock, _hand) = Clock::manual();
    let table = Table::with_capacity(8);
    let make = || {
        let layer = RateLimitLayer::new(THREE).table(table.clone()).clock(clock.clone());
        layer.charge_at_end(|_| 1)
    };
    let one = make();
    let services = [service(&one), service(&one.clone().report_all_policies()), service(&make())];
    let under_way: Vec<_> = services.iter().map(|service| response(service, "/")).collect();
    assert!(under_way.iter().all(|response| response.status() == 200));
    assert!(services.iter().all(|service| status(service, "/") == 429));
}

#[test]
fn a_charge_that_panics_costs_what_was_reserved() {
    let layer = RateLimitLayer::new(THREE).charge_at_end(|_| panic!("as the test wants"));
    let (clock, hand) = Clock::manual();
    let service = service(&layer.clock(clock));
    for _ in 0..3 {
        // The client leaves in the body.
        let response = response(&service, "/");
        assert!(catch_unwind(AssertUnwindSafe(|| drop(response))).is_err());
    }
    assert_eq!(passing(&service, 1), 0);
    hand.advance(std::time::Duration::from_secs(24 * 3600));
    // Nothing is reserved for ever.
    let under_way: Vec<_> = (0..4).map(|_| response(&service, "/")).collect();
    assert_eq!(under_way.iter().filter(|response| response.status() == 200).count(), 3);
    std::mem::forget(under_way);
}

/// A dry run counts what would be rejected, and what is rejected is charged nothing.
#[test]
fn a_dry_run_charges_no_more_than_a_real_one() {
    let layer = failures(RateLimitLayer::new(THREE));
    let service = service(&layer);
    let limit = layer.handle().limit("default").unwrap();
    limit.set_shadow(true);
    for _ in 0..30 {
        assert_eq!(status(&service, "/fails"), 500);
    }
    limit.set_shadow(false);
    let refused = response(&service, "/");
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "28800", "one of three a day");
}
