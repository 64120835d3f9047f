use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE},
};
use tower_service::Service;

use super::Prometheus;

/// What Prometheus asks for; version 3 fails a scrape that does not name its format.
const TEXT_FORMAT: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Answers scrapes: the service that [`Prometheus::service`] returns.
///
/// ```
/// use http::{Request, header::CONTENT_TYPE};
/// use tower::ServiceExt;
/// use tower_weir::telemetry::prometheus;
///
/// # futures_executor::block_on(async {
/// let endpoint = prometheus::install()?.service();
/// let response = endpoint.oneshot(Request::get("/metrics").body(())?).await?;
/// assert_eq!(response.headers()[CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
///
/// `GET` and `HEAD` are answered whatever the path, everything else with 405. No body of a request is read.
///
/// The text is made within `call`, on the thread that serves the request, in about a millisecond for each thousand lines; a
/// histogram in seconds has 17 for each combination of its labels. If yours has tens of thousands, serve it by a server of its
/// own in another runtime, so that no request waits for it.
#[derive(Clone, Debug)]
pub struct Endpoint(Prometheus);

impl Endpoint {
    pub(super) fn new(prometheus: Prometheus) -> Self {
        Self(prometheus)
    }

    fn answer(&self, method: &Method) -> Response<String> {
        if method != Method::GET && method != Method::HEAD {
            let mut response = Response::new(String::new());
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let mut response = Response::new(self.0.render());
        response.headers_mut().insert(CONTENT_TYPE, TEXT_FORMAT);
        if method == Method::HEAD {
            // Servers would tell the length of the empty body otherwise.
            let length = std::mem::take(response.body_mut()).len();
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        response
    }
}

impl<B> Service<Request<B>> for Endpoint {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.answer(request.method())))
    }
}
