//! What is settled before anything else sees a request: whom it is for, and that it is one for a proxy.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode, Uri, Version,
    header::{HOST, TE},
    uri::Authority,
};
use http_body::Body;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tower::{Service, ServiceExt};
use tower_weir::error::BoxError;

use super::{
    access::{Record, Recorded},
    fields,
    interim::Interim,
    life::Life,
    max_forwards, paths,
    problem::problem,
};

/// Whom a connection is to.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) life: Life,
    pub(crate) interim: Interim,
}

/// Answers the request itself if it must, otherwise by what is `behind`.
pub(crate) async fn answer<S, B>(
    behind: S,
    client: Client,
    mut request: Request<Incoming>,
) -> Result<Response<Recorded<Either<B, Full<Bytes>>>>, S::Error>
where
    S: Service<Request<Incoming>, Response = Response<B>>,
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    let record = Record::new(client.address, client.life.begin(), &request);
    if let Some(response) = settle(&mut request) {
        return Ok(record.follow(response.map(Either::Right)));
    }
    request.extensions_mut().insert(client.address);
    request.extensions_mut().insert(record.notes());
    let response = if request.version() <= Version::HTTP_11 {
        client.interim.pass(&mut request);
        client.interim.before(behind.oneshot(request)).await?
    } else {
        behind.oneshot(request).await?
    };
    Ok(record.follow(response.map(Either::Left)))
}

/// Leaves a request in origin form with one `Host` and without the fields of the client's connection, or answers it.
fn settle<B>(request: &mut Request<B>) -> Option<Response<Full<Bytes>>> {
    if request.method() == Method::CONNECT {
        let detail = "This proxy makes no tunnels: CONNECT is not available.";
        return Some(problem(StatusCode::NOT_IMPLEMENTED, detail));
    }
    if let Err(detail) = settle_host(request) {
        return Some(problem(StatusCode::BAD_REQUEST, detail));
    }
    if let Err(detail) = settle_path(request) {
        return Some(problem(StatusCode::BAD_REQUEST, detail));
    }
    if let Some(response) = max_forwards::count_down(request) {
        return Some(response);
    }
    let headers = request.headers_mut();
    let trailers = fields::wants_trailers(headers);
    if fields::strip(headers).is_err() {
        let detail = "Of the transfer codings only `chunked` is understood here.";
        return Some(problem(StatusCode::NOT_IMPLEMENTED, detail));
    }
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    None
}

/// Makes `Host` the authority of the request's target (RFC 9112, section 3.2). Upstream and cache could otherwise take the same
/// request for requests of different sites.
fn settle_host<B>(request: &mut Request<B>) -> Result<(), &'static str> {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => return Err("There is more than one Host."),
        (None, None) if request.version() == Version::HTTP_11 => return Err("There is no Host."),
        (Some(host), None) if !host.is_empty() && !is_host(host.as_bytes()) => {
            return Err("The Host is not a name or address with an optional port.");
        }
        _ => {}
    }
    let Some(authority) = request.uri().authority() else {
        let anonymous =
            request.version() == Version::HTTP_2 && !request.headers().contains_key(HOST);
        return if anonymous { Err("There is no :authority.") } else { Ok(()) };
    };
    if !is_host(authority.as_str().as_bytes()) {
        return Err("The host in the request's target is not one.");
    }
    let host =
        HeaderValue::from_str(authority.as_str()).map_err(|_| "The host is not plain text.")?;
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map_or_else(Uri::default, Uri::from);
    request.headers_mut().insert(HOST, host);
    Ok(())
}

/// Spells the path in the one way that is looked up and sent on.
fn settle_path<B>(request: &mut Request<B>) -> Result<(), &'static str> {
    let uri = request.uri();
    let normal = match uri.path() {
        path if path.starts_with('/') => paths::normal(path),
        _ => return Ok(()),
    };
    if normal == uri.path() {
        return Ok(());
    }
    let target = match uri.query() {
        Some(query) => format!("{normal}?{query}"),
        None => normal,
    };
    *request.uri_mut() = target.parse().map_err(|_| "The path is not one.")?;
    Ok(())
}

fn is_host(text: &[u8]) -> bool {
    !text.contains(&b'@') && Authority::try_from(text).is_ok()
}
