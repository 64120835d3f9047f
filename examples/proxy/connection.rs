//! Connections to the upstream that remember whether they have served.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use http::Extensions;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use pin_project::pin_project;
use tokio::net::TcpStream;

/// Whether a connection has brought a response before. Only then may its end without a response mean no more than that the
/// upstream closes connections that were idle for long.
#[derive(Clone, Debug, Default)]
pub(crate) struct Served(Arc<AtomicBool>);

impl Served {
    /// Notes that the connection that brought a response with these `extensions` has served.
    pub(crate) fn note(extensions: &Extensions) {
        if let Some(Self(served)) = extensions.get() {
            served.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn before(connection: &Connected) -> bool {
        let mut extensions = Extensions::new();
        connection.get_extras(&mut extensions);
        extensions.get().is_some_and(|Self(served)| served.load(Ordering::Relaxed))
    }
}

#[pin_project]
#[derive(Debug)]
pub(crate) struct Tracked {
    #[pin]
    stream: TokioIo<TcpStream>,
    served: Served,
}

impl From<TokioIo<TcpStream>> for Tracked {
    fn from(stream: TokioIo<TcpStream>) -> Self {
        Self { stream, served: Served::default() }
    }
}

impl Connection for Tracked {
    fn connected(&self) -> Connected {
        self.stream.connected().extra(self.served.clone())
    }
}

impl Read for Tracked {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        self.project().stream.poll_read(cx, buf)
    }
}

impl Write for Tracked {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_shutdown(cx)
    }
}
