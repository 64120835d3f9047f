//! Keys that collide.

use tower_weir::{
    cache::{Fingerprint, Query},
    key::Extension,
};

use crate::world::*;

/// Kettle, "Web Cache Entanglement", 2020: parts of a key that take bytes from each other.
#[tokio::test]
async fn collision_of_shifted_parts() {
    let (a, b) = (http::HeaderName::from_static("x-a"), http::HeaderName::from_static("x-b"));
    let keyed = Fingerprint::builder().header(a).header(b);
    let cached = Cached::new(
        |layer| layer.fingerprint(keyed),
        |request, _| fresh(format!("{:?} {}", request.headers(), request.uri()), &[]),
    );
    let fields: [&[(&str, &str)]; 9] = [
        &[],
        &[("x-a", "")],
        &[("x-b", "")],
        &[("x-a", "ab")],
        &[("x-a", "a"), ("x-b", "b")],
        &[("x-a", "a"), ("x-a", "b")],
        &[("x-a", "a, b")],
        &[("x-forwarded-proto", "a")],
        &[("x-forwarded-proto", "a"), ("x-a", "a")],
    ];
    let mut seen = std::collections::HashSet::new();
    for uri in ["/", "/a", "/?a", "/?a?", "/a?a"] {
        for fields in fields {
            let got = cached.get_with(uri, fields).await;
            assert!(!got.is_hit() && seen.insert(got.text));
        }
    }
}

/// The same between a field that may be absent and what a user adds, which may be any bytes.
#[tokio::test]
async fn collision_of_a_field_with_what_the_user_adds() {
    let keyed = Fingerprint::builder().key(Extension::<Vec<u8>>::new());
    let cached = Cached::new(
        |layer| layer.fingerprint(keyed),
        |request, _| {
            fresh(
                format!("{:?} {:?}", request.headers(), request.extensions().get::<Vec<u8>>()),
                &[],
            )
        },
    );
    let lengths =
        |count: usize, length: usize| [count.to_le_bytes(), length.to_le_bytes()].concat();
    // One field of one byte, and then a tenant without a name: or a tenant whose name looks like that.
    let mut with_field = get("/", &[("x-forwarded-proto", "a")]);
    with_field.extensions_mut().insert(Vec::<u8>::new());
    let mut without = get("/", &[]);
    without.extensions_mut().insert([&lengths(0, 0)[..8], b"a"].concat());
    let (one, other) = (cached.send(with_field).await, cached.send(without).await);
    assert!(!other.is_hit() && one.text != other.text);
}

/// Kettle 2020, "parameter cloaking" (CVE-2020-28473, CVE-2021-23336): what the cache takes for one parameter that does not
/// count, and the service for two.
#[tokio::test]
async fn cloaking_of_a_parameter_by_a_semicolon() {
    for query in [Query::without(["utm"]), Query::only(["q"])] {
        let cached = Cached::new(
            |layer| layer.fingerprint(Fingerprint::builder().query(query.clone())),
            |request, _| {
                let query = request.uri().query().unwrap_or_default();
                let last = query.split(['&', ';']).rev().find_map(|p| p.strip_prefix("q="));
                fresh(last.unwrap_or("-"), &[])
            },
        );
        for cloaked in ["/?q=good&utm=x;q=evil", "/?utm=x;q=evil&z", "/?utm;q=evil"] {
            cached.get(cloaked).await;
        }
        assert_eq!(cached.get("/?q=good").await.text, "good");
        assert_eq!(cached.get("/?q=good&utm=x").await.text, "good");
        assert_eq!(cached.get("/").await.text, "-");
    }
}

/// The same by percent-encoding: `%71` is `q` to the service.
#[tokio::test]
async fn cloaking_of_a_parameter_by_encoding_its_name() {
    for query in [Query::without(["utm"]), Query::only(["q"])] {
        let cached = Cached::new(
            |layer| layer.fingerprint(Fingerprint::builder().query(query.clone())),
            |request, _| {
                let query = request.uri().query().unwrap_or_default().replace("%71", "q");
                fresh(query.split('&').rev().find_map(|p| p.strip_prefix("q=")).unwrap_or("-"), &[])
            },
        );
        cached.get("/?%71=evil").await;
        cached.get("/?q=good&%71=evil").await;
        assert_eq!(cached.get("/").await.text, "-");
        assert_eq!(cached.get("/?q=good").await.text, "good");
    }
}

/// Names that differ only in ways that some services do not see.
#[tokio::test]
async fn cloaking_of_a_parameter_by_another_spelling() {
    let query = Query::only(["q"]);
    let cached = Cached::new(
        |layer| layer.fingerprint(Fingerprint::builder().query(query)),
        |request, _| fresh(request.uri().query().unwrap_or_default().to_owned(), &[]),
    );
    for spelling in ["+q=evil", "q%00=evil", "q+=evil", "%20q=evil"] {
        cached.get(&format!("/?{spelling}")).await;
        assert_eq!(cached.get("/").await.text, "", "{spelling}");
    }
}
