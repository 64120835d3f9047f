//! Keys: who a request is counted for, whatever its headers claim.

use std::{collections::HashSet, net::SocketAddr};

use http::{Request, request::Parts};
use proptest::prelude::*;
use tower_weir::{
    head::Head,
    key::{Forwarded, Global, Header, KeyExtractor, KeySeed, PeerIp},
};

fn head(peer: &str, headers: &[(&str, &[u8])]) -> Parts {
    let mut request = Request::builder();
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    parts.extensions.insert(peer.parse::<SocketAddr>().unwrap());
    parts
}

fn client(forwarded: &Forwarded, parts: &Parts) -> String {
    forwarded.extract(&Head::from(parts)).unwrap().address().to_string()
}

const PROXY: &str = "10.0.0.1:80";

fn trusting() -> Forwarded {
    Forwarded::trusting(["10.0.0.0/8", "fd00::/8", "192.0.2.200"]).unwrap()
}

/// What clients and proxies send, and whom it is counted for. The peer is a trusted proxy.
#[test]
fn the_first_hop_from_the_right_that_is_not_trusted_is_the_client() {
    let long = format!("{}203.0.113.9", "1.2.3.4, ".repeat(1_200));
    let chain = format!("203.0.113.7{}", ", 10.1.1.1".repeat(1_000));
    let cases: &[(&[&str], &str)] = &[
        // Honest.
        (&["203.0.113.7"], "203.0.113.7"),
        (&["203.0.113.7, 10.2.2.2"], "203.0.113.7"),
        (&["203.0.113.7, 192.0.2.200, 10.2.2.2"], "203.0.113.7"),
        (&["203.0.113.7:4711"], "203.0.113.7"),
        (&["[2001:db8::7]:4711"], "2001:db8::"),
        (&["[2001:db8::7]"], "2001:db8::"),
        (&["2001:db8::7"], "2001:db8::"),
        (&["203.0.113.7, fd00::1"], "203.0.113.7"),
        (&["  203.0.113.7  ,10.2.2.2  "], "203.0.113.7"),
        (&["::ffff:203.0.113.7"], "203.0.113.7"),
        (&["203.0.113.7, ::ffff:10.2.2.2"], "203.0.113.7"),
        // All trusted: the farthest is the client.
        (&["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
        (&[&chain], "203.0.113.7"),
        // Forged: the client wrote the left part, a proxy appended the right.
        (&["1.2.3.4, 203.0.113.7"], "203.0.113.7"),
        (&["10.9.9.9, 203.0.113.7"], "203.0.113.7"),
        (&["127.0.0.1, 203.0.113.7, 10.2.2.2"], "203.0.113.7"),
        (&["1.2.3.4", "203.0.113.7"], "203.0.113.7"),
        (&["203.0.113.7", "10.2.2.2"], "203.0.113.7"),
        (&["1.2.3.4, 10.2.2.2", "203.0.113.7, 10.2.2.2"], "203.0.113.7"),
        (&[&long], "203.0.113.9"),
        // Garbage ends the walk: whoever wrote it down counts.
        (&["garbage"], "10.0.0.1"),
        (&["garbage, 10.2.2.2"], "10.2.2.2"),
        (&["1.2.3.4, unknown, 10.2.2.2"], "10.2.2.2"),
        (&["1.2.3.4, 203.0.113, 10.2.2.2"], "10.2.2.2"),
        (&["1.2.3.4, 203.0.113.7.8"], "10.0.0.1"),
        (&["1.2.3.4, 0x7f.1"], "10.0.0.1"),
        (&["1.2.3.4, 010.0.0.1"], "10.0.0.1"),
        (&["1.2.3.4, [2001:db8::7"], "10.0.0.1"),
        (&["1.2.3.4, [203.0.113.7]"], "10.0.0.1"),
        (&["1.2.3.4, 203.0.113.7:99999"], "10.0.0.1"),
        (&["1.2.3.4, fe80::1%eth0"], "10.0.0.1"),
        (&["1.2.3.4, \u{e9}"], "10.0.0.1"),
        (&["1.2.3.4;203.0.113.7"], "10.0.0.1"),
        (&["'; DROP TABLE clients; --"], "10.0.0.1"),
        // Empty elements do not count (RFC 9110, 5.6.1.2).
        (&["203.0.113.7, , ,"], "203.0.113.7"),
        (&[""], "10.0.0.1"),
        (&[",,,"], "10.0.0.1"),
        (&[], "10.0.0.1"),
    ];
    for (lines, expected) in cases {
        let headers: Vec<_> =
            lines.iter().map(|line| ("x-forwarded-for", line.as_bytes())).collect();
        assert_eq!(client(&trusting(), &head(PROXY, &headers)), *expected, "{lines:?}");
    }
}

#[test]
fn a_peer_that_is_no_proxy_is_believed_nothing() {
    for (peer, expected) in [
        ("203.0.113.5:99", "203.0.113.5"),
        ("11.0.0.1:99", "11.0.0.1"),
        ("[::ffff:203.0.113.5]:99", "203.0.113.5"),
        ("[2001:db8::5]:99", "2001:db8::"),
        ("192.0.2.201:99", "192.0.2.201"),
    ] {
        let parts = head(peer, &[("x-forwarded-for", b"1.2.3.4"), ("forwarded", b"for=1.2.3.4")]);
        assert_eq!(client(&trusting(), &parts), expected);
        assert_eq!(client(&trusting().rfc7239(), &parts), expected);
    }
    let none: [&str; 0] = [];
    let parts = head(PROXY, &[("x-forwarded-for", b"1.2.3.4")]);
    assert_eq!(client(&Forwarded::trusting(none).unwrap(), &parts), "10.0.0.1");
}

#[test]
fn only_the_chosen_header_is_read() {
    let parts =
        head(PROXY, &[("x-forwarded-for", b"203.0.113.7"), ("forwarded", b"for=203.0.113.8")]);
    assert_eq!(client(&trusting(), &parts), "203.0.113.7");
    assert_eq!(client(&trusting().rfc7239(), &parts), "203.0.113.8");
    let parts =
        head(PROXY, &[("x-real-ip", b"1.1.1.1"), ("client-ip", b"1.1.1.1"), ("via", b"1.1.1.1")]);
    assert_eq!(client(&trusting(), &parts), "10.0.0.1");
}

#[test]
fn rfc7239_elements() {
    let cases: &[(&str, &str)] = &[
        ("for=203.0.113.7", "203.0.113.7"),
        ("For=203.0.113.7;proto=https;by=10.0.0.1", "203.0.113.7"),
        ("proto=https; for=\"203.0.113.7:80\"", "203.0.113.7"),
        ("for=\"[2001:db8::7]:4711\"", "2001:db8::"),
        ("for=\"[2001:db8::7]\"", "2001:db8::"),
        ("for=1.2.3.4, for=203.0.113.7, for=10.2.2.2", "203.0.113.7"),
        ("for=1.2.3.4, for=unknown", "10.0.0.1"),
        ("for=1.2.3.4, for=_hidden, for=10.2.2.2", "10.2.2.2"),
        ("for=1.2.3.4, proto=https", "10.0.0.1"),
        ("203.0.113.7", "10.0.0.1"),
        // What a client sent comes back in a proxy's quotes: none of it counts.
        ("for=203.0.113.7;host=\"a,for=6.6.6.6;b\";proto=https", "203.0.113.7"),
        ("for=203.0.113.7;host=\"a\\\",for=6.6.6.6;b\";proto=https", "203.0.113.7"),
        ("host=\"a;for=6.6.6.6;b\";for=203.0.113.7", "203.0.113.7"),
        ("host=a;for=6.6.6.6;b=;for=203.0.113.7", "10.0.0.1"),
        ("for=203.0.113.7;host=\"a\\\\\", for=10.2.2.2", "203.0.113.7"),
        // An open quote before the proxy's element hides nothing.
        ("for=\"1.2.3.4, for=203.0.113.7", "203.0.113.7"),
        ("for=1.2.3.4, for=\"a,b\"", "10.0.0.1"),
    ];
    for (line, expected) in cases {
        let parts = head(PROXY, &[("forwarded", line.as_bytes())]);
        assert_eq!(client(&trusting().rfc7239(), &parts), *expected, "{line}");
    }
}

#[test]
fn bad_networks_are_named() {
    let error = Forwarded::trusting(["10.0.0.0/8", "10.0.0.0/33"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid trusted proxy `10.0.0.0/33`: not a network or an address; allowed: CIDR such as 10.0.0.0/8 or \
         fd00::/8, or an IP address",
    );
    // Networks of mapped addresses are those of IPv4.
    let mapped = Forwarded::trusting(["::ffff:10.0.0.0/104", "::ffff:192.0.2.1"]).unwrap();
    for proxy in ["10.0.0.1:80", "192.0.2.1:80"] {
        assert_eq!(
            client(&mapped, &head(proxy, &[("x-forwarded-for", b"203.0.113.7")])),
            "203.0.113.7"
        );
    }
    assert_eq!(trusting().prefix(40, 64).unwrap_err().field(), "IPv4 prefix");
}

#[test]
fn prefixes_of_forwarded_addresses() {
    let forwarded = trusting().prefix(24, 48).unwrap();
    let of = |hop: &str| client(&forwarded, &head(PROXY, &[("x-forwarded-for", hop.as_bytes())]));
    assert_eq!(of("203.0.113.7"), "203.0.113.0");
    assert_eq!(of("2001:db8:1:2::7"), "2001:db8:1::");
}

#[test]
fn keys_hash_under_a_seed() {
    let (seed, other) = (KeySeed::fixed([1, 2]), KeySeed::fixed([1, 3]));
    let parts = head(PROXY, &[]);
    let ip = PeerIp.extract(&Head::from(&parts)).unwrap();
    assert_eq!(seed.key(&ip), seed.key(&ip));
    assert_ne!(seed.key(&ip), other.key(&ip));
    assert_ne!(seed.key(&ip), seed.key(&Global.extract(&Head::from(&parts)).unwrap()));
    assert_ne!(KeySeed::random().key(&1).bits(), KeySeed::random().key(&1).bits());
    assert_eq!(format!("{:?}", KeySeed::fixed([77, 88])), "KeySeed(secret)");
    // SipHash-1-3 is a specified function (this value is a reference implementation's): a kept seed gives the same keys
    // in every build.
    assert_eq!(seed.key(&7u64).bits(), 0x27AF_68D8_34D1_F21D);
}

#[test]
fn headers_are_compared_as_bytes() {
    let by = Header(http::HeaderName::from_static("x-key"));
    let of = |value: &[u8]| {
        let parts = head(PROXY, &[("x-key", value)]);
        KeySeed::fixed([0, 0]).key(&by.extract(&Head::from(&parts)).unwrap()).bits()
    };
    let values: [&[u8]; 5] = [b"a", b"A", b"", b"\xff\xfe", b"a b"];
    assert_eq!(values.map(of).into_iter().collect::<HashSet<_>>().len(), 5);
    let missing = by.extract(&Head::from(&head(PROXY, &[]))).unwrap_err();
    assert_eq!(missing.to_string(), "the request has no header x-key");
}

proptest! {
    /// Whatever a client writes, a proxy's own word outranks it.
    #[test]
    fn no_forged_header_moves_the_client(forged in prop::collection::vec("[ -~]{0,80}", 0..4)) {
        let appended = forged.last().map_or("203.0.113.7".into(), |last| format!("{last}, 203.0.113.7"));
        let mut lines: Vec<_> = forged.clone();
        lines.pop();
        lines.push(appended);
        let headers: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", line.as_bytes())).collect();
        prop_assert_eq!(client(&trusting(), &head(PROXY, &headers)), "203.0.113.7");

        let appended = forged.last().map_or("for=203.0.113.7".into(), |last| format!("{last}, for=203.0.113.7"));
        *lines.last_mut().unwrap() = appended;
        // The proxy repeats the client's host, as it was sent, in quotes.
        let host: String = forged.concat().chars().filter(|c| !matches!(c, '"' | '\\')).collect();
        lines.last_mut().unwrap().push_str(&format!(";host=\"{host}\""));
        let headers: Vec<_> = lines.iter().map(|line| ("forwarded", line.as_bytes())).collect();
        prop_assert_eq!(client(&trusting().rfc7239(), &head(PROXY, &headers)), "203.0.113.7");
    }

    #[test]
    fn no_bytes_panic(line in prop::collection::vec(any::<u8>().prop_filter("not in headers", |b| *b >= 32 && *b != 127), 0..200)) {
        let parts = head(PROXY, &[("x-forwarded-for", &line), ("forwarded", &line)]);
        let _ = trusting().extract(&Head::from(&parts));
        let _ = trusting().rfc7239().extract(&Head::from(&parts));
    }
}
