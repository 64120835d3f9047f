//! The line about a request.

use std::{
    borrow::Cow,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Buf;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use http_body::{Body, Frame, SizeHint};
use percent_encoding::{CONTROLS, utf8_percent_encode};
use pin_project::{pin_project, pinned_drop};
use tower_weir::{
    clock::{Clock, Timestamp},
    reject::Rejected,
};

use super::{life::Active, notes::Notes};

/// A request under way. Its line is written when this is dropped: at the end of the response's body, or when the client has
/// gone.
#[derive(Debug)]
pub(crate) struct Record {
    client: SocketAddr,
    method: Method,
    target: Uri,
    version: Version,
    began: Timestamp,
    notes: Notes,
    _active: Active,
    status: Option<StatusCode>,
    weir: String,
    bytes: u64,
    complete: bool,
}

impl Record {
    pub(crate) fn new<B>(client: SocketAddr, active: Active, request: &Request<B>) -> Self {
        Self {
            client,
            method: request.method().clone(),
            target: request.uri().clone(),
            version: request.version(),
            began: Clock::system().now(),
            notes: Notes::default(),
            _active: active,
            status: None,
            weir: String::new(),
            bytes: 0,
            complete: false,
        }
    }

    pub(crate) fn notes(&self) -> Notes {
        self.notes.clone()
    }

    /// The response, recorded to its end.
    pub(crate) fn follow<B: Body>(mut self, response: Response<B>) -> Response<Recorded<B>> {
        self.status = Some(response.status());
        self.weir = what_weir_did(response.headers(), Rejected::is_on(&response));
        self.complete = response.body().is_end_stream();
        response.map(|body| Recorded { body, record: self })
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let noted = self.notes.take();
        let path = in_ascii(self.target.path());
        let query = self.target.query().map(in_ascii);
        let took = Clock::system().now().saturating_since(self.began);
        tracing::info!(
            target: "proxy",
            client = %self.client.ip(),
            method = self.method.as_str(),
            path = &*path,
            query = query.as_deref(),
            version = ?self.version,
            status = self.status.map(|status| status.as_u16()),
            bytes = self.bytes,
            ms = in_ms(took),
            upstream_ms = noted.upstream.map(in_ms),
            weir = (!self.weir.is_empty()).then_some(self.weir.as_str()),
            cut_off = (!self.complete).then_some(true),
            error = noted.trouble.as_deref(),
            "request"
        );
    }
}

/// As it should have been sent: what is no plain text may end a line or turn it around where it is shown.
fn in_ascii(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, CONTROLS).into()
}

/// In milliseconds, to the microsecond.
fn in_ms(time: std::time::Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// The last member of `Cache-Status` (RFC 9211) is of the cache that is nearest to the client, which is ours if it has our name.
fn what_weir_did(headers: &HeaderMap, rejected: bool) -> String {
    let status = headers.get_all("cache-status").iter().next_back();
    let status = status.and_then(|line| line.to_str().ok()).unwrap_or_default();
    let ours = status.rsplit(',').next().and_then(|last| last.trim().strip_prefix("weir; "));
    match (rejected, ours) {
        (true, _) => "rejected".to_owned(),
        (false, ours) => ours.unwrap_or_default().to_owned(),
    }
}

/// The body of a response that is recorded.
#[pin_project(PinnedDrop)]
#[derive(Debug)]
pub(crate) struct Recorded<B: Body> {
    #[pin]
    body: B,
    record: Record,
}

#[pinned_drop]
impl<B: Body> PinnedDrop for Recorded<B> {
    fn drop(self: Pin<&mut Self>) {
        // One of known length may never be asked for its end.
        let this = self.project();
        this.record.complete |= this.body.is_end_stream();
    }
}

impl<B: Body> Body for Recorded<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.body.poll_frame(cx));
        match &frame {
            None => this.record.complete = true,
            Some(Ok(frame)) => {
                this.record.bytes += frame.data_ref().map_or(0, |data| data.remaining() as u64);
            }
            Some(Err(_)) => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
