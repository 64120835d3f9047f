use std::{sync::Arc, time::Duration};

use http::{HeaderMap, Method, header::CONTENT_TYPE};

use crate::{head::Head, reject::is_grpc};

type OfHead = Arc<dyn Fn(&Head<'_>) -> bool + Send + Sync>;
type OfContent = Arc<dyn Fn(&Head<'_>, &[u8]) -> bool + Send + Sync>;

/// Which requests are queries, by the operator's word.
#[derive(Clone)]
pub(super) struct Queries {
    pub(super) methods: Vec<Method>,
    pub(super) only: Option<OfHead>,
    pub(super) only_content: Option<OfContent>,
    pub(super) max_body_bytes: usize,
    pub(super) max_wait: Duration,
}

impl Default for Queries {
    fn default() -> Self {
        Self {
            methods: vec![Method::POST, Method::QUERY],
            only: None,
            only_content: None,
            max_body_bytes: 64 << 10,
            max_wait: Duration::from_secs(5),
        }
    }
}

impl Queries {
    /// Whether the request with this head is one, as far as its head tells.
    pub(super) fn include(&self, head: &Head<'_>) -> bool {
        let named = self.only.as_ref().map(|only| only(head));
        self.methods.contains(head.method)
            && head.method != Method::HEAD
            // A gRPC call may be a stream, whose body ends after its answer: one that nobody named is not waited for.
            && named.unwrap_or(!is_grpc(head.headers))
            && !is_grpc_web(head.headers)
    }

    /// Whether it is one with this content.
    pub(super) fn include_content(&self, head: &Head<'_>, content: &[u8]) -> bool {
        self.only_content.as_ref().is_none_or(|only| only(head, content))
    }
}

/// Whether it is gRPC-Web, whose answers tell in their body whether the call failed.
fn is_grpc_web(headers: &HeaderMap) -> bool {
    const GRPC_WEB: &[u8] = b"application/grpc-web";
    headers.get(CONTENT_TYPE).is_some_and(|kind| {
        let start = kind.as_bytes().split_at_checked(GRPC_WEB.len());
        start.is_some_and(|(start, _)| start.eq_ignore_ascii_case(GRPC_WEB))
    })
}
