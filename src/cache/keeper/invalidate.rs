use http::{HeaderMap, Method, Uri, Version, header::HOST, response, uri::PathAndQuery};

use super::Keeper;
use crate::{
    cache::{
        purges::Purge,
        rules::{self, invalidates},
    },
    fingerprint::{KeyBytes, Seen},
    head::Head,
};

/// What a request that may change something is sent to.
#[derive(Debug)]
pub(in super::super) struct Target {
    method: Method,
    uri: Uri,
    /// Only the host.
    headers: HeaderMap,
}

impl Target {
    pub(super) fn of(head: &Head<'_>) -> Self {
        let mut headers = HeaderMap::new();
        if let Some(host) = head.headers.get(HOST) {
            headers.insert(HOST, host.clone());
        }
        Self { method: head.method.clone(), uri: head.sent_uri().clone(), headers }
    }
}

impl Keeper {
    /// What an answer to an unsafe request makes of what is stored for its target, and for what the answer names as the
    /// resources that were changed (RFC 9111 section 4.4).
    ///
    /// Nothing is noted of URIs for which nothing was ever stored or is under way: clients choose them, and notes are few. What
    /// other processes have stored is not known, so with a second tier everything is noted.
    pub(in super::super) fn invalidate(&self, target: &Target, answer: &response::Parts) {
        if !invalidates(&target.method, answer.status) {
            return;
        }
        let own = self.uri_text(&target.uri, &target.headers);
        let related = rules::Target::of(&target.uri, &target.headers).related(&answer.headers);
        let related = related
            .filter_map(|related| self.uri_text(&beside(&target.uri, related)?, &target.headers));
        for uri in own.into_iter().chain(related) {
            let (tag, shared) = (self.scope.uri(&uri), self.store.shared());
            if shared.may_have(tag) {
                shared.purge(&Purge::Tag(tag));
                self.meters().purged("invalidation");
            }
        }
    }

    /// A URI as it is stored: from the host on, with as much of the query as counts.
    pub(in super::super) fn uri_text(&self, uri: &Uri, headers: &HeaderMap) -> Option<String> {
        let extensions = http::Extensions::new();
        let head = Head::new(&Method::GET, uri, Version::HTTP_11, headers, &extensions);
        let mut key = KeyBytes::default();
        let place = self.settings.fingerprint.write_uri(&head, Seen::of(headers), &mut key).ok()?;
        String::from_utf8(key.bytes()[place.host as usize..place.end as usize].to_vec()).ok()
    }
}

/// Another path at the same host.
fn beside(uri: &Uri, path: PathAndQuery) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).ok()
}
