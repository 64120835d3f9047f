use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use crate::error::ConfigError;

/// Networks that an address may be in.
#[derive(Clone, Debug)]
pub(super) struct Networks(Box<[IpNet]>);

impl Networks {
    /// Networks (`10.0.0.0/8`) and single addresses (`192.0.2.1`); `field` is what an error calls them.
    pub(super) fn parse<I>(field: &'static str, networks: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let networks = networks.into_iter().map(|text| parse(field, text.as_ref()));
        networks.collect::<Result<_, _>>().map(Self)
    }

    /// Whether an address, in its canonical form, is in any of them.
    pub(super) fn contain(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&ip))
    }
}

fn parse(field: &'static str, text: &str) -> Result<IpNet, ConfigError> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map(canonical).map_err(|_| {
        ConfigError::new(
            field,
            text,
            "not a network or an address; allowed: CIDR such as 10.0.0.0/8 or fd00::/8, or an IP address",
        )
    })
}

/// A network of IPv4-mapped IPv6 addresses is one of IPv4: that is how peers are compared.
fn canonical(network: IpNet) -> IpNet {
    match (network.addr().to_canonical(), network) {
        (IpAddr::V4(addr), IpNet::V6(mapped)) if mapped.prefix_len() >= 96 => {
            Ipv4Net::new(addr, mapped.prefix_len() - 96).map_or(network, IpNet::V4)
        }
        _ => network,
    }
}
