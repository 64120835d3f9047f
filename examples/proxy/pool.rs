//! Connections to an upstream that speaks HTTP/1.1: as many as there are requests under way, and some that wait for the next.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, request};
use http_body::Body;
use http_body_util::{Either, Empty};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{self, Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use tokio::net::TcpStream;
use tower::{ServiceExt, util::MapResponse};

use super::{
    connection::{Served, Tracked},
    trouble::{Trouble, cause},
    upload::Upload,
};

/// How long a connection waits for the next request.
const IDLE: Duration = Duration::from_secs(30);
const MAX_IDLE: usize = 64;

type Connector = MapResponse<HttpConnector, fn(TokioIo<TcpStream>) -> Tracked>;

#[derive(Debug)]
pub(crate) struct Pool {
    client: Client<Connector, Either<Upload<Incoming>, Empty<Bytes>>>,
}

impl Pool {
    pub(crate) fn new(connect_timeout: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(connect_timeout));
        let connector: Connector = connector.map_response(Tracked::from);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MAX_IDLE)
            // What a proxy is to mend rather than to refuse (RFC 9112, sections 5.1 and 5.2).
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .build(connector);
        Self { client }
    }

    /// Sends the request, and once more if it may be sent twice and met the end of a connection that the upstream no longer
    /// wanted. Where nothing had been written before that end, hyper-util takes another connection by itself.
    pub(crate) async fn send(
        &self,
        parts: request::Parts,
        body: Upload<Incoming>,
    ) -> Result<Response<Incoming>, Trouble> {
        let repeat = (body.is_end_stream() && parts.method.is_idempotent())
            .then(|| Request::from_parts(parts.clone(), Either::Right(Empty::new())));
        let first = self.client.request(Request::from_parts(parts, Either::Left(body))).await;
        let outcome = match (first, repeat) {
            (Err(error), Some(repeat)) if is_stale(&error) => self.client.request(repeat).await,
            (outcome, _) => outcome,
        };
        let response = outcome.map_err(Trouble::of_pool)?;
        Served::note(response.extensions());
        Ok(response)
    }
}

/// Whether the connection, which was good before, ended without a response.
fn is_stale(error: &legacy::Error) -> bool {
    error.connect_info().is_some_and(Served::before)
        && cause(error).is_some_and(|error| !error.is_parse() && !error.is_user())
}
