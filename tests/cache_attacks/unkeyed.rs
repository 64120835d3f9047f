//! Fields that services build responses from, though caches do not key by them (Kettle, "Practical Web Cache Poisoning", 2018).

use crate::world::*;

/// Whoever sends the field gets what it does; nobody else ever does, be theirs stored or not.
async fn is_for_its_sender_alone(name: &'static str) {
    for poison_first in [true, false] {
        let cached = Cached::plain(move |request| fresh(asked(request, name), &[]));
        if !poison_first {
            assert_eq!(cached.get("/").await.text, "-");
        }
        assert_eq!(cached.get_with("/", &[(name, "evil")]).await.text, "evil", "{name}");
        assert_eq!(cached.get("/").await.text, "-", "{name}");
        assert!(cached.get("/").await.is_hit(), "{name}: others are still answered from the cache");
    }
}

macro_rules! unkeyed {
    ($($(#[doc = $source:literal])+ $test:ident: $name:literal,)+) => {$(
        $(#[doc = $source])+
        #[tokio::test]
        async fn $test() {
            is_for_its_sender_alone($name).await;
        }
    )+};
}

unkeyed! {
    /// Kettle 2018: scripts and redirects of another host.
    poisoning_by_x_forwarded_host: "x-forwarded-host",
    /// Kettle 2018: a redirect to itself for ever.
    poisoning_by_x_forwarded_scheme: "x-forwarded-scheme",
    /// Kettle 2018: routes to ports nobody serves.
    poisoning_by_x_forwarded_port: "x-forwarded-port",
    /// Spring, Traefik: a prefix in front of all links.
    poisoning_by_x_forwarded_prefix: "x-forwarded-prefix",
    /// Kettle 2018.
    poisoning_by_x_forwarded_server: "x-forwarded-server",
    /// Kettle 2018, Drupal and Symfony (CVE-2018-14773): another path than the one that is keyed.
    poisoning_by_x_original_url: "x-original-url",
    /// CVE-2018-14773.
    poisoning_by_x_rewrite_url: "x-rewrite-url",
    /// Nguyen, Lo Iacono and Federrath, "Your Cache Has Fallen", 2019: HMO, an error for a method that was not sent.
    poisoning_by_x_http_method_override: "x-http-method-override",
    /// The same, as Microsoft has it.
    poisoning_by_x_http_method: "x-http-method",
    /// The same, as IBM has it.
    poisoning_by_x_method_override: "x-method-override",
    /// As proxies in front of Rails and Django say that it was https.
    poisoning_by_x_forwarded_ssl: "x-forwarded-ssl",
    /// The same.
    poisoning_by_x_forwarded_protocol: "x-forwarded-protocol",
    /// The same.
    poisoning_by_x_url_scheme: "x-url-scheme",
    /// As nginx tells a service that signs users in.
    poisoning_by_x_original_uri: "x-original-uri",
    /// As Traefik does.
    poisoning_by_x_forwarded_uri: "x-forwarded-uri",
    /// Kettle 2018.
    poisoning_by_x_host: "x-host",
    /// Kettle 2018.
    poisoning_by_x_http_host_override: "x-http-host-override",
    /// Kettle 2018.
    poisoning_by_x_original_host: "x-original-host",
    /// RFC 7239 section 8.1: it says what X-Forwarded-Host does.
    poisoning_by_forwarded: "forwarded",
    /// Kettle 2018: the scheme; keyed, as proxies always send it.
    poisoning_by_x_forwarded_proto: "x-forwarded-proto",
}

/// Kettle 2020: a field in the key may still not be the field in the handler.
#[tokio::test]
async fn poisoning_by_a_keyed_field_reaches_only_those_who_send_it() {
    use tower_weir::cache::Fingerprint;
    let name = http::HeaderName::from_static("x-forwarded-host");
    let keyed = Fingerprint::builder().header(name);
    let cached = Cached::new(
        |layer| layer.fingerprint(keyed),
        |request, _| fresh(asked(request, "x-forwarded-host"), &[]),
    );
    for host in ["evil", "good", "evil", "good"] {
        assert_eq!(cached.get_with("/", &[("x-forwarded-host", host)]).await.text, host);
    }
    assert_eq!(cached.get("/").await.text, "-");
    assert_eq!(cached.calls(), 3);
}

/// Davison, "Abusing HTTP hop-by-hop request headers", 2019: `Connection` makes a proxy drop what the cache has keyed by.
#[tokio::test]
async fn poisoning_by_fields_that_connection_takes_away() {
    let cached = Cached::plain(|request| {
        // As a proxy inside would forward it.
        let dropped = asked(request, "connection").contains("accept-language");
        let language = if dropped { "-" } else { asked(request, "accept-language") };
        fresh(language, &[("vary", "accept-language")])
    });
    let evil = [("accept-language", "de"), ("connection", "close, accept-language")];
    assert_eq!(cached.get_with("/", &evil).await.text, "-");
    assert_eq!(cached.get_with("/", &[("accept-language", "de")]).await.text, "de");
    let alive = [("accept-language", "de"), ("connection", "Keep-Alive")];
    assert!(cached.get_with("/", &alive).await.is_hit(), "most clients say that they keep it");
}
