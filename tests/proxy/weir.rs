//! The stack of a file at work between real connections.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::{
    proxy::{args::CheckArgs, check::check},
    wire::*,
};

const GET: &str = "GET / HTTP/1.1\r\nHost: site\r\n\r\n";
const STRICT: &str = "watch = false\n[defaults.rate_limit]\nkey = 'peer_ip'\non_missing_key = 'reject'\npolicies = ['1/hour']\n";

#[tokio::test]
async fn a_client_is_known_by_its_address_and_told_when_to_come_again() {
    let wire = Wire::with(STRICT, |_| {}).await;
    let first = wire.exchange(GET, &answer("", "fine")).await.answered;
    assert!(first.starts_with("HTTP/1.1 200 "), "{first}");
    let second = wire.ask(GET).await;
    assert!(second.starts_with("HTTP/1.1 429 "), "{second}");
    assert_ne!(field(&second, "retry-after"), "");
}

#[tokio::test]
async fn a_file_changes_under_traffic_and_no_request_fails() {
    let wire = Arc::new(Wire::with("watch = false", |_| {}).await);
    let limited = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (wire, limited) = (Arc::clone(&wire), Arc::clone(&limited));
            tokio::spawn(async move {
                let mut client = wire.client().await;
                let mut served = 0_u32;
                loop {
                    client.send(GET).await;
                    let answered = client.message().await;
                    if answered.starts_with("HTTP/1.1 429 ") && limited.load(Ordering::Relaxed) {
                        return served;
                    }
                    assert!(answered.starts_with("HTTP/1.1 200 "), "{answered}");
                    served += 1;
                }
            })
        })
        .collect();
    let upstream = tokio::spawn({
        let wire = Arc::clone(&wire);
        async move {
            loop {
                let mut upstream = wire.upstream().await;
                tokio::spawn(async move {
                    loop {
                        upstream.head().await;
                        upstream.send(&answer("", "fine")).await;
                    }
                });
            }
        }
    });
    for number in 0..20 {
        wire.file.write(&format!(
            "watch = false\n[defaults.rate_limit]\npolicies = ['{}/second']\n",
            1_000_000 + number
        ));
        wire.handle.reload().unwrap();
        tokio::task::yield_now().await;
    }
    limited.store(true, Ordering::Relaxed);
    wire.file.write(STRICT);
    wire.handle.reload().unwrap();
    for client in clients {
        tokio::time::timeout(HUNG, client).await.expect("it is in force for all").unwrap();
    }
    upstream.abort();
}

#[test]
fn the_files_beside_it_are_good() {
    for file in ["weir.toml", "cache.toml"] {
        let config = format!("{}/examples/proxy/{file}", env!("CARGO_MANIFEST_DIR")).into();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let good = check(&CheckArgs { config, explain: None }, &mut out, &mut err);
        assert!(good && err.is_empty(), "{}", String::from_utf8_lossy(&err));
        assert!(String::from_utf8_lossy(&out).contains("everything else"));
    }
}

#[test]
fn a_check_tells_all_that_is_wrong_or_what_one_request_meets() {
    let file = File::new("nonsense = 1\n[defaults]\nprofile = 7\n[[route]]\npath = 'a'\n");
    let checked = |explain: Option<&str>| {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let explain = explain.map(|path| (http::Method::POST, path.to_owned()));
        let good = check(&CheckArgs { config: file.path().into(), explain }, &mut out, &mut err);
        (good, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    };
    let (good, out, err) = checked(None);
    assert!(!good && out.is_empty());
    for place in [":1:1", ":3:11", ":5:8"] {
        assert!(err.contains(place), "{place} of {err}");
    }
    file.write(
        "[[route]]\nname = 'door'\npath = '/login'\nrate_limit = { policies = ['5/minute'] }\n",
    );
    let (good, out, err) = checked(Some("/login?again"));
    assert!(good && err.is_empty() && out.contains("(door)") && out.contains("5/minute"), "{out}");
    let (good, out, _) = checked(Some("/other"));
    assert!(good && !out.contains("5/minute"), "{out}");
}
