//! What a cache tells: metrics, statistics and log lines.

use http::Request;

use crate::{recorded::recorded, service::*, warnings::warnings};

#[test]
fn metrics_tell_of_every_request_once_and_of_what_is_stored() {
    let metrics = recorded(|| {
        block_on(async {
            let cached = Cached::new(
                |layer| layer,
                |request, call| {
                    let control = match request.uri().path() {
                        "/private" => "private",
                        _ => "max-age=60, stale-while-revalidate=60",
                    };
                    answer(call, &[("cache-control", control)])
                },
            );
            for _ in 0..3 {
                cached.get("/a").await;
            }
            cached.get("/private").await;
            cached.pass(61);
            cached.get("/a").await;
            cached.send(Request::post("/a").body(()).unwrap()).await;
            cached.cache.purge_tag("x");
            cached.cache.purge_all();
        });
    });
    let told = |name: &str| metrics.get(name).copied().unwrap_or_default();
    for (outcome, count) in [("hit", 2.0), ("stale", 1.0), ("miss", 2.0), ("bypass", 1.0)] {
        let name =
            format!("weir_cache_requests_total{{cache=weir,route=_unmatched,outcome={outcome}}}");
        assert_eq!(told(&name), count, "{outcome}");
    }
    for (name, count) in [
        ("weir_cache_stored_total{cache=weir}", 2.0),
        ("weir_cache_not_stored_total{cache=weir,reason=private}", 1.0),
        ("weir_cache_refreshes_total{cache=weir}", 1.0),
        ("weir_cache_purges_total{cache=weir,kind=invalidation}", 1.0),
        ("weir_cache_purges_total{cache=weir,kind=tag}", 1.0),
        ("weir_cache_purges_total{cache=weir,kind=all}", 1.0),
        ("weir_cache_entries{cache=weir}", 1.0),
        ("weir_cache_max_bytes{cache=weir}", f64::from(16 << 20)),
    ] {
        assert_eq!(told(name), count, "{name} in {metrics:?}");
    }
    assert!(told("weir_cache_bytes{cache=weir}") > 100.0);
}

#[test]
fn a_request_that_passes_for_its_fields_is_told_of_once_with_what_to_do() {
    let warnings = warnings(|| {
        block_on(async {
            let cached = Cached::new(
                |layer| layer,
                |_, call| answer(call, &[("cache-control", "max-age=60")]),
            );
            for _ in 0..2 {
                let passed = cached.get_with("/a", &[("x-forwarded-host", "b")]).await;
                assert_eq!(
                    field(&passed, "cache-status"),
                    "weir; fwd=bypass; detail=unkeyed-header"
                );
            }
        });
    });
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].contains("x-forwarded-host") && warnings[0].contains(".disregard("),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn a_cache_can_be_silent() {
    let inner = [("cache-control", "max-age=60"), ("cache-status", "inner; hit")];
    let cached =
        Cached::new(|layer| layer.cache_status(false), move |_, call| answer(call, &inner));
    for _ in 0..2 {
        assert_eq!(field(&cached.get("/a").await, "cache-status"), "inner; hit");
    }
    let told = Cached::new(|layer| layer, move |_, call| answer(call, &inner));
    told.get("/a").await;
    assert_eq!(field(&told.get("/a").await, "cache-status"), "inner; hit, weir; hit; ttl=60");
    assert_eq!((cached.calls(), told.calls()), (1, 1));
}
