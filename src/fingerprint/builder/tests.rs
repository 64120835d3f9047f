use http::{Request, header::ACCEPT};

use super::{super::Fingerprint, *};

fn written(builder: &FingerprintBuilder, request: &Request<()>) -> Result<Vec<u8>, Unfit> {
    let (mut key, head) = (KeyBytes::default(), Head::of(request));
    builder.write(&head, Seen::of(head.headers), &mut key).map(|_| key.bytes().to_vec())
}

fn request(uri: &str, fields: &[(&str, &str)]) -> Request<()> {
    let request = Request::get(uri);
    fields
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value))
        .body(())
        .unwrap()
}

fn plain(uri: &str, fields: &[(&str, &str)]) -> Result<Vec<u8>, Unfit> {
    written(&Fingerprint::builder(), &request(uri, fields))
}

#[test]
fn a_head_request_has_the_fingerprint_of_a_get() {
    let mut head = request("/a", &[]);
    *head.method_mut() = Method::HEAD;
    assert_eq!(written(&Fingerprint::builder(), &head), plain("/a", &[]));
    *head.method_mut() = Method::POST;
    assert_ne!(written(&Fingerprint::builder(), &head), plain("/a", &[]));
}

#[test]
fn the_host_is_the_uris_or_else_the_fields() {
    let different_only_in_case =
        [plain("/a", &[("host", "Example.COM:80")]), plain("/a", &[("host", "example.com:80")])];
    assert_ne!(different_only_in_case[0], different_only_in_case[1]);
    assert_ne!(plain("/a", &[("host", "a")]), plain("/a", &[("host", "b")]));
    assert_ne!(plain("/a", &[("host", "a")]), plain("/a", &[]));
    assert_eq!(plain("http://a/", &[]), plain("http://a/", &[("host", "a")]));
    assert_ne!(plain("http://a/", &[]), plain("https://a/", &[]));
    let any = Fingerprint::builder().any_host();
    assert_eq!(
        written(&any, &request("/", &[("host", "a")])),
        written(&any, &request("/", &[("host", "b")]))
    );
}

#[test]
fn a_request_with_an_unclear_host_has_no_fingerprint() {
    for bad in ["a, b", "a/b", "a@b", "a?b", "a#b", "a\\b", "a b", "\u{fc}"] {
        assert_eq!(plain("/", &[("host", bad)]), Err(Unfit::Host), "{bad}");
    }
    assert_eq!(plain("/", &[("host", "a"), ("host", "a")]), Err(Unfit::Host));
    assert_eq!(plain("http://user@a/", &[]), Err(Unfit::Host));
    for contradicting in [&[("host", "b")][..], &[("host", "A")], &[("host", "a"), ("host", "a")]] {
        assert_eq!(plain("http://a/", contradicting), Err(Unfit::Host), "{contradicting:?}");
    }
}

#[test]
fn fields_that_are_not_keyed_leave_no_fingerprint() {
    for name in UNKEYED.iter().copied().chain(["forwarded"]) {
        let name = HeaderName::from_static(name);
        let request = request("/", &[(name.as_str(), "x")]);
        assert_eq!(written(&Fingerprint::builder(), &request), Err(Unfit::Unkeyed(name.clone())));
        assert!(written(&Fingerprint::builder().header(name.clone()), &request).is_ok());
        let disregarded = written(&Fingerprint::builder().disregard(name), &request);
        assert_eq!(disregarded, plain("/", &[]));
    }
    assert_ne!(
        plain("/", &[("x-forwarded-proto", "http")]),
        plain("/", &[("x-forwarded-proto", "https")])
    );
}

#[test]
fn parts_cannot_be_shifted_into_each_other() {
    let two = Fingerprint::builder().header(ACCEPT).header(HeaderName::from_static("x-b"));
    let of = |fields: &[(&str, &str)]| written(&two, &request("/", fields)).unwrap();
    let all = [
        of(&[]),
        of(&[("accept", "")]),
        of(&[("accept", "ab")]),
        of(&[("accept", "a"), ("x-b", "b")]),
        of(&[("x-b", "ab")]),
        of(&[("accept", "a"), ("accept", "b")]),
        of(&[("accept", "a, b")]),
    ];
    let distinct: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
}

#[test]
fn a_key_that_is_missing_leaves_no_fingerprint() {
    let keyed = Fingerprint::builder().key(crate::key::Header(HeaderName::from_static("x-tenant")));
    let of = |fields: &[(&str, &str)]| written(&keyed, &request("/", fields));
    assert!(matches!(of(&[]), Err(Unfit::Key(_))));
    assert_ne!(of(&[("x-tenant", "a")]).unwrap(), of(&[("x-tenant", "b")]).unwrap());
}

#[test]
fn the_place_of_the_uri_is_known() {
    let request = request("http://A.b:8/x/y?z=1", &[]);
    let (mut key, head) = (KeyBytes::default(), Head::of(&request));
    let place = Fingerprint::builder().write(&head, Seen::of(head.headers), &mut key).unwrap();
    let text =
        |from: u32, to: u32| std::str::from_utf8(&key.bytes()[from as usize..to as usize]).unwrap();
    assert_eq!(text(place.host, place.end), "a.b:8/x/y?z=1");
}
