//! Whatever is asked for in whatever order, of a content that changes: what comes is what it says it is.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use proptest::prelude::*;
use tower_weir::cache::rules::{ContentRange, RequestDirectives};

use crate::service::*;

const LENGTH: usize = 12;

#[derive(Clone, Debug)]
enum Step {
    Ask { range: Option<(usize, usize)>, anew: bool },
    Change,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let range = (0..LENGTH, 0..LENGTH).prop_map(|(a, b)| (a.min(b), a.max(b)));
    prop_oneof![
        8 => (proptest::option::weighted(0.8, range), proptest::bool::weighted(0.1))
            .prop_map(|(range, anew)| Step::Ask { range, anew }),
        1 => Just(Step::Change),
        1 => (0_u64..40).prop_map(Step::Pass),
    ]
}

/// The content of a version: no byte of it is at its place in another.
fn content(version: u8) -> String {
    (0..LENGTH as u8).map(|at| char::from(b'a' + (version * 5 + at) % 26)).collect()
}

fn origin(request: &Request<()>, version: u8, is_tagged: bool) -> Answer {
    let content = content(version);
    let mut response = Response::builder()
        .header("cache-control", "max-age=30")
        .header("version", version.to_string());
    if is_tagged {
        response = response.header("etag", format!("\"{version}\""));
        if request
            .headers()
            .get("if-none-match")
            .is_some_and(|tag| *tag == *format!("\"{version}\""))
        {
            return response.status(StatusCode::NOT_MODIFIED).body(Full::default()).unwrap();
        }
    }
    let Some(range) = request.headers().get("range") else {
        return response.body(Full::from(content)).unwrap();
    };
    let range = range.to_str().unwrap().strip_prefix("bytes=").unwrap();
    let (start, end) = range.split_once('-').unwrap();
    let (start, end): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
    response
        .status(StatusCode::PARTIAL_CONTENT)
        .header("content-range", format!("bytes {start}-{end}/{LENGTH}"))
        .body(Full::from(content[start..=end].to_owned()))
        .unwrap()
}

fn is_what_it_says(response: &Response<String>, range: Option<(usize, usize)>) {
    let whole = content(field(response, "version").parse().unwrap());
    match response.status() {
        StatusCode::OK => assert_eq!(*response.body(), whole),
        StatusCode::PARTIAL_CONTENT => {
            let told = ContentRange::of(response.headers()).unwrap();
            let (start, end) = range.unwrap();
            assert_eq!((told.start, told.end), (start as u64, end as u64));
            assert_eq!(*response.body(), whole[start..=end]);
        }
        other => panic!("{other}"),
    }
}

proptest! {
    #[test]
    fn no_answer_mixes_versions_or_misses_bytes(
        steps in proptest::collection::vec(step(), 1..40),
        is_tagged in any::<bool>(),
        max_object_bytes in 4_u64..20,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let version = Arc::new(AtomicU8::new(0));
            let current = Arc::clone(&version);
            let cached = Cached::new(
                |layer| layer.request_directives(RequestDirectives::Honour).max_object_bytes(max_object_bytes),
                move |request, _| origin(request, current.load(Ordering::SeqCst), is_tagged),
            );
            for step in steps {
                match step {
                    Step::Change => _ = version.fetch_add(1, Ordering::SeqCst),
                    Step::Pass(seconds) => cached.pass(seconds),
                    Step::Ask { range, anew } => {
                        let range_text = range.map(|(start, end)| format!("bytes={start}-{end}"));
                        let mut fields = Vec::new();
                        fields.extend(range_text.as_deref().map(|text| ("range", text)));
                        fields.extend(anew.then_some(("cache-control", "no-cache")));
                        is_what_it_says(&cached.get_with("/a", &fields).await, range);
                    }
                }
            }
        });
    }
}
