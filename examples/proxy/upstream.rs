//! The call to the upstream.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode, Uri, Version,
    header::{CONNECTION, HOST, TE, TRANSFER_ENCODING},
    request,
    uri::{Authority, PathAndQuery, Scheme},
};
use http_body::Body;
use http_body_util::{BodyExt, combinators::BoxBody};
use hyper::body::Incoming;
use tower_weir::{clock::Clock, error::BoxError};

use super::{
    args::{Args, Timeouts},
    fields,
    log::causes,
    multiplexed::Multiplexed,
    notes::Notes,
    pool::Pool,
    problem::problem,
    trouble::Trouble,
    upload::{Progress, Upload},
};

#[derive(Debug)]
pub(crate) struct Upstream {
    connections: Connections,
    authority: Authority,
    timeouts: Timeouts,
}

#[derive(Debug)]
enum Connections {
    Http1(Box<Pool>),
    Http2(Multiplexed),
}

impl Upstream {
    pub(crate) fn new(args: &Args) -> Self {
        let (authority, timeouts) = (args.upstream.clone(), args.timeouts);
        let connections = if args.upstream_http2 {
            Connections::Http2(Multiplexed::new(authority.clone(), timeouts.connect))
        } else {
            Connections::Http1(Box::new(Pool::new(timeouts.connect)))
        };
        Self { connections, authority, timeouts }
    }

    /// The upstream's response, or a problem document that stands in for it.
    pub(crate) async fn answer(
        self: Arc<Self>,
        mut request: Request<Incoming>,
    ) -> Result<Response<BoxBody<Bytes, BoxError>>, Infallible> {
        let notes = request.extensions_mut().remove::<Notes>().unwrap_or_default();
        let began = Clock::system().now();
        let outcome = self.forward(request).await;
        notes.upstream(Clock::system().now().saturating_since(began));
        let trouble = match outcome {
            Ok(response) => {
                return Ok(response.map(|body| {
                    body.map_err(move |error| {
                        notes.trouble(format!("the body broke off: {}", causes(&error)));
                        BoxError::from(error)
                    })
                    .boxed()
                }));
            }
            Err(trouble) => trouble,
        };
        let (status, detail) = trouble.told_to_clients();
        notes.trouble(trouble.explained(&self.authority));
        Ok(problem(status, detail).map(|body| body.map_err(|never| match never {}).boxed()))
    }

    async fn forward(&self, request: Request<Incoming>) -> Result<Response<Incoming>, Trouble> {
        let (parts, body) = request.into_parts();
        let parts = self.outgoing(parts, &body);
        let progress = Progress::default();
        let body = Upload::new(body, progress.clone());
        let sent = async {
            match &self.connections {
                Connections::Http1(pool) => pool.send(parts, body).await,
                Connections::Http2(multiplexed) => multiplexed.send(parts, body).await,
            }
        };
        let patience = self.timeouts.response;
        let response =
            progress.within(patience, sent).await.ok_or(Trouble::TooLate(patience))??;

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
        fields::add_via(&mut parts.headers, parts.version);
        if let Some(client) = parts.extensions.get::<SocketAddr>() {
            fields::add_forwarded_for(&mut parts.headers, client.ip());
        }
        let authority = match self.connections {
            Connections::Http1(_) => {
                parts.version = Version::HTTP_11;
                fields::join_cookies(&mut parts.headers);
                if parts.headers.contains_key(TE) {
                    parts.headers.insert(CONNECTION, HeaderValue::from_static("te"));
                }
                // Unless told so, hyper's client takes it that a GET has no body.
                if !body.is_end_stream() && body.size_hint().exact().is_none() {
                    parts.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
                }
                None
            }
            Connections::Http2(_) => {
                parts.version = Version::HTTP_2;
                // Both would say the same (RFC 9113, section 8.3.1).
                let host = parts.headers.remove(HOST);
                host.and_then(|host| Authority::try_from(host.as_bytes()).ok())
            }
        };
        let mut uri = std::mem::take(&mut parts.uri).into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(authority.unwrap_or_else(|| self.authority.clone()));
        uri.path_and_query.get_or_insert_with(|| PathAndQuery::from_static("/"));
        parts.uri = Uri::from_parts(uri).expect("it has a scheme, an authority and a path");
        parts
    }
}
