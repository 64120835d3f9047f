use std::time::Duration;

use ::redis::{
    AsyncConnectionConfig, Cmd, RedisResult, ServerErrorKind, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
    cluster_routing::{RoutingInfo, SingleNodeRoutingInfo},
};

use super::{Script, address::Address, settings::Settings};

/// An open connection. Clones send over the same one.
#[derive(Clone)]
pub(super) enum Link {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// What is sent over it.
#[derive(Clone, Copy)]
pub(super) enum Question<'a> {
    Command(&'a Cmd),
    Script { script: &'a Script, keys: &'a [String], arguments: &'a [Vec<u8>] },
    Ping,
}

/// Calls that wait to be written. Those that do not fit wait as well, but in a queue that is slower.
const BUFFERED_CALLS: usize = 1024;
/// What the cluster client does again by itself, within the time that a call has: when a slot has moved, or a node is new.
const CLUSTER_RETRIES: u32 = 3;
const CLUSTER_RETRY_WAIT: [u64; 2] = [1, 10];

impl Link {
    /// Opens a new one. The host's name is looked up anew.
    pub(super) async fn open(settings: &Settings) -> RedisResult<Self> {
        let patience = settings.connect_timeout;
        Ok(match &settings.address {
            Address::Server(info) => {
                // A call's time includes more than its answer, so it is taken elsewhere.
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(patience))
                    .set_response_timeout(None)
                    .set_pipeline_buffer_size(BUFFERED_CALLS);
                let client = settings.client_of(info)?;
                Self::Server(client.get_multiplexed_async_connection_with_config(&config).await?)
            }
            Address::Cluster(nodes) => {
                let [least, most] = CLUSTER_RETRY_WAIT;
                // By its own response timeout the client finds out that a node is gone, and asks the others for the new map.
                let builder = ClusterClient::builder(nodes.iter().cloned())
                    .connection_timeout(patience)
                    .response_timeout(patience.max(settings.timeout.saturating_mul(4)))
                    .retries(CLUSTER_RETRIES)
                    .min_retry_wait(least)
                    .max_retry_wait(most);
                #[cfg(feature = "redis-tls")]
                let builder = if settings.address.uses_tls() {
                    super::tls::ensure_provider();
                    builder.certs(settings.certificates.for_client())
                } else {
                    builder
                };
                Self::Cluster(builder.build()?.get_async_connection().await?)
            }
        })
    }

    pub(super) async fn ask(&mut self, question: Question<'_>) -> RedisResult<Value> {
        match question {
            Question::Command(command) => self.send(command).await,
            Question::Ping => self.ping().await,
            Question::Script { script, keys, arguments } => {
                let answer = self.send(&script.by_hash(keys, arguments)).await;
                match answer {
                    // Whoever flushes the scripts again meanwhile does no harm: the text is complete.
                    Err(error) if error.kind() == ServerErrorKind::NoScript.into() => {
                        self.send(&script.by_text(keys, arguments)).await
                    }
                    answer => answer,
                }
            }
        }
    }

    async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        let answer = match self {
            Self::Server(connection) => connection.req_packed_command(command).await,
            Self::Cluster(connection) => connection.req_packed_command(command).await,
        };
        answer?.extract_error()
    }

    /// Of a cluster any node will do: that one of them is gone is no reason to leave the others alone.
    async fn ping(&mut self) -> RedisResult<Value> {
        let ping = ::redis::cmd("PING");
        match self {
            Self::Server(_) => self.send(&ping).await,
            Self::Cluster(connection) => {
                let anywhere = RoutingInfo::SingleNode(SingleNodeRoutingInfo::RandomPrimary);
                connection.route_command(ping, anywhere).await?.extract_error()
            }
        }
    }
}

/// How long it may take to open one, with everything: the client's own timeouts are for each of several steps.
pub(super) fn longest_opening(settings: &Settings) -> Duration {
    match &settings.address {
        Address::Server(_) => settings.connect_timeout,
        Address::Cluster(_) => settings.connect_timeout.saturating_mul(2),
    }
}
