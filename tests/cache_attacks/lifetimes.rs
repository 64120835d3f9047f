//! How old a response is and how long it is fresh, by services that lie or cannot count (RFC 9111 section 4.2).

use std::time::Duration;

use tower_weir::cache::rules::Grace;

use crate::world::*;

async fn is_never_reused(fields: &[(&'static str, &'static str)]) {
    let told = fields.to_vec();
    let cached = Cached::new(|layer| layer, move |_, call| said(call.to_string(), &told));
    cached.get("/").await;
    assert_eq!(cached.get("/").await.text, "1", "{fields:?}");
}

/// RFC 9111 section 5.1: an `Age` that nobody can read is as old as can be.
#[tokio::test]
async fn an_age_that_lies() {
    let fresh = ("cache-control", "max-age=60");
    for age in
        ["60", "61", "4294967295", "18446744073709551616", "-1", "1, 2", "x", "", "1.5", "+1"]
    {
        is_never_reused(&[fresh, ("age", age)]).await;
    }
    is_never_reused(&[fresh, ("age", "0"), ("age", "0")]).await;
}

/// RFC 9111 section 4.2.3: a response that was sent long ago.
#[tokio::test]
async fn a_date_that_is_long_ago() {
    for date in [
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Monday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ] {
        is_never_reused(&[("cache-control", "max-age=60"), ("date", date)]).await;
    }
}

/// RFC 9111 section 5.3: what expires at no date has expired, and of several the first counts.
#[tokio::test]
async fn an_expiry_that_lies() {
    const FUTURE: &str = "Fri, 01 Jan 2100 00:00:00 GMT";
    for expires in
        ["0", "-1", "", "x", "Fri, 99 Jan 2100 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"]
    {
        is_never_reused(&[("expires", expires)]).await;
        is_never_reused(&[("expires", expires), ("expires", FUTURE)]).await;
        is_never_reused(&[("expires", FUTURE), ("expires", expires)]).await;
    }
    is_never_reused(&[("expires", FUTURE), ("cache-control", "max-age=0")]).await;
    is_never_reused(&[("expires", FUTURE), ("cache-control", "max-age=x")]).await;
}

/// A `Date` from the future does not make a response younger than nothing.
#[tokio::test]
async fn a_date_from_the_future() {
    let fields = [("cache-control", "max-age=60"), ("date", "Fri, 01 Jan 2100 00:00:00 GMT")];
    let cached = Cached::new(|layer| layer, move |_, call| said(call.to_string(), &fields));
    cached.get("/").await;
    cached.pass(59);
    assert_eq!(cached.get("/").await.text, "0");
    cached.pass(1);
    assert_eq!(cached.get("/").await.text, "1");
}

/// RFC 9111 section 1.2.2: numbers that cannot be held, in every place where one can stand, for a cache that allows all.
#[tokio::test]
async fn overflow_by_a_lifetime() {
    for most in ["4294967295", "4294967296", "18446744073709551615", "99999999999999999999999999"] {
        let control =
            format!("max-age={most}, stale-while-revalidate={most}, stale-if-error={most}");
        let cached = Cached::new(
            |layer| {
                let layer = layer.grace(Grace::both(Duration::MAX)).default_ttl(Duration::MAX);
                layer
                    .max_wait(Duration::MAX)
                    .pass_for(Duration::MAX)
                    .early_refresh(f64::MAX)
                    .unwrap()
            },
            move |_, call| said(call.to_string(), &[("cache-control", &control)]),
        );
        cached.get("/").await;
        cached.get("/silent").await;
        cached.pass(60 * 60 * 24 * 365 * 200);
        cached.get("/").await;
        assert!(cached.get("/").await.is_hit());
    }
}

/// The clock of the service's machine does not matter for what the cache itself decides.
#[tokio::test]
async fn overflow_by_the_default_lifetime() {
    let cached = Cached::new(
        |layer| layer.default_ttl(Duration::MAX).grace(Grace::both(Duration::MAX)),
        |_, call| said(call.to_string(), &[]),
    );
    cached.get("/").await;
    cached.pass(60 * 60 * 24 * 365);
    assert_eq!(cached.get("/").await.text, "0");
}
