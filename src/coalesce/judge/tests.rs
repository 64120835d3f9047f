use http::{Request, Response};

use super::*;

fn response(status: u16, fields: &[(&str, &str)]) -> Parts {
    let response = Response::builder().status(status);
    let response =
        fields.iter().fold(response, |response, (name, value)| response.header(*name, *value));
    response.body(()).unwrap().into_parts().0
}

fn judged(status: u16, fields: &[(&str, &str)]) -> Result<Selection, Refusal> {
    judge(&Fields::default(), &response(status, fields))
}

#[test]
fn what_is_for_one_is_not_shared() {
    for (field, refusal) in [
        (("set-cookie", "a=b"), Refusal::SetCookie),
        (("cache-control", "max-age=5, private"), Refusal::Control),
        (("cache-control", "Private=\"set-cookie\""), Refusal::Control),
        (("cache-control", "NO-STORE"), Refusal::Control),
        (("cache-control", "x=\"unclosed, no-store"), Refusal::Control),
        (("cdn-cache-control", "private"), Refusal::Control),
        (("www-authenticate", "Negotiate"), Refusal::Challenge),
        (("www-authenticate", "Basic realm=a, NTLM"), Refusal::Challenge),
        (("proxy-authenticate", "Digest nonce=a"), Refusal::Challenge),
        (("content-type", "Text/Event-Stream; charset=utf-8"), Refusal::Stream),
        (("content-type", "multipart/x-mixed-replace;boundary=a"), Refusal::Stream),
        (("vary", "accept, *"), Refusal::Vary),
        (("vary", "a b"), Refusal::Vary),
    ] {
        assert_eq!(judged(200, &[field]), Err(refusal), "{field:?}");
        assert!(refusal.lasts(StatusCode::OK) && !refusal.lasts(StatusCode::NOT_FOUND));
    }
}

#[test]
fn what_is_for_all_is_shared_whatever_its_status() {
    for status in [200, 206, 301, 304, 401, 404, 410, 412, 416, 500, 503] {
        for fields in [
            &[][..],
            &[("cache-control", "no-cache, max-age=0")],
            &[("www-authenticate", "Basic realm=\"a\"")],
            &[("vary", "accept-encoding"), ("content-type", "text/html")],
        ] {
            assert!(judged(status, fields).is_ok(), "{status} {fields:?}");
        }
    }
}

#[test]
fn what_is_about_the_request_is_not_shared_and_tells_nothing_of_the_next() {
    let grpc = |code| [("content-type", "application/grpc"), ("grpc-status", code)];
    for (status, fields, refusal) in [
        (101, &[][..], Refusal::Informational),
        (400, &[], Refusal::ThisRequest),
        (403, &[], Refusal::ThisRequest),
        (408, &[], Refusal::ThisRequest),
        (425, &[], Refusal::ThisRequest),
        (429, &[], Refusal::ThisRequest),
        (499, &[], Refusal::ThisRequest),
        (200, &grpc("8"), Refusal::ThisRequest),
        (200, &grpc("7"), Refusal::ThisRequest),
        (200, &grpc("4"), Refusal::ThisRequest),
        (200, &grpc("1"), Refusal::ThisRequest),
    ] {
        assert_eq!(judged(status, fields), Err(refusal));
        assert!(!refusal.lasts(StatusCode::OK));
    }
    assert!(judged(200, &grpc("5")).is_ok() && judged(200, &grpc("0")).is_ok());
    let mut rejected = response(503, &[]);
    Rejected::mark(&mut rejected.extensions);
    assert_eq!(judge(&Fields::default(), &rejected), Err(Refusal::Rejected));
}

#[test]
fn vary_selects_by_all_lines_byte_by_byte() {
    let of = |fields: &[(&str, &str)]| {
        let request = Request::builder();
        let add = |request: http::request::Builder, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        fields.iter().fold(request, add).body(()).unwrap().into_parts().0.headers
    };
    let asked = of(&[("origin", "a"), ("x-b", "1"), ("x-b", "2")]);
    let response = response(200, &[("vary", "Origin,, X-B"), ("vary", "x-c")]);
    let selection = judge(&Fields::of(&asked), &response).unwrap();
    assert!(selection.matches(&asked));
    assert!(selection.matches(&of(&[("x-b", "1"), ("x-b", "2"), ("origin", "a"), ("x-d", "9")])));
    for other in [
        of(&[]),
        of(&[("origin", "b"), ("x-b", "1"), ("x-b", "2")]),
        of(&[("origin", "a"), ("x-b", "1, 2")]),
        of(&[("origin", "a"), ("x-b", "2"), ("x-b", "1")]),
        of(&[("origin", "a"), ("x-b", "1"), ("x-b", "2"), ("x-c", "")]),
    ] {
        assert!(!selection.matches(&other), "{other:?}");
    }
}
