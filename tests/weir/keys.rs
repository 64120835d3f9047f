use std::net::IpAddr;

use http::HeaderName;
use tower_weir::{
    head::Head,
    key::{Header, PeerIp},
    rate_limit::LimitHandle,
};

use super::world::{Ask, builder, counting, from, get, weir, with};

fn limit(key: &str, more: &str) -> String {
    format!("[defaults]\nrate_limit = {{ key = {key}, policies = ['1/hour']{more} }}\n")
}

#[tokio::test]
async fn keys_tell_clients_apart() {
    let service = counting(&weir(&limit("'peer_ip'", "")));
    assert_eq!(service.status(from(get("/"), "192.0.2.1")).await, 200);
    assert_eq!(service.status(from(get("/"), "192.0.2.2")).await, 200);
    assert_eq!(service.status(from(get("/"), "192.0.2.1")).await, 429);

    let service = counting(&weir(&limit("['peer_ip', 'header:x-user']", "")));
    let ask = |peer, user| with(from(get("/"), peer), "x-user", user);
    assert_eq!(service.status(ask("192.0.2.1", "a")).await, 200);
    assert_eq!(service.status(ask("192.0.2.1", "b")).await, 200);
    assert_eq!(service.status(ask("192.0.2.2", "a")).await, 200);
    assert_eq!(service.status(ask("192.0.2.1", "a")).await, 429);

    let reject = counting(&weir(&limit("'header:x-user'", ", on_missing_key = 'reject'")));
    assert_eq!(reject.status(get("/")).await, 400);
    let skip = counting(&weir(&limit("'header:x-user'", ", on_missing_key = 'skip'")));
    assert_eq!((skip.status(get("/")).await, skip.status(get("/")).await), (200, 200));
}

#[tokio::test]
async fn proxies_are_believed_that_the_file_trusts() {
    let proxies = "[trusted_proxies]\ncidrs = ['10.0.0.0/8']\n";
    let service = counting(&weir(&(limit("'forwarded'", ", deny = ['203.0.113.0/24']") + proxies)));
    let ask = |peer, told| with(from(get("/"), peer), "x-forwarded-for", told);
    assert_eq!(service.status(ask("10.0.0.1", "192.0.2.1")).await, 200);
    assert_eq!(service.status(ask("10.0.0.2", "192.0.2.1")).await, 429);
    assert_eq!(service.status(ask("192.0.2.9", "192.0.2.1")).await, 200);
    assert_eq!(service.status(ask("192.0.2.9", "192.0.2.2")).await, 429, "its own address");
    assert_eq!(service.status(ask("10.0.0.1", "203.0.113.5")).await, 403);
}

#[tokio::test]
async fn some_networks_pass_and_some_never_do() {
    let lists = ", exempt = ['10.0.0.0/8'], deny = ['203.0.113.7']";
    let service = counting(&weir(&limit("'peer_ip'", lists)));
    for _ in 0..5 {
        assert_eq!(service.status(from(get("/"), "10.1.2.3")).await, 200);
    }
    assert_eq!(service.status(from(get("/"), "203.0.113.7")).await, 403);
}

#[tokio::test]
async fn networks_are_those_of_clients_where_proxies_are_trusted() {
    let lists = ", exempt = ['192.0.2.0/24'], deny = ['203.0.113.7']";
    let proxies = "[trusted_proxies]\ncidrs = ['10.0.0.0/8']\n";
    let text = format!("{}{proxies}", limit("'header:x-user'", lists));
    let service = counting(&weir(&text));
    let ask = |client| {
        let request = with(from(get("/"), "10.0.0.1"), "x-forwarded-for", client);
        with(request, "x-user", "u")
    };
    for _ in 0..3 {
        assert_eq!(service.status(ask("192.0.2.1")).await, 200);
    }
    assert_eq!(service.status(ask("203.0.113.7")).await, 403);
    assert_eq!(service.status(ask("198.51.100.1")).await, 200);
    assert_eq!(service.status(ask("198.51.100.1")).await, 429);
}

#[tokio::test]
async fn the_file_may_name_a_key_that_the_program_brings() {
    let tenant = |head: &Head<'_>| head.uri.path().split('/').nth(1).map(str::to_owned);
    let text = limit("['tenant', 'header:x-user']", "");
    let weir = builder().0.text(text).key("tenant", tenant).build().unwrap();
    let service = counting(&weir);
    let ask = |path, user| with(get(path), "x-user", user);
    assert_eq!(service.status(ask("/a/1", "u")).await, 200);
    assert_eq!(service.status(ask("/b/1", "u")).await, 200);
    assert_eq!(service.status(ask("/a/1", "v")).await, 200);
    assert_eq!(service.status(ask("/a/2", "u")).await, 429);
}

#[tokio::test]
async fn a_handle_finds_a_key_by_what_it_stands_for() {
    let user = || Header(HeaderName::from_static("x-user"));
    let peer = "192.0.2.1".parse().unwrap();
    type Deny = fn(&LimitHandle, IpAddr);
    let cases: [(&str, Deny); 5] = [
        ("'peer_ip'", |limit, peer| limit.deny(&PeerIp.key_for(peer))),
        ("'header:x-user'", |limit, _| limit.deny("u")),
        ("'user'", |limit, _| limit.deny("u")),
        ("['peer_ip', 'user']", |limit, peer| limit.deny(&(PeerIp.key_for(peer), "u"))),
        ("['header:x-user', 'user', 'peer_ip']", |limit, peer| {
            limit.deny(&("u", "u", PeerIp.key_for(peer)));
        }),
    ];
    for (key, deny) in cases {
        let weir = builder().0.text(limit(key, "")).key("user", user()).build().unwrap();
        let service = counting(&weir);
        let ask = || with(from(get("/"), "192.0.2.1"), "x-user", "u");
        assert_eq!(service.status(ask()).await, 200, "{key}");
        assert_eq!(service.status(ask()).await, 429, "{key}");
        deny(&weir.handle().rate_limit("default").unwrap().limit("default").unwrap(), peer);
        assert_eq!(service.status(ask()).await, 403, "{key}");
        let other = with(from(get("/"), "192.0.2.2"), "x-user", "w");
        assert_eq!(service.status(other).await, 200, "{key}");
    }
}

#[tokio::test]
async fn what_was_said_of_a_key_is_not_said_of_another_that_looks_alike() {
    let text = |key: &str, quota: u32| {
        format!("[defaults]\nrate_limit = {{ key = '{key}', policies = ['{quota}/hour'] }}\n")
    };
    let file = super::world::File::new(&text("header:x-team", 5));
    let weir = builder().0.file(&file.0).build().unwrap();
    let service = counting(&weir);
    weir.handle().rate_limit("default").unwrap().limit("default").unwrap().deny("a");
    let ask = |name, value: &str| service.status(with(get("/"), name, value));
    assert_eq!((ask("x-team", "a").await, ask("x-team", "b").await), (403, 200));
    file.write(&text("header:x-team", 6));
    weir.handle().reload().unwrap();
    assert_eq!((ask("x-team", "a").await, ask("x-team", "b").await), (403, 200));
    file.write(&text("header:x-plan", 6));
    weir.handle().reload().unwrap();
    assert_eq!((ask("x-plan", "a").await, ask("x-plan", "b").await), (200, 200));
}
