//! The call to the upstream.

use std::{convert::Infallible, error::Error, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode, Uri, Version,
    header::{CONNECTION, TE, TRANSFER_ENCODING},
    request,
    uri::{Authority, PathAndQuery, Scheme},
};
use http_body::Body;
use http_body_util::{BodyExt, Either, Empty, combinators::BoxBody};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{self, Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use tokio::net::TcpStream;
use tower::{ServiceExt, util::MapResponse};
use tower_weir::error::BoxError;

use super::{
    connection::{Served, Tracked},
    fields,
    log::{Log, causes},
    problem::problem,
    upload::{Progress, Upload},
};

/// How long a connection waits for the next request.
const IDLE: Duration = Duration::from_secs(30);
const MAX_IDLE: usize = 64;

type Connector = MapResponse<HttpConnector, fn(TokioIo<TcpStream>) -> Tracked>;

#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    client: Client<Connector, Either<Upload<Incoming>, Empty<Bytes>>>,
    authority: Authority,
    /// How long nothing may happen until the head of the response is there.
    patience: Duration,
    log: Log,
}

/// Why there is no response to pass on.
#[derive(Debug)]
enum Trouble {
    Unreachable(legacy::Error),
    Broken(legacy::Error),
    /// The client's body broke off or is malformed.
    Upload,
    Unfit(&'static str),
    TooLate,
}

impl Upstream {
    pub(crate) fn new(authority: Authority, patience: Duration, log: Log) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let connector: Connector = connector.map_response(Tracked::from);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MAX_IDLE)
            // What a proxy is to mend rather than to refuse (RFC 9112, sections 5.1 and 5.2).
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .build(connector);
        Self { client, authority, patience, log }
    }

    /// The upstream's response, or a problem document that stands in for it.
    pub(crate) async fn answer(
        self,
        request: Request<Incoming>,
    ) -> Result<Response<BoxBody<Bytes, BoxError>>, Infallible> {
        let name = format!("{} {}", request.method(), request.uri());
        let log = self.log;
        let trouble = match self.forward(request).await {
            Ok(response) => {
                return Ok(response.map(|body| {
                    body.map_err(move |error| {
                        log.line(format_args!("{name}: the body broke off: {}", causes(&error)));
                        BoxError::from(error)
                    })
                    .boxed()
                }));
            }
            Err(trouble) => trouble,
        };
        let (status, detail) = trouble.told_to_clients();
        log.line(format_args!("{name}: {status}: {}", self.explain(&trouble)));
        Ok(problem(status, detail).map(|body| body.map_err(|never| match never {}).boxed()))
    }

    async fn forward(&self, request: Request<Incoming>) -> Result<Response<Incoming>, Trouble> {
        let (parts, body) = request.into_parts();
        let parts = self.outgoing(parts, &body);
        let progress = Progress::default();
        let sent = self.send(parts, Upload::new(body, progress.clone()));
        let response = progress.within(self.patience, sent).await.ok_or(Trouble::TooLate)??;

        let (mut parts, body) = response.into_parts();
        if parts.status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Trouble::Unfit("it switched protocols without being asked to"));
        }
        fields::strip(&mut parts.headers)
            .map_err(|_| Trouble::Unfit("its Transfer-Encoding is not just chunked"))?;
        fields::add_via(&mut parts.headers, parts.version);
        fields::add_date(&mut parts.headers);
        parts.version = Version::HTTP_11;
        Ok(Response::from_parts(parts, body))
    }

    /// The head of the request as the upstream sees it.
    fn outgoing(&self, mut parts: request::Parts, body: &Incoming) -> request::Parts {
        let mut uri = std::mem::take(&mut parts.uri).into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(self.authority.clone());
        uri.path_and_query.get_or_insert_with(|| PathAndQuery::from_static("/"));
        parts.uri = Uri::from_parts(uri).expect("it has a scheme, an authority and a path");

        fields::add_via(&mut parts.headers, parts.version);
        parts.version = Version::HTTP_11;
        if let Some(client) = parts.extensions.get::<SocketAddr>() {
            fields::add_forwarded_for(&mut parts.headers, client.ip());
        }
        if parts.headers.contains_key(TE) {
            parts.headers.insert(CONNECTION, HeaderValue::from_static("te"));
        }
        // Unless told so, hyper's client takes it that a GET has no body.
        if !body.is_end_stream() && body.size_hint().exact().is_none() {
            parts.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        parts
    }

    /// Sends the request, and once more if it may be sent twice and met the end of a connection that the upstream no longer
    /// wanted. Where nothing had been written before that end, hyper-util takes another connection by itself.
    async fn send(
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
        let response = outcome.map_err(Trouble::of)?;
        Served::note(response.extensions());
        Ok(response)
    }

    /// For the operator, who may know more than a client.
    fn explain(&self, trouble: &Trouble) -> String {
        let upstream = &self.authority;
        match trouble {
            Trouble::Unreachable(error) | Trouble::Broken(error) => {
                format!("{upstream}: {}", causes(error))
            }
            Trouble::Unfit(why) => format!("the response of {upstream} cannot be passed on: {why}"),
            Trouble::TooLate => format!("no answer from {upstream} in {:?}", self.patience),
            Trouble::Upload => "the request's body broke off or is malformed".to_owned(),
        }
    }
}

impl Trouble {
    fn of(error: legacy::Error) -> Self {
        if error.is_connect() {
            Self::Unreachable(error)
        } else if cause(&error).is_some_and(hyper::Error::is_user) {
            Self::Upload
        } else {
            Self::Broken(error)
        }
    }

    fn told_to_clients(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unreachable(_) => {
                (StatusCode::BAD_GATEWAY, "The upstream server cannot be reached.")
            }
            Self::Broken(_) | Self::Unfit(_) => {
                (StatusCode::BAD_GATEWAY, "The upstream server gave no proper response.")
            }
            Self::TooLate => {
                (StatusCode::GATEWAY_TIMEOUT, "The upstream server did not respond in time.")
            }
            Self::Upload => (StatusCode::BAD_REQUEST, "The request's body could not be read."),
        }
    }
}

/// Whether the connection, which was good before, ended without a response.
fn is_stale(error: &legacy::Error) -> bool {
    error.connect_info().is_some_and(Served::before)
        && cause(error).is_some_and(|error| !error.is_parse() && !error.is_user())
}

fn cause(error: &legacy::Error) -> Option<&hyper::Error> {
    error.source()?.downcast_ref()
}
