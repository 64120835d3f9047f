//! What is told to the recorder of metrics.

use std::sync::{Arc, OnceLock};

use http::Method;
use metrics::{Gauge, Histogram, gauge, histogram};

use super::Outcome;
use crate::telemetry::{Resolved, names};

/// The methods that are told apart (RFC 9110, section 9, and RFC 5789), and what stands for all others, since clients invent
/// methods.
pub(super) const METHODS: [&str; 10] =
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE", "_OTHER"];

/// The place of a method in [`METHODS`].
#[inline]
pub(super) fn place_of(method: &Method) -> u8 {
    match *method {
        Method::GET => 0,
        Method::POST => 1,
        Method::PUT => 2,
        Method::PATCH => 3,
        Method::DELETE => 4,
        Method::HEAD => 5,
        Method::OPTIONS => 6,
        Method::CONNECT => 7,
        Method::TRACE => 8,
        _ => 9,
    }
}

/// Of one method of one route.
#[derive(Debug)]
pub(super) struct RouteMeters {
    route: Arc<str>,
    method: &'static str,
    durations: PerKey<(u16, Outcome), Histogram>,
    calls: PerKey<i32, Histogram>,
    request_bytes: Resolved<Histogram>,
    response_bytes: Resolved<Histogram>,
}

/// Of each of [`METHODS`].
#[derive(Debug, Default)]
pub(super) struct ActiveMeters([Resolved<Gauge>; METHODS.len()]);

/// Of one operation, by its outcome.
#[derive(Debug, Default)]
pub(super) struct OperationMeters([Resolved<Histogram>; 3]);

impl RouteMeters {
    pub(super) fn new(route: &Arc<str>, method: u8) -> Self {
        Self {
            route: Arc::clone(route),
            method: METHODS[usize::from(method)],
            durations: PerKey::default(),
            calls: PerKey::default(),
            request_bytes: Resolved::default(),
            response_bytes: Resolved::default(),
        }
    }

    /// Of a status, 0 if there was none, and an outcome.
    #[inline]
    pub(super) fn duration(&self, status: u16, outcome: Outcome) -> &Histogram {
        self.durations.get_or_add((status, outcome), || {
            let status = if status == 0 { String::new() } else { status.to_string() };
            histogram!(
                names::HTTP_SERVER_REQUEST_DURATION.name,
                "http_route" => Arc::clone(&self.route),
                "http_request_method" => self.method,
                "http_response_status_code" => status,
                "outcome" => outcome.as_str(),
            )
        })
    }

    pub(super) fn call(&self, code: i32) -> &Histogram {
        self.calls.get_or_add(code, || {
            histogram!(
                names::RPC_SERVER_CALL_DURATION.name,
                "rpc_method" => self.route.trim_start_matches('/').to_owned(),
                "rpc_grpc_status_code" => code.to_string(),
            )
        })
    }

    pub(super) fn request_bytes(&self) -> &Histogram {
        let name = names::HTTP_SERVER_REQUEST_BODY_BYTES.name;
        self.request_bytes.get_or_resolve(|| self.of_route(name))
    }

    pub(super) fn response_bytes(&self) -> &Histogram {
        let name = names::HTTP_SERVER_RESPONSE_BODY_BYTES.name;
        self.response_bytes.get_or_resolve(|| self.of_route(name))
    }

    fn of_route(&self, name: &'static str) -> Histogram {
        histogram!(
            name,
            "http_route" => Arc::clone(&self.route),
            "http_request_method" => self.method,
        )
    }
}

impl ActiveMeters {
    #[inline]
    pub(super) fn get(&self, method: u8) -> &Gauge {
        let method = usize::from(method);
        self.0[method].get_or_resolve(|| {
            let name = names::HTTP_SERVER_ACTIVE_REQUESTS.name;
            gauge!(name, "http_request_method" => METHODS[method])
        })
    }
}

impl OperationMeters {
    /// Of the outcome at this place.
    pub(super) fn duration(
        &self,
        operation: &Arc<str>,
        outcome: &'static str,
        at: usize,
    ) -> &Histogram {
        self.0[at].get_or_resolve(|| {
            histogram!(
                names::OPERATION_DURATION.name,
                "operation" => Arc::clone(operation),
                "outcome" => outcome,
            )
        })
    }
}

/// Values by keys that are few: each found by walking along those that came before it, without a lock.
#[derive(Debug)]
struct PerKey<K, V>(OnceLock<Box<Node<K, V>>>);

#[derive(Debug)]
struct Node<K, V> {
    key: K,
    value: V,
    next: PerKey<K, V>,
}

impl<K: Copy + Eq, V> PerKey<K, V> {
    #[inline]
    fn get_or_add(&self, key: K, make: impl Fn() -> V) -> &V {
        let mut place = self;
        loop {
            let node = || Box::new(Node { key, value: make(), next: PerKey::default() });
            // Another thread may put another key there first.
            let node = place.0.get_or_init(node);
            if node.key == key {
                return &node.value;
            }
            place = &node.next;
        }
    }
}

impl<K, V> Default for PerKey<K, V> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}
