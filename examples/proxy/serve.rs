//! The clients' connections, from the first to the last.

use std::{
    convert::Infallible, error::Error, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tower::Service;

use super::{
    args::{Args, Timeouts},
    front::{self, Client},
    interim::{Interim, Stream},
    life::Life,
    patient::Patient,
};

/// What the head of a request may take.
const MOST_HEAD: usize = 64 << 10;
const MOST_FIELDS: usize = 100;
/// How many requests may be under way on a connection with HTTP/2.
const MOST_STREAMS: u32 = 128;
/// How long a client with HTTP/2 may be silent before it is asked whether it lives, and how long for an answer to that.
const PING_AFTER: Duration = Duration::from_secs(20);
const PONG_WITHIN: Duration = Duration::from_secs(10);

/// Serves until somebody wishes that it end, and then what is under way, unless somebody wishes so again. Whether all of it
/// came to its end is what it returns.
pub(crate) async fn serve<S, B>(
    listener: TcpListener,
    stack: S,
    args: &Args,
    mut wishes: mpsc::Receiver<()>,
) -> bool
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let (end, ending) = watch::channel(());
    let permits = Arc::new(Semaphore::new(args.max_connections));
    let builder = builder();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = wishes.recv() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = accept(&listener, &permits) => match accepted {
                Ok((stream, client, permit)) => {
                    let (builder, stack) = (builder.clone(), stack.clone());
                    let (timeouts, ending) = (args.timeouts, ending.clone());
                    connections.spawn(async move {
                        connection(builder, stream, client, stack, timeouts, ending).await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    // Such as too many open files: serving goes on when some are closed.
                    tracing::warn!(target: "proxy", %error, "cannot accept a connection");
                    sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop((listener, end));
    let drained =
        timeout(args.timeouts.drain, async { while connections.join_next().await.is_some() {} });
    let all_ended = tokio::select! {
        drained = drained => drained.is_ok(),
        _ = wishes.recv() => connections.is_empty(),
    };
    if !all_ended {
        tracing::warn!(target: "proxy", connections = connections.len(), "cut off");
    }
    all_ended
}

/// The next connection, when there may be another.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, client) = listener.accept().await?;
    Ok((stream, client, permit))
}

/// What speaks with clients, in the version that they begin with.
fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // How long heads may take is up to `Life`, whatever the version.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(MOST_HEAD)
        .max_headers(MOST_FIELDS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MOST_HEAD as u32)
        .max_concurrent_streams(MOST_STREAMS)
        .keep_alive_interval(PING_AFTER)
        .keep_alive_timeout(PONG_WITHIN);
    builder
}

/// Serves one connection, and if the proxy is `ending` no further requests on it. A client that leaves is no trouble worth a
/// line.
async fn connection<S, B>(
    builder: Builder<TokioExecutor>,
    stream: TcpStream,
    client: SocketAddr,
    stack: S,
    timeouts: Timeouts,
    mut ending: watch::Receiver<()>,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    // Without it small pieces of a body would wait for the client's acknowledgement; it works all the same.
    let _ = stream.set_nodelay(true);
    let (life, interim) = (Life::default(), Interim::default());
    let stream = Stream::new(Patient::new(stream, timeouts.idle), interim.clone());
    let client = Client { address: client, life: life.clone(), interim };
    let service = service_fn(move |request| front::answer(stack.clone(), client.clone(), request));
    let mut connection = pin!(builder.serve_connection(stream, service));
    let (mut closing, mut is_last) = (false, false);
    loop {
        let idle = if closing { timeouts.header } else { timeouts.idle };
        tokio::select! {
            _ = connection.as_mut() => return,
            _ = ending.changed(), if !is_last => is_last = true,
            () = life.quiet(timeouts.header, idle) => {
                if closing || !life.has_served() {
                    return;
                }
                closing = true;
            }
        }
        connection.as_mut().graceful_shutdown();
    }
}
