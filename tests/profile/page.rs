//! The page that shows a profile.

use http::{HeaderMap, StatusCode};
use tower::service_fn;
use tower_weir::profile::ProfilePage;

use super::*;

fn shown(page: &ProfilePage, request: Request<()>) -> (StatusCode, HeaderMap, String) {
    let answer = futures_executor::block_on(page.clone().oneshot(request)).unwrap();
    let (head, body) = answer.into_parts();
    let body = futures_executor::block_on(body.collect()).unwrap().to_bytes();
    (head.status, head.headers, String::from_utf8(body.to_vec()).unwrap())
}

fn page() -> ProfilePage {
    let profile = Profile::new();
    read(send(&ProfileLayer::new(profile.clone()), service_fn(fine), get("/")).unwrap()).unwrap();
    profile.page()
}

#[test]
fn people_get_a_table_and_programs_json() {
    let page = page();
    let kind = |accept: &[&str]| {
        let request = accept.iter().fold(Request::get("/profile"), |r, a| r.header("accept", *a));
        let (status, headers, body) = shown(&page, request.body(()).unwrap());
        assert_eq!(status, 200);
        let kind = headers["content-type"].to_str().unwrap().to_owned();
        match &*kind {
            "application/json" => {
                let json: serde_json::Value = serde_json::from_str(&body).unwrap();
                assert_eq!(json["routes"][0]["lifetime"]["count"], 1);
                "json"
            }
            "text/plain; charset=utf-8" => {
                assert!(body.contains("_unmatched"), "{body}");
                "text"
            }
            _ => panic!("{kind}"),
        }
    };
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for accept in [
        vec![],
        vec!["*/*"],
        vec![browser],
        vec!["text/plain, application/json;q=0.9"],
        vec!["application/json;q=0"],
        vec!["nonsense;;q=x"],
    ] {
        assert_eq!(kind(&accept), "text", "{accept:?}");
    }
    for accept in [
        vec!["application/json"],
        vec!["Application/JSON, */*;q=0.1"],
        vec!["text/*;q=0.5", "application/*"],
        vec!["text/plain;q=0, */*"],
    ] {
        assert_eq!(kind(&accept), "json", "{accept:?}");
    }
}

#[test]
fn a_window_may_be_asked_for() {
    let page = page();
    let ask =
        |query: &str| shown(&page, Request::get(format!("/profile{query}")).body(()).unwrap());
    for (query, said) in [
        ("", "since the start"),
        ("?window=lifetime", "since the start"),
        ("?a=b&window=minute", "last minute"),
        ("?window=five_minutes", "last 5 minutes"),
        ("?window=hour", "last hour"),
    ] {
        let (status, _, body) = ask(query);
        assert!(status == 200 && body.contains(said), "{query}: {body}");
    }
    let (status, _, body) = ask("?window=year");
    assert_eq!(status, 400);
    assert_eq!(body, "there is no window `year`; allowed: lifetime, minute, five_minutes, hour\n");
}

#[test]
fn other_methods_are_refused() {
    let page = page();
    let (status, headers, _) = shown(&page, Request::post("/profile").body(()).unwrap());
    assert_eq!((status.as_u16(), &headers["allow"]), (405, &"GET, HEAD".parse().unwrap()));
    assert_eq!(shown(&page, Request::head("/profile").body(()).unwrap()).0, 200);
}
