//! What the guide says, done.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header::HeaderName};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::time::sleep;
use tower_weir::clock::Clock;

type Http = Client<HttpConnector, Full<Bytes>>;

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

pub(crate) async fn drive(instances: &[SocketAddr]) -> Result<(), String> {
    let clock = Clock::system();
    let client: Http = Client::builder(TokioExecutor::new()).build_http();
    println!("\none article, asked of each instance in turn, and changed in between:");
    for (at, method) in
        [(0, Method::GET), (1, Method::GET), (0, Method::PUT), (1, Method::GET), (0, Method::GET)]
    {
        let start = clock.now();
        let (response, text) = ask(&client, instances[at], &method, 1).await?;
        let took = clock.now().saturating_since(start);
        let status = response.headers().get(CACHE_STATUS).and_then(|value| value.to_str().ok());
        println!(
            "  {method} of the {:<6}: {} in {:>5.1} ms, {:<12} {}",
            ["first", "second"][at],
            response.status().as_u16(),
            took.as_secs_f64() * 1e3,
            text.trim(),
            status.unwrap_or_default(),
        );
        if method == Method::PUT {
            // The purge is on its way to the other instance, for some milliseconds.
            sleep(Duration::from_millis(250)).await;
        }
    }
    println!("\ntwelve more requests of one client, in turn; ten may come at once, five have:");
    let mut line = String::new();
    for number in 0..12 {
        let (response, _) = ask(&client, instances[number % 2], &Method::GET, 1).await?;
        line += &format!(" {}", response.status().as_u16());
        if response.status() == StatusCode::TOO_MANY_REQUESTS && !line.contains("retry") {
            let retry = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
            line += &format!(" (retry-after: {})", retry.unwrap_or("none"));
        }
    }
    println!(" {line}");
    Ok(())
}

async fn ask(
    client: &Http,
    instance: SocketAddr,
    method: &Method,
    article: u32,
) -> Result<(Response<()>, String), String> {
    let request = Request::builder()
        .method(method)
        .uri(format!("http://{instance}/articles/{article}"))
        .header("host", "articles.example")
        .body(Full::from(if method == Method::PUT { "A new text" } else { "" }))
        .map_err(|error| error.to_string())?;
    let response = client.request(request).await.map_err(|error| error.to_string())?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    Ok((Response::from_parts(parts, ()), String::from_utf8_lossy(&body).into_owned()))
}
