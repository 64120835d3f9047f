//! The clients' connections, from the first to the last.

use std::{convert::Infallible, error::Error, net::SocketAddr, pin::pin, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::{body::Incoming, server::conn::http1::Builder, service::service_fn};
use hyper_util::rt::TokioTimer;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tower::Service;

use super::{
    front,
    interim::{Interim, Stream},
    log::Log,
};

/// How long requests under way may take once the proxy is to end.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until somebody wishes that it end, and then what is under way, unless somebody wishes so again.
pub(crate) async fn serve<S, B>(
    listener: TcpListener,
    stack: S,
    log: Log,
    mut wishes: mpsc::Receiver<()>,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let (end, ending) = watch::channel(());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = wishes.recv() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, client)) => {
                    connections.spawn(connection(stream, client, stack.clone(), ending.clone()));
                }
                Err(error) => {
                    // Such as too many open files: serving goes on when some are closed.
                    log.line(format_args!("cannot accept a connection: {error}"));
                    sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop((listener, end));
    let drained = timeout(GRACE, async { while connections.join_next().await.is_some() {} });
    let all_ended = tokio::select! {
        drained = drained => drained.is_ok(),
        _ = wishes.recv() => false,
    };
    if !all_ended {
        log.line(format_args!("{} connections were cut off", connections.len()));
    }
}

/// Serves one connection, and if the proxy is `ending` no further requests on it. A client that leaves is no trouble worth a
/// line.
async fn connection<S, B>(
    stream: TcpStream,
    client: SocketAddr,
    stack: S,
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
    let interim = Interim::default();
    let stream = Stream::new(stream, interim.clone());
    let service =
        service_fn(move |request| front::answer(stack.clone(), client, interim.clone(), request));
    let connection = Builder::new().timer(TokioTimer::new()).serve_connection(stream, service);
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = ending.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
