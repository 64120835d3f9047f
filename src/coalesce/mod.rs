//! One call for concurrent requests that want the same, and its response for all of them.
//!
//! ```
//! use axum::{Router, extract::Path, routing::get};
//! use tower_weir::coalesce::CoalesceLayer;
//!
//! let coalesce = CoalesceLayer::new();
//! let handle = coalesce.handle();
//!
//! let app: Router = Router::new().route("/articles/{id}", get(article)).layer(coalesce);
//!
//! // While requests are served:
//! println!("{} of {} requests cost nothing", handle.stats().shared, handle.stats().requests());
//! # async fn article(Path(id): Path<u32>) -> String { format!("{id}") }
//! ```
//!
//! When a page is asked for a thousand times in the second that its query takes, that query runs once. Nothing is kept: whoever
//! comes after the last byte of a response begins anew, so no answer is older than a call takes. To keep answers for longer is
//! what the [cache](crate#the-order-of-layers) does, which coalesces its misses itself.
//!
//! # Who shares
//!
//! GET and HEAD without a body, as long as all of this is the same, byte by byte:
//!
//! - what enters the [`FingerprintBuilder`]: method, scheme, host, path and query, and whatever else is named there;
//! - the fields by which HTTP makes answers differ: `Accept`, `Accept-Charset`, `Accept-Encoding`, `Accept-Language`, `Range`,
//!   the `If-…` fields, `Cache-Control` and `Pragma`;
//! - `Origin`, `Prefer`, `X-Requested-With`, `HX-Request` and [others](FingerprintBuilder::MANNERS) that services choose the
//!   form of an answer by;
//! - whatever the response names in `Vary`.
//!
//! A handler that looks at anything else, such as the address of the client, gives all who share the answer to one: name that
//! in the [fingerprint](CoalesceLayer::fingerprint), or keep the layer away from that route. Queries that are sent with a body
//! share by [`CoalesceLayer::keyed_by_body`], also unary gRPC calls.
//!
//! | request or response | becomes |
//! |---|---|
//! | other methods; a body; an upgrade; a field that [makes fingerprints unclear](FingerprintBuilder::PASSED_BY) | passed on |
//! | `Authorization`, `Cookie`, an [API key](FingerprintBuilder::IDENTITIES), unless named or disregarded in the fingerprint | passed on |
//! | a response with `Set-Cookie`, `private`, `no-store`, `Vary: *`; a challenge of Negotiate, NTLM or Digest | for whose request was sent |
//! | 4xx, as what a service refuses may be what only one has sent, except 401, 404, 405, 406, 410, 412 and 416 | for whose request was sent |
//! | gRPC's `CANCELLED`, `DEADLINE_EXCEEDED`, `PERMISSION_DENIED`, `RESOURCE_EXHAUSTED` | for whose request was sent |
//! | a [rejection](crate::reject::Rejected) by a layer inside | for whose request was sent |
//! | `text/event-stream`, `multipart/x-mixed-replace`, a body that says it is [too large](CoalesceLayer::max_body_bytes) | for whose request was sent |
//! | any other, whatever its status: also 404 and 500 | for all |
//!
//! Whoever has waited for what is not for them calls the service, all at once and not one after the other; requests like these
//! do not wait for each other again [for a while](CoalesceLayer::pass_for). [`CoalesceLayer::share_if`] refuses more.
//!
//! # Who leaves, and what fails
//!
//! A call runs in the task of the request that it was made for. If that client leaves before the response is there, the one who
//! has waited longest goes on with the same call, in a task of its own: the service is not called again, and needs no runtime
//! to be called in. If nobody waits, the call is dropped, as without the layer.
//!
//! An error or a panic is for whose call it was; the next one calls anew. If that fails too, the others are answered 502
//! ([`Reason::CallFailed`](crate::reject::Reason::CallFailed)). Nobody waits for longer than
//! [`max_wait`](CoalesceLayer::max_wait).
//!
//! Bodies are read by all while they come, at the pace of each; who comes late reads from the beginning. A body that is not
//! there at once is received by a task, which takes a tokio runtime, and ends when nobody reads any more. Without a runtime
//! responses are not shared.
//!
//! # What was written is read
//!
//! Whoever has the answer to an unsafe request (POST, PUT, PATCH, DELETE, any unknown method), its head or all of it, and reads
//! then does not get the answer to a call from before that, if both come through services of one layer and have the same path,
//! however it is escaped and whatever slashes there are. What a write to `/articles` does to `/articles/7` the layer cannot
//! know; nor what one gRPC method does to another. What keeps on writing to a path keeps those who read it from sharing, and
//! from nothing else.
//!
//! # The order of layers
//!
//! Outside of what limits, times and breaks the work, since a request that waits does none; inside of compression, which is for
//! one client, of authentication, since who shares an answer reaches nothing inside, and of profiling, which then sees all
//! requests. A [cache](crate#the-order-of-layers) needs no such layer around it for what it stores.
//!
//! # What it costs
//!
//! A request that passes reads its fields once and allocates nothing, but for what its key is longer than 256 bytes. One that
//! leads copies its fields, and boxes its call and its body, which takes four allocations if the body is there at once and
//! nobody waits; one that waits boxes itself. To join takes a lock for some tens of nanoseconds, which one in 64 keys share.

mod begun;
mod body;
mod by_body;
mod call;
mod desk;
mod fields;
mod flight;
mod future;
mod handle;
mod judge;
mod key;
mod layer;
mod lead;
mod meters;
mod receive;
mod service;
mod settings;
mod stats;
mod wait;
mod writes;

pub use self::{
    body::CoalesceBody, future::ResponseFuture, handle::Handle, layer::CoalesceLayer,
    service::Coalesce, stats::CoalesceStats,
};
pub use crate::{
    content::{BodyKeyed, BodyKeyedLayer, ReplayedBody},
    fingerprint::{Fingerprint, FingerprintBuilder, Query},
};
