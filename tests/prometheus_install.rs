//! Installing the recorder. In a process of its own, which has one recorder at most.

#[path = "support/client.rs"]
mod client;

use axum::{Router, routing::get};
use client::{Http, Server, listen};
use tower_weir::{
    profile::{Profile, ProfileLayer},
    rate_limit::{Quota, RateLimitLayer},
    telemetry::prometheus::install,
};

/// In one test, since the order matters: outside of a runtime, again, and in one.
#[test]
fn installing_serves_what_the_layers_tell() {
    let handles: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(install)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect()
    });
    metrics::counter!("cakes_total").increment(1);
    metrics::histogram!("baking_seconds").record(0.3);
    metrics::histogram!("cake_bytes").record(0.3);
    let text = install().unwrap().render();
    assert!(text.contains("\ncakes_total 1\n"), "{text}");
    assert!(text.contains("\nbaking_seconds_bucket{le=\"0.5\"} 1\n"), "{text}");
    assert!(text.contains("\ncake_bytes_bucket{le=\"67108864\"} 1\n"), "{text}");
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    for handle in handles {
        assert_eq!(sorted(&handle.render()), sorted(&text), "all read the same recorder");
    }

    #[cfg(target_os = "linux")]
    {
        // A thread names itself, as soon as it gets to run.
        while threads_named("weir-upkeep") == 0 {
            std::thread::yield_now();
        }
        assert_eq!(threads_named("weir-upkeep"), 1);
    }

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(scrape());
}

async fn scrape() {
    let limit = RateLimitLayer::new(Quota::per_minute(2));
    let app: Router = Router::new()
        .route("/users/{id}", get(async || "ada").layer(limit))
        .layer(ProfileLayer::new(Profile::new()))
        .route_service("/metrics", install().unwrap().service());
    let (listener, addr) = listen().await;
    let _server = Server::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let http = Http::new(addr);
    assert_eq!(http.statuses(http::Method::GET, "/users/7", 3).await, [200, 200, 429]);
    let scrape = http.get("/metrics").await;
    assert_eq!(scrape.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = std::str::from_utf8(&scrape.body).unwrap();
    let (requests, bytes) =
        ("http_server_request_duration_seconds", "http_server_response_body_bytes");
    let route = r#"{http_route="/users/{id}",http_request_method="GET""#;
    let decisions = "weir_rate_limit_decisions_total";
    for line in [
        format!("# HELP {decisions} Requests decided on, each once."),
        format!("# TYPE {decisions} counter\n"),
        format!("{decisions}{{limit=\"default\",policy=\"_all\",outcome=\"allowed\"}} 2\n"),
        format!("{decisions}{{limit=\"default\",policy=\"minute\",outcome=\"limited\"}} 1\n"),
        format!("# TYPE {requests} histogram\n"),
        format!(
            r#"{requests}_bucket{route},http_response_status_code="200",outcome="ok",le="10"}} 2"#
        ),
        format!(
            r#"{requests}_count{route},http_response_status_code="429",outcome="client_error"}} 1"#
        ),
        format!("{bytes}_bucket{route},le=\"64\"}} 2\n"),
        "http_server_active_requests{http_request_method=\"GET\"} 0\n".to_owned(),
    ] {
        assert!(text.contains(&line), "no `{line}` in {text}");
    }
    assert!(!text.contains("http_route=\"/metrics\""), "it stands outside of the profile");
}

#[cfg(target_os = "linux")]
fn threads_named(name: &str) -> usize {
    let threads = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let names = threads.filter_map(|task| std::fs::read_to_string(task.join("comm")).ok());
    names.filter(|comm| comm.trim_end() == name).count()
}
