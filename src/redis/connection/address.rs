use ::redis::{
    ConnectionAddr, ConnectionInfo, IntoConnectionInfo, cluster::ClusterClient, parse_redis_url,
};

use crate::error::ConfigError;

/// Where to connect to. It holds passwords, so it has no `Debug`.
#[derive(Clone)]
pub(super) enum Address {
    Server(Box<ConnectionInfo>),
    /// Some nodes of it; the others are asked for.
    Cluster(Vec<ConnectionInfo>),
}

const FIELD: &str = "Redis URL";
const ALLOWED: &str = "`redis://user:password@host:6379/0`, of which all but the host may be left out, `rediss://` \
                       likewise for TLS, or `unix:///path?db=0&user=name&pass=password`; what is reserved in URLs must be \
                       percent-encoded";

impl Address {
    pub(super) fn server(url: &str) -> Result<Self, ConfigError> {
        Ok(Self::Server(Box::new(parsed(url)?)))
    }

    pub(super) fn cluster<U: AsRef<str>>(
        urls: impl IntoIterator<Item = U>,
    ) -> Result<Self, ConfigError> {
        let nodes: Vec<_> =
            urls.into_iter().map(|url| parsed(url.as_ref())).collect::<Result<_, _>>()?;
        if nodes.is_empty() {
            return Err(ConfigError::new(FIELD, "", "one node's or more"));
        }
        if nodes.iter().any(|node| matches!(node.addr(), ConnectionAddr::Unix(_))) {
            let allowed = "that of a host and port: nodes of a cluster know each other by those";
            return Err(ConfigError::new(FIELD, "unix", allowed));
        }
        if ClusterClient::new(nodes.clone()).is_err() {
            let allowed =
                "nodes of one cluster, with the same user, password, database and use of TLS";
            return Err(ConfigError::new(FIELD, "…", allowed));
        }
        Ok(Self::Cluster(nodes))
    }

    /// Whether any of it is to be connected to over TLS.
    #[cfg(feature = "redis-tls")]
    pub(super) fn uses_tls(&self) -> bool {
        let nodes = match self {
            Self::Server(server) => std::slice::from_ref(&**server),
            Self::Cluster(nodes) => nodes,
        };
        nodes.iter().any(|node| matches!(node.addr(), ConnectionAddr::TcpTls { .. }))
    }
}

/// A URL may be nothing but a password in the wrong place, so an error repeats no more of it than its scheme.
fn parsed(url: &str) -> Result<ConnectionInfo, ConfigError> {
    let Some(url) = parse_redis_url(url) else {
        return Err(ConfigError::new(FIELD, "…", ALLOWED));
    };
    let scheme = url.scheme().to_owned();
    if !cfg!(feature = "redis-tls") && matches!(&*scheme, "rediss" | "valkeys") {
        let allowed = "TLS needs the feature `redis-tls` of tower-weir";
        return Err(ConfigError::new(FIELD, format!("{scheme}://…"), allowed));
    }
    // What its own error says may repeat parts of the URL.
    url.into_connection_info()
        .map_err(|_| ConfigError::new(FIELD, format!("{scheme}://…"), ALLOWED))
}
