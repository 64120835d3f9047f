//! How the bytes of request bodies are known.

use std::{
    convert::Infallible,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use http::Request;
use http_body::Body;

use super::recording::Recording;
use crate::body::{Guard, GuardedBody};

/// Whether a [`ProfileLayer`](super::ProfileLayer) takes the sizes of request bodies as announced, or counts what is read.
///
/// It is [`Announced`] or [`Counted`], and no other.
pub trait Uploads: sealed::Uploads {}

/// Sizes are those that requests announce by `Content-Length`; nothing is known of the others. The request stays as it is.
#[derive(Clone, Copy, Debug)]
pub struct Announced(Infallible);

/// Sizes are what the service has read of the bodies, each of which is wrapped.
#[derive(Clone, Copy, Debug)]
pub struct Counted(Infallible);

/// Counts what is read of a request's body.
pub struct Upload(Arc<AtomicU64>);

/// The bytes of a request's body, as far as they are known.
#[derive(Debug)]
pub(super) enum RequestBytes {
    Announced(u64),
    Read(Arc<AtomicU64>),
}

impl Default for RequestBytes {
    fn default() -> Self {
        Self::Announced(0)
    }
}

impl RequestBytes {
    pub(super) fn get(&self) -> u64 {
        match self {
            Self::Announced(bytes) => *bytes,
            Self::Read(bytes) => bytes.load(Ordering::Relaxed),
        }
    }
}

impl Guard for Upload {
    fn data(&mut self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Upload").field(&self.0).finish()
    }
}

impl Uploads for Announced {}

impl sealed::Uploads for Announced {
    type Body<B> = B;

    #[inline]
    fn prepare<B: Body>(request: Request<B>, _: Option<&mut Recording>) -> Request<B> {
        request
    }
}

impl Uploads for Counted {}

impl sealed::Uploads for Counted {
    type Body<B> = GuardedBody<B, Upload>;

    fn prepare<B: Body>(
        request: Request<B>,
        recording: Option<&mut Recording>,
    ) -> Request<Self::Body<B>> {
        request.map(|body| match recording {
            None => GuardedBody::unguarded(body),
            Some(recording) => {
                let upload = Upload(recording.count_upload());
                GuardedBody::new(body, upload)
            }
        })
    }
}

pub(super) mod sealed {
    use super::{Body, Recording, Request};

    pub trait Uploads {
        /// What the inner service is given.
        type Body<B>;

        #[doc(hidden)]
        fn prepare<B: Body>(
            request: Request<B>,
            recording: Option<&mut Recording>,
        ) -> Request<Self::Body<B>>;
    }
}
