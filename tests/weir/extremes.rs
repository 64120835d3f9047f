//! Whatever a file may say, it can be built, and requests find an answer.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::time::{sleep, timeout};
use tower::{Layer, ServiceExt, service_fn};

use super::world::{builder, from, get, with};

const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "-1",
    "2",
    "9223372036854775807",
    "-9223372036854775808",
    "4294967295",
    "4294967296",
    "-0.0",
    "0.001",
    "1.0",
    "1e308",
    "nan",
    "inf",
];
const TEXTS: [&str; 12] = [
    "'0s'",
    "'1ns'",
    "'1ms'",
    "'1000000h'",
    "'500y'",
    "'18446744073s'",
    "'18446744074s'",
    "'18446744073709551615s'",
    "'584942417355y'",
    "'16EiB'",
    "'15EiB'",
    "'1B'",
];
const QUOTAS: [&str; 8] = [
    "1/second",
    "1000000000/second",
    "18446744073709551615/day",
    "4294967295/second; burst=4294967295",
    "1 per 1ns",
    "1 per 500y",
    "1 per 18446744073s",
    "1/day; burst=18446744073709551615",
];

/// Keys of a section that take a number, a time or a size, after what they need beside them.
const KEYS: [(&str, &str, &[&str]); 8] = [
    ("circuit_breaker", "minimum = 1", &["window", "open_for", "open_at_most", "probes"]),
    ("rate_limit", "policies = ['1/second']", &["retry_jitter"]),
    ("rate_limit", "policies = ['1/second'], max_wait = '1s'", &["max_queue"]),
    ("rate_limit", "policies = ['1/second']", &["max_wait"]),
    (
        "cache",
        "",
        &[
            "ttl",
            "stale_while_revalidate",
            "stale_if_error",
            "max_object_bytes",
            "max_variants",
            "pass_for",
            "max_wait",
            "early_refresh",
        ],
    ),
    ("coalesce", "", &["max_body_bytes", "pass_for", "max_wait"]),
    ("concurrency", "limit = 1", &["max_queue", "max_wait", "max_keys", "retry_after"]),
    (
        "circuit_breaker",
        "",
        &[
            "window",
            "minimum",
            "failure_share",
            "slow_from",
            "open_for",
            "open_at_most",
            "required_probes",
            "probes",
        ],
    ),
];
const ADAPTIVE: [&str; 7] =
    ["latency_target", "interval", "threshold", "min_volume", "decrease", "increase", "floor"];

/// Asks three times at once, and again later, and so on.
async fn ask(section: &str) {
    let (builder, hand) = builder();
    let Ok(weir) = builder.text(format!("[defaults]\n{section}\n")).build() else { return };
    let service = weir.layer().layer(service_fn(async |request: Request<Full<Bytes>>| {
        sleep(Duration::from_millis(10)).await;
        let status = if request.headers().contains_key("x-fail") { 500 } else { 200 };
        let response = Response::builder().status(status).header("etag", "\"a\"");
        Ok::<_, Infallible>(response.body(Full::<Bytes>::from("hello")).unwrap())
    }));
    for step in [0, 1, 2_000, 100_000_000, 1 << 40] {
        hand.advance(Duration::from_millis(step));
        let ask = |uri, fails| {
            let mut request = from(get(uri), "192.0.2.1");
            if fails {
                request = with(request, "x-fail", "yes");
            }
            let service = service.clone();
            async move {
                // Whoever waits for centuries may go.
                let answer = timeout(Duration::from_secs(60), service.oneshot(request)).await;
                if let Ok(Ok(response)) = answer {
                    let _ = response.into_body().collect().await;
                }
            }
        };
        let fails = step == 2_000;
        tokio::join!(ask("/", fails), ask("/", fails), ask("/a", fails), ask("/", true));
    }
    let _ =
        (weir.handle().overview().to_string(), format!("{:?}", weir.handle().profile().snapshot()));
}

#[tokio::test(start_paused = true)]
async fn extremes_of_numbers_times_and_sizes_are_refused_or_work() {
    for (section, beside, keys) in KEYS {
        for key in keys {
            for value in NUMBERS.iter().chain(&TEXTS) {
                let comma = if beside.is_empty() { "" } else { ", " };
                ask(&format!("{section} = {{ {beside}{comma}{key} = {value} }}")).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn extremes_of_limits_are_refused_or_work() {
    for quota in QUOTAS {
        for more in [
            "",
            ", adaptive = true",
            ", max_wait = '18446744073709551615s'",
            ", charge = 'failures'",
        ] {
            ask(&format!("rate_limit = {{ policies = ['{quota}', '5/second'] {more} }}")).await;
        }
    }
    for key in ADAPTIVE {
        for value in NUMBERS.iter().chain(&TEXTS) {
            let adaptive = format!("adaptive = {{ {key} = {value} }}");
            ask(&format!("rate_limit = {{ policies = ['10/second'], {adaptive} }}")).await;
        }
    }
    for limit in ["verified_gradient", "gradient2", "vegas", "aimd"] {
        for key in ["min", "initial", "max"] {
            for value in NUMBERS {
                ask(&format!("concurrency = {{ limit = '{limit}', {key} = {value} }}")).await;
            }
        }
    }
    for value in NUMBERS {
        ask(&format!("concurrency = {{ limit = {value} }}")).await;
        ask(&format!("concurrency = {{ limit = {value}, key = 'peer_ip' }}")).await;
        ask(&format!("concurrency = {{ limit = 1, key = 'peer_ip', max_keys = {value} }}")).await;
    }
    for (slow, share) in [("1ns", "1e-300"), ("18446744073709551615s", "1.0"), ("500y", "0.5")] {
        ask(&format!("circuit_breaker = {{ slow_from = '{slow}', slow_share = {share} }}")).await;
    }
    for value in NUMBERS.iter().chain(&TEXTS) {
        ask(&format!("cache.ttl = '1h'\n[stores]\ncache = {value}")).await;
    }
}
