use http::HeaderMap;

/// Which header fields a request has that matter to a cache, as bits: read in one pass over its names.
///
/// To look each of them up by name would take longer than the rest of a hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen(u16);

impl Seen {
    /// `Cache-Control` or `Pragma`.
    pub(crate) const CONTROL: Self = Self(1);
    /// `Range`.
    pub(crate) const RANGE: Self = Self(1 << 1);
    /// `If-None-Match` or `If-Modified-Since`.
    pub(crate) const CONDITIONAL: Self = Self(1 << 2);
    /// `If-Match`, `If-Unmodified-Since`.
    pub(crate) const PRECONDITION: Self = Self(1 << 3);
    /// `Authorization`.
    pub(crate) const AUTHORIZATION: Self = Self(1 << 4);
    /// `Host`.
    pub(crate) const HOST: Self = Self(1 << 5);
    /// A second `Host`.
    pub(crate) const HOSTS: Self = Self(1 << 6);
    /// One that services are known to build responses from, though hardly any cache keys by it.
    pub(crate) const UNKEYED: Self = Self(1 << 7);
    /// `X-Forwarded-Proto`.
    pub(crate) const PROTO: Self = Self(1 << 8);
    /// `Upgrade`.
    pub(crate) const UPGRADE: Self = Self(1 << 9);
    /// `Content-Length` or `Transfer-Encoding`: it may have a body.
    pub(crate) const BODY: Self = Self(1 << 10);
    /// `Cookie`.
    pub(crate) const COOKIE: Self = Self(1 << 11);
    /// One that tells who asks, other than `Authorization` and `Cookie`.
    pub(crate) const IDENTITY: Self = Self(1 << 13);
    /// `Connection`.
    pub(crate) const CONNECTION: Self = Self(1 << 12);
    /// One that services choose the form of an answer by.
    pub(crate) const MANNER: Self = Self(1 << 14);

    #[inline]
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut seen = Self::default();
        for name in headers.keys() {
            seen.0 |= Self::bit(name.as_str()).0;
        }
        if seen.has(Self::HOST) && headers.get_all(http::header::HOST).iter().nth(1).is_some() {
            seen.0 |= Self::HOSTS.0;
        }
        seen
    }

    /// Any of both.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[inline]
    pub(crate) const fn has(self, bits: Self) -> bool {
        self.0 & bits.0 != 0
    }

    #[inline]
    fn bit(name: &str) -> Self {
        // Most fields of most requests, known by how they begin: nothing below begins so.
        if let [b'a', b'c', ..] | [b'u', b's', ..] | [b's', b'e', ..] | [b'd', ..] = name.as_bytes()
        {
            return Self::default();
        }
        match name {
            "cache-control" | "pragma" => Self::CONTROL,
            "range" => Self::RANGE,
            "if-none-match" | "if-modified-since" => Self::CONDITIONAL,
            "if-match" | "if-unmodified-since" => Self::PRECONDITION,
            "authorization" => Self::AUTHORIZATION,
            "host" => Self::HOST,
            "content-length" | "transfer-encoding" => Self::BODY,
            "cookie" => Self::COOKIE,
            "upgrade" => Self::UPGRADE,
            "connection" => Self::CONNECTION,
            "x-forwarded-proto" => Self::PROTO,
            _ if is_unkeyed(name) => Self::UNKEYED,
            _ if tells_who_asks(name) => Self::IDENTITY,
            _ if tells_manner(name) => Self::MANNER,
            _ => Self::default(),
        }
    }
}

/// A list of names, and whether a name is in it: by its length first, which a look through the list would not do.
macro_rules! names {
    ($(#[$doc:meta])* $list:ident, $is_in:ident: $($name:literal,)+) => {
        $(#[$doc])*
        pub(super) const $list: &[&str] = &[$($name),+];

        #[inline]
        fn $is_in(name: &str) -> bool {
            matches!(name, $($name)|+)
        }
    };
}

names! {
    /// Fields that services are known to build responses from, which has made caches serve one client's to all (Kettle,
    /// "Practical Web Cache Poisoning", 2018, and "Web Cache Entanglement", 2020).
    UNKEYED, is_listed_as_unkeyed:
        "x-forwarded-protocol",
        "x-forwarded-ssl",
        "x-forwarded-uri",
        "x-original-uri",
        "x-url-scheme",
        "x-forwarded-host",
        "x-forwarded-scheme",
        "x-forwarded-port",
        "x-forwarded-prefix",
        "x-forwarded-server",
        "x-host",
        "x-http-host-override",
        "x-original-url",
        "x-original-host",
        "x-rewrite-url",
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
}

names! {
    /// Fields by which services are known to tell who asks: keys of APIs, what servers that end TLS say of the client's
    /// certificate, and what proxies that sign users in say of them.
    IDENTITIES, tells_who_asks:
        "proxy-authorization",
        "api-key",
        "apikey",
        "ocp-apim-subscription-key",
        "private-token",
        "x-api-key",
        "x-api-token",
        "x-auth-key",
        "x-auth-email",
        "x-auth-token",
        "x-access-token",
        "x-csrf-token",
        "x-functions-key",
        "x-goog-api-key",
        "x-id-token",
        "x-rapidapi-key",
        "x-session-id",
        "x-session-token",
        "x-vault-token",
        "x-xsrf-token",
        // HTTP Message Signatures (RFC 9421).
        "signature",
        // Certificates: RFC 9440, Envoy, nginx, Traefik, AWS, Azure.
        "client-cert",
        "ssl-client-cert",
        "ssl-client-subject-dn",
        "x-amzn-mtls-clientcert",
        "x-amzn-mtls-clientcert-leaf",
        "x-amzn-mtls-clientcert-subject",
        "x-arr-clientcert",
        "x-client-cert",
        "x-forwarded-client-cert",
        "x-forwarded-tls-client-cert",
        "x-forwarded-tls-client-cert-info",
        "x-ssl-client-cert",
        "x-ssl-client-dn",
        "x-ssl-client-s-dn",
        // Users and tenants.
        "cf-access-authenticated-user-email",
        "cf-access-jwt-assertion",
        "remote-email",
        "remote-user",
        "tailscale-user-login",
        "teleport-jwt-assertion",
        "x-amzn-oidc-accesstoken",
        "x-amzn-oidc-data",
        "x-amzn-oidc-identity",
        "x-apigateway-api-userinfo",
        "x-auth-request-access-token",
        "x-auth-request-email",
        "x-auth-request-user",
        "x-authenticated-userid",
        "x-authentik-username",
        "x-consumer-id",
        "x-consumer-username",
        "x-credential-identifier",
        "x-endpoint-api-userinfo",
        "x-forwarded-access-token",
        "x-forwarded-email",
        "x-forwarded-groups",
        "x-forwarded-preferred-username",
        "x-forwarded-user",
        "x-goog-authenticated-user-email",
        "x-goog-authenticated-user-id",
        "x-goog-iap-jwt-assertion",
        "x-jwt-assertion",
        "x-ms-client-principal",
        "x-ms-client-principal-id",
        "x-ms-client-principal-name",
        "x-pomerium-jwt-assertion",
        "x-remote-user",
        "x-scope-orgid",
        "x-user",
        "x-user-email",
        "x-user-id",
        "x-username",
        "x-webauth-user",
}

names! {
    /// Fields that services choose the form of an answer by, or what it allows whom, and often do not name in `Vary`:
    /// preferences (RFC 7240), who shares resources across origins (Fetch, section 3.2), early data (RFC 8470), and which part
    /// of a page is meant (htmx, Turbo, Inertia, pjax).
    MANNERS, tells_manner:
        "early-data",
        "hx-boosted",
        "hx-request",
        "hx-target",
        "origin",
        "prefer",
        "turbo-frame",
        "x-inertia",
        "x-inertia-partial-component",
        "x-inertia-partial-data",
        "x-pjax",
        "x-requested-with",
}

#[inline]
pub(super) fn is_unkeyed(name: &str) -> bool {
    is_listed_as_unkeyed(name) || name == "forwarded"
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request};

    use super::*;

    #[test]
    fn fields_are_seen_whatever_else_there_is() {
        let request = Request::get("/")
            .header("accept", "*/*")
            .header("Host", "a")
            .header("X-Original-URL", "/admin")
            .header("range", "bytes=0-1")
            .body(())
            .unwrap();
        let seen = Seen::of(request.headers());
        assert!(seen.has(Seen::HOST) && seen.has(Seen::UNKEYED) && seen.has(Seen::RANGE));
        for other in
            [Seen::HOSTS, Seen::CONTROL, Seen::AUTHORIZATION, Seen::PROTO, Seen::CONDITIONAL]
        {
            assert!(!seen.has(other));
        }
    }

    #[test]
    fn no_field_that_matters_is_passed_over_for_how_it_begins() {
        for name in UNKEYED.iter().chain(IDENTITIES).chain(MANNERS) {
            assert_ne!(Seen::bit(name), Seen::default(), "{name}");
        }
        for name in ["accept", "accept-encoding", "user-agent", "sec-fetch-mode", "dnt"] {
            assert_eq!(Seen::bit(name), Seen::default(), "{name}");
        }
    }

    #[test]
    fn a_second_host_is_seen() {
        let mut headers = HeaderMap::new();
        headers.append("host", HeaderValue::from_static("a"));
        assert!(!Seen::of(&headers).has(Seen::HOSTS));
        headers.append("host", HeaderValue::from_static("b"));
        assert!(Seen::of(&headers).has(Seen::HOSTS));
    }
}
