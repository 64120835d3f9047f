use std::time::Duration;

use ::redis::{
    ConnectionInfo, RedisError, Value,
    aio::{PubSubSink, PubSubStream},
};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::{Instant, sleep_until, timeout};

use super::{address::Address, settings::Settings};
use crate::clock::runtime_now;

/// Messages of some channels, over a connection of its own: whether commands are answered is another matter.
///
/// It does its work while somebody waits for the [next](Self::next) event, and needs no task.
pub(in crate::redis) struct Subscription {
    settings: Settings,
    channels: Vec<String>,
    ping_every: Duration,
    live: Option<Live>,
    /// Since the last connection. Of a cluster, also which node's turn it is.
    failures: u32,
    retry_at: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::redis) enum Event {
    /// All messages from now on will be told. Those of before were not.
    Connected,
    Message {
        channel: String,
        payload: Bytes,
    },
    /// No more messages are told, until it is connected again.
    Lost,
}

struct Live {
    sink: PubSubSink,
    messages: PubSubStream,
    ping_at: Instant,
}

/// How often a connection over which nothing comes is asked whether it is still one.
const PING_EVERY: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The first, doubled so often, is a little more than a second.
const DOUBLINGS: u32 = 5;
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Subscription {
    pub(super) fn new(settings: Settings, channels: Vec<String>) -> Self {
        let ping_every = PING_EVERY;
        Self { settings, channels, ping_every, live: None, failures: 0, retry_at: None }
    }

    /// Asks as often whether the connection is still one. It is given up if there is no answer within the time that it takes to
    /// connect.
    #[cfg(test)]
    pub(super) fn pinging_every(self, ping_every: Duration) -> Self {
        Self { ping_every, ..self }
    }

    /// What happens next. It begins with [`Event::Connected`], however long that takes.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if it is dropped and called again, except for the time that connecting has taken.
    pub(in crate::redis) async fn next(&mut self) -> Event {
        loop {
            if let Some(live) = &mut self.live {
                if let Some(event) = live.next(self.ping_every, self.settings.connect_timeout).await
                {
                    return event;
                }
                self.live = None;
                self.retry_at = Some(runtime_now() + pause(0));
                return Event::Lost;
            }
            if let Some(retry_at) = self.retry_at {
                sleep_until(retry_at).await;
            }
            let patience = self.settings.connect_timeout;
            match timeout(patience, self.connect()).await {
                Ok(Ok(live)) => {
                    (self.live, self.failures) = (Some(live), 0);
                    return Event::Connected;
                }
                failed => {
                    let error = failed.ok().and_then(Result::err).map(|error| error.to_string());
                    let cause = error.as_deref().unwrap_or("it took too long");
                    tracing::debug!(redis = &*self.settings.name, cause, "cannot subscribe");
                    self.retry_at = Some(runtime_now() + pause(self.failures));
                    self.failures = self.failures.saturating_add(1);
                }
            }
        }
    }

    async fn connect(&self) -> Result<Live, RedisError> {
        let client = self.settings.client_of(self.node())?;
        let mut connection = client.get_async_pubsub().await?;
        connection.subscribe(&self.channels).await?;
        let (sink, messages) = connection.split();
        Ok(Live { sink, messages, ping_at: runtime_now() + self.ping_every })
    }

    /// All nodes of a cluster tell each other what is published, so any of them will do.
    fn node(&self) -> &ConnectionInfo {
        match &self.settings.address {
            Address::Server(server) => server,
            Address::Cluster(nodes) => &nodes[self.failures as usize % nodes.len()],
        }
    }
}

impl Live {
    /// `None` if the connection is lost.
    async fn next(&mut self, ping_every: Duration, patience: Duration) -> Option<Event> {
        loop {
            tokio::select! {
                message = self.messages.next() => {
                    let message = message?;
                    let channel = message.get_channel_name().to_owned();
                    let payload = Bytes::copy_from_slice(message.get_payload_bytes());
                    return Some(Event::Message { channel, payload });
                }
                () = sleep_until(self.ping_at) => {
                    let ping = timeout(patience, self.sink.ping::<Value>()).await;
                    ping.ok()?.ok()?;
                    self.ping_at = runtime_now() + ping_every;
                }
            }
        }
    }
}

/// Twice as long after each failure, give or take a fifth.
fn pause(failures: u32) -> Duration {
    let pause = FIRST_PAUSE * 2_u32.pow(failures.min(DOUBLINGS));
    pause.min(LONGEST_PAUSE).mul_f64(0.8 + 0.4 * fastrand::f64())
}
