//! Responses that are stored compressed, and given in two forms.

use std::{
    convert::Infallible,
    io::Read,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_weir::{
    cache::{CacheBody, CacheLayer, Compression, Handle, MemoryStore},
    clock::{Clock, ManualClock},
};

/// Larger than a piece in which it is undone.
fn text() -> String {
    (0..10_000).map(|n| format!("line {n}\n")).collect()
}

const TEXT: [(&str, &str); 4] = [
    ("cache-control", "max-age=60"),
    ("content-type", "text/plain"),
    ("etag", "\"1\""),
    ("accept-ranges", "bytes"),
];

type Answer = Response<Full<Bytes>>;

type Inner =
    BoxCloneSyncService<Request<Empty<Bytes>>, Response<CacheBody<Full<Bytes>>>, Infallible>;

struct Cached {
    service: Inner,
    cache: Handle,
    hand: ManualClock,
}

struct Given {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Given {
    fn field(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn varies(&self) -> Vec<&str> {
        self.headers.get_all("vary").iter().map(|value| value.to_str().unwrap()).collect()
    }

    fn is_compressed(&self) -> bool {
        self.field("content-encoding") == "gzip"
    }

    fn inflated(&self) -> String {
        let mut plain = String::new();
        flate2::read::GzDecoder::new(&*self.body).read_to_string(&mut plain).unwrap();
        plain
    }
}

impl Cached {
    fn new(answer: impl Fn(&Request<()>) -> Answer + Send + Sync + 'static) -> Self {
        let (clock, hand) = Clock::manual();
        let layer = CacheLayer::new(MemoryStore::with_max_bytes(64 << 20)).clock(clock);
        let layer = layer.compress(Compression::gzip().above(100));
        let answer = Arc::new(answer);
        let inner = service_fn(move |request: Request<Empty<Bytes>>| {
            let request = request.map(drop);
            let answer = answer(&request);
            async { Ok::<_, Infallible>(answer) }
        });
        let cache = layer.handle();
        Self { service: BoxCloneSyncService::new(layer.layer(inner)), cache, hand }
    }

    /// One that answers all with the text and these fields.
    fn with(fields: &'static [(&'static str, &'static str)]) -> Self {
        Self::new(move |_| answer(fields, &text()))
    }

    async fn send(&self, method: Method, path: &str, fields: &[(&str, &str)]) -> Given {
        let request = Request::builder().method(method).uri(format!("http://a{path}"));
        let request =
            fields.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response =
            self.service.clone().oneshot(request.body(Empty::new()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let told = body.size_hint().exact();
        let body = body.collect().await.unwrap().to_bytes();
        assert_eq!(told, Some(body.len() as u64), "{path}");
        Given { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, path: &str, fields: &[(&str, &str)]) -> Given {
        self.send(Method::GET, path, fields).await
    }

    /// Asks until it is compressed.
    async fn get_compressed(&self, path: &str, fields: &[(&str, &str)]) -> Given {
        let ask = async {
            loop {
                let given = self.get(path, fields).await;
                if given.is_compressed() {
                    break given;
                }
                tokio::task::yield_now().await;
            }
        };
        // Longer than it takes, however busy the machine.
        tokio::time::timeout(Duration::from_secs(60), ask).await.expect("it is never compressed")
    }

    /// Stores it, and waits until it is compressed.
    async fn compress(&self, path: &str) {
        let first = self.get(path, &[]).await;
        assert!(first.field("cache-status").ends_with("; stored") && !first.is_compressed());
        self.get_compressed(path, &GZIP).await;
    }
}

const GZIP: [(&str, &str); 1] = [("accept-encoding", "gzip, br")];

fn answer(fields: &[(&str, &str)], text: &str) -> Answer {
    let response = fields
        .iter()
        .fold(Response::builder(), |response, (name, value)| response.header(*name, *value));
    let response = response.header("content-length", text.len());
    response.body(Full::from(text.to_owned())).unwrap()
}

#[tokio::test]
async fn clients_get_the_form_that_they_prefer() {
    let cached = Cached::with(&TEXT);
    cached.compress("/").await;
    let before = text();

    let gzip = cached.get("/", &GZIP).await;
    assert!(gzip.is_compressed() && gzip.body.len() < before.len() / 2);
    assert_eq!(gzip.inflated(), before);
    assert_eq!(gzip.field("content-length"), gzip.body.len().to_string());
    assert_eq!((gzip.field("etag"), gzip.field("accept-ranges")), ("W/\"1\"", ""));
    assert_eq!(
        (gzip.varies(), gzip.field("cache-status")),
        (vec!["accept-encoding"], "weir; hit; ttl=60")
    );

    for plain in [&[][..], &[("accept-encoding", "br")], &[("accept-encoding", "gzip;q=0, *")]] {
        let plain = cached.get("/", plain).await;
        assert_eq!((plain.field("content-encoding"), &*plain.body), ("", before.as_bytes()));
        assert_eq!(plain.field("content-length"), before.len().to_string());
        assert_eq!((plain.field("etag"), plain.field("accept-ranges")), ("\"1\"", "bytes"));
        assert_eq!(
            (plain.varies(), plain.field("cache-status")),
            (vec!["accept-encoding"], "weir; hit; ttl=60")
        );
    }
    assert!(cached.get("/", &[("accept-encoding", "identity;q=0, *")]).await.is_compressed());
}

#[tokio::test]
async fn a_head_tells_what_a_get_would() {
    let cached = Cached::with(&TEXT);
    cached.compress("/").await;
    for fields in [&GZIP[..], &[]] {
        let (head, get) =
            (cached.send(Method::HEAD, "/", fields).await, cached.get("/", fields).await);
        assert_eq!((head.headers, head.body.len()), (get.headers, 0));
    }
}

#[tokio::test]
async fn a_client_that_has_either_form_is_told_so() {
    let cached = Cached::with(&TEXT);
    cached.compress("/").await;
    for sent in ["\"1\"", "W/\"1\"", "\"0\", W/\"1\"", "*"] {
        for (accepted, tag) in [("gzip", "W/\"1\""), ("identity", "\"1\"")] {
            let fields = [("if-none-match", sent), ("accept-encoding", accepted)];
            let known = cached.get("/", &fields).await;
            assert_eq!((known.status, known.field("etag")), (StatusCode::NOT_MODIFIED, tag));
            assert_eq!((known.varies(), known.body.len()), (vec!["accept-encoding"], 0));
            assert_eq!((known.field("content-encoding"), known.field("content-length")), ("", ""));
        }
    }
    let other = cached.get("/", &[("if-none-match", "W/\"2\""), GZIP[0]]).await;
    assert!(other.status == StatusCode::OK && other.is_compressed());
}

#[tokio::test]
async fn ranges_are_those_of_what_the_service_sent() {
    let cached = Cached::with(&TEXT);
    cached.compress("/").await;
    let before = text();
    for range in [0..1, 50_000..80_000, before.len() - 5..before.len()] {
        let asked = format!("bytes={}-{}", range.start, range.end - 1);
        let told = format!("bytes {}-{}/{}", range.start, range.end - 1, before.len());
        for more in [GZIP[0], ("if-range", "\"1\"")] {
            let part = cached.get("/", &[("range", &asked), more]).await;
            assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
            assert_eq!((part.field("content-encoding"), part.field("etag")), ("", "\"1\""));
            assert_eq!(
                (part.field("content-range"), part.varies()),
                (&*told, vec!["accept-encoding"])
            );
            assert_eq!(part.field("content-length"), range.len().to_string());
            assert_eq!(part.body, before[range.clone()]);
        }
    }
    let of_the_other_form = [("range", "bytes=0-1"), ("if-range", "W/\"1\""), GZIP[0]];
    assert!(cached.get("/", &of_the_other_form).await.is_compressed());
    let no_plain = [("range", "bytes=0-1"), ("accept-encoding", "gzip, identity;q=0")];
    assert!(cached.get("/", &no_plain).await.is_compressed());
    let beyond = cached.get("/", &[("range", "bytes=999999-"), GZIP[0]]).await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.field("content-range"), format!("bytes */{}", before.len()));
}

#[tokio::test]
async fn weak_and_malformed_tags_make_no_strong_ones() {
    for (sent, compressed) in [("W/\"1\"", "W/\"1\""), ("no tag", ""), ("", "")] {
        let cached = Cached::new(move |_| {
            let mut answer = answer(&TEXT, &text());
            answer.headers_mut().insert("etag", sent.parse().unwrap());
            if sent.is_empty() {
                answer.headers_mut().remove("etag");
            }
            answer
        });
        cached.compress("/").await;
        assert_eq!(cached.get("/", &GZIP).await.field("etag"), compressed);
        assert_eq!(cached.get("/", &[]).await.field("etag"), sent);
    }
}

#[tokio::test]
async fn what_must_not_be_touched_is_left_as_it_is() {
    let cached = Cached::new(|request| match request.uri().path() {
        "/small" => answer(&TEXT, &text()[..100]),
        "/image" => answer(&[TEXT[0], ("content-type", "image/png")], &text()),
        "/coded" => answer(&[TEXT[0], TEXT[1], ("content-encoding", "br")], &text()),
        "/kept" => answer(&[("cache-control", "max-age=60, no-transform"), TEXT[1]], &text()),
        "/digest" => answer(&[TEXT[0], TEXT[1], ("repr-digest", "sha-256=:AA==:")], &text()),
        "/varies" => answer(&[TEXT[0], TEXT[1], ("vary", "Accept-Encoding")], &text()),
        _ => answer(&TEXT, &text()),
    });
    let paths = ["/small", "/image", "/coded", "/kept", "/digest", "/varies"];
    for path in paths {
        cached.get(path, &GZIP).await;
    }
    // They are compressed one after the other.
    cached.compress("/last").await;
    for path in paths {
        let first = cached.get(path, &GZIP).await;
        assert!(first.field("cache-status").contains("; hit") && !first.is_compressed(), "{path}");
        assert!(first.varies().len() <= 1 && (path == "/varies") == (first.varies().len() == 1));
    }
}

#[tokio::test]
async fn what_the_service_confirms_stays_compressed_as_long_as_it_may() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    let cached = Cached::new(move |request| {
        let mut noted = noted.lock().unwrap();
        noted.push(request.headers().get("if-none-match").cloned());
        if noted.len() == 1 {
            return answer(&TEXT, &text());
        }
        let control =
            ["max-age=90", "max-age=90, no-transform"][noted.len().saturating_sub(2).min(1)];
        let confirmed = Response::builder().status(304).header("etag", "\"1\"");
        confirmed.header("cache-control", control).body(Full::default()).unwrap()
    });
    cached.compress("/").await;
    cached.hand.advance(Duration::from_secs(61));
    let confirmed = cached.get("/", &GZIP).await;
    assert!(confirmed.is_compressed() && confirmed.field("cache-control") == "max-age=90");
    assert_eq!((confirmed.inflated(), confirmed.field("etag")), (text(), "W/\"1\""));
    assert!(cached.get("/", &GZIP).await.field("cache-status").contains("; hit"));
    assert_eq!(asked.lock().unwrap()[1].as_ref().unwrap(), "\"1\"", "the service's own tag");

    cached.hand.advance(Duration::from_secs(91));
    let confirmed = cached.get("/", &GZIP).await;
    assert_eq!((confirmed.field("content-encoding"), confirmed.field("etag")), ("", "\"1\""));
    assert_eq!((&*confirmed.body, confirmed.varies()), (text().as_bytes(), vec![]));
}

#[tokio::test]
async fn the_store_holds_less() {
    let cached = Cached::with(&TEXT);
    cached.compress("/").await;
    let usage = cached.cache.stats().store;
    assert!(usage.bytes < text().len() as u64 / 2, "{usage:?}");
    assert_eq!(usage.entries, 1);
}

#[tokio::test]
async fn variants_are_compressed_each() {
    let cached = Cached::new(|request| {
        let language =
            request.headers().get("accept-language").map_or("", |value| value.to_str().unwrap());
        let mut answer = answer(&TEXT, &format!("{language}{}", text()));
        answer.headers_mut().insert("vary", "accept-language".parse().unwrap());
        answer
    });
    for language in ["de", "en"] {
        cached.get("/", &[("accept-language", language)]).await;
    }
    for language in ["de", "en"] {
        let fields = [("accept-language", language), GZIP[0]];
        let given = cached.get_compressed("/", &fields).await;
        assert!(given.inflated().starts_with(language));
        assert_eq!(given.varies(), ["accept-language", "accept-encoding"]);
    }
}
