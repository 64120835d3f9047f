//! The one connection to an upstream that speaks HTTP/2, made anew when it ends.
//!
//! A pool of hyper-util's has connections for each authority, and with HTTP/2 that is the one that the client named: there would
//! be as many as clients make up.

use std::time::Duration;

use http::{Request, Response, request, uri::Authority};
use hyper::{
    body::Incoming,
    client::conn::http2::{Builder, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{net::TcpStream, sync::Mutex, time::timeout};
use tower_weir::error::BoxError;

use super::{trouble::Trouble, upload::Upload};

/// How long an upstream may be silent before it is asked whether it lives, and how long for an answer to that.
const PING_AFTER: Duration = Duration::from_secs(20);
const PONG_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Multiplexed {
    upstream: Authority,
    connect_timeout: Duration,
    /// Locked while a connection is made, so that all wait for the same one.
    connection: Mutex<Option<SendRequest<Upload<Incoming>>>>,
}

impl Multiplexed {
    pub(crate) fn new(upstream: Authority, connect_timeout: Duration) -> Self {
        Self { upstream, connect_timeout, connection: Mutex::default() }
    }

    /// Sends the request, and once more on another connection if the one that was there ended before it was sent.
    pub(crate) async fn send(
        &self,
        parts: request::Parts,
        body: Upload<Incoming>,
    ) -> Result<Response<Incoming>, Trouble> {
        let request = Request::from_parts(parts, body);
        let mut error = match self.connection().await?.try_send_request(request).await {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        let Some(request) = error.take_message() else {
            return Err(Trouble::of_connection(error.into_error()));
        };
        let again = self.connection().await?.send_request(request).await;
        again.map_err(Trouble::of_connection)
    }

    async fn connection(&self) -> Result<SendRequest<Upload<Incoming>>, Trouble> {
        let mut connection = self.connection.lock().await;
        if let Some(connection) = &*connection
            && !connection.is_closed()
        {
            return Ok(connection.clone());
        }
        let made = timeout(self.connect_timeout, self.connect()).await;
        let made = made
            .unwrap_or_else(|_| Err(format!("no connection in {:?}", self.connect_timeout).into()));
        Ok(connection.insert(made.map_err(Trouble::Unreachable)?).clone())
    }

    async fn connect(&self) -> Result<SendRequest<Upload<Incoming>>, BoxError> {
        let host = self.upstream.host().trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, self.upstream.port_u16().unwrap_or(80))).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_AFTER)
            .keep_alive_timeout(PONG_WITHIN)
            .adaptive_window(true)
            .handshake(TokioIo::new(stream))
            .await?;
        // Its errors are those of the requests on it.
        tokio::spawn(connection);
        Ok(sender)
    }
}
