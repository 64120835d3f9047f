use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE},
};
use http_body_util::Full;
use tower_service::Service;

use super::{Profile, Window};

/// A service that shows a profile: as a table to people, as JSON to those who prefer `application/json`.
///
/// ```
/// use axum::Router;
/// use tower_weir::profile::{Profile, ProfileLayer};
///
/// let profile = Profile::new();
/// let app: Router = Router::new()
///     .route_service("/profile", profile.page())
///     .layer(ProfileLayer::new(profile));
/// ```
///
/// `curl …/profile` prints the table of all time, `…/profile?window=minute` that of the last minute (or `five_minutes`, or
/// `hour`), and `curl -H 'accept: application/json' …` all numbers. It shows what a service does and how fast: keep it from
/// the public.
#[derive(Clone, Debug)]
pub struct ProfilePage(Profile);

impl ProfilePage {
    pub(super) fn new(profile: Profile) -> Self {
        Self(profile)
    }

    fn answer(
        &self,
        method: &Method,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Response<Full<Bytes>> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n".to_owned());
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let window = match window(query) {
            Ok(window) => window,
            Err(wrong) => return text(StatusCode::BAD_REQUEST, wrong),
        };
        let snapshot = self.0.snapshot();
        if !prefers_json(headers) {
            return text(StatusCode::OK, snapshot.table(window).to_string());
        }
        match serde_json::to_vec(&snapshot) {
            Ok(json) => response(StatusCode::OK, "application/json", json.into()),
            // It has no maps with other keys than text and no number that JSON lacks.
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        }
    }
}

impl<B> Service<Request<B>> for ProfilePage {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.answer(request.method(), request.uri().query(), request.headers())))
    }
}

fn window(query: Option<&str>) -> Result<Window, String> {
    let mut fields = query.unwrap_or_default().split('&');
    let Some(name) = fields.find_map(|field| field.strip_prefix("window=")) else {
        return Ok(Window::Lifetime);
    };
    Window::ALL.into_iter().find(|window| window.as_str() == name).ok_or_else(|| {
        let names = Window::ALL.map(Window::as_str).join(", ");
        format!("there is no window `{name}`; allowed: {names}\n")
    })
}

/// Whether a client would rather have `application/json` than `text/plain` (RFC 9110, section 12.5.1). Of two that are as welcome,
/// it is the one that is asked for by name.
fn prefers_json(headers: &HeaderMap) -> bool {
    let quality = |kind: &str, range: &str| {
        let ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let ranges = ranges.flat_map(|value| value.split(',')).filter_map(|wanted| {
            let mut parts = wanted.split(';').map(str::trim);
            let name = parts.next()?;
            let q = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(Some(1.0), |q| q.parse().ok());
            let specificity = [(kind, 2), (range, 1), ("*/*", 0)]
                .into_iter()
                .find_map(|(of, rank)| name.eq_ignore_ascii_case(of).then_some(rank));
            Some((specificity?, q?))
        });
        let most_specific = ranges.max_by_key(|(specificity, _): &(u8, f32)| *specificity);
        most_specific.map_or((0.0, 0), |(specificity, q)| (q, specificity))
    };
    let (json, text) =
        (quality("application/json", "application/*"), quality("text/plain", "text/*"));
    json.0 > 0.0 && json > text
}

fn text(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    response(status, "text/plain; charset=utf-8", text.into())
}

fn response(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
