use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use super::{part::not, text::text_of};
use crate::stack::file::{Node, Problem, Problems};

/// A network such as `"10.0.0.0/8"`, or a single address.
pub(in crate::stack::file) fn network(node: &Node, problems: &mut Problems) -> Option<IpNet> {
    let text = text_of(node, "a network", problems)?.trim();
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let Ok(network) = network else {
        let help = "CIDR such as \"10.0.0.0/8\" or \"fd00::/8\", or a single address";
        problems.add(not(node, "a network").help(help));
        return None;
    };
    let whole = network.trunc();
    if whole != network {
        let message = format!("`{text}` is an address within the network {whole}");
        problems.add(
            Problem::warning(&node.place, message)
                .label("all of the network is meant")
                .help("write the network's first address, or the address alone")
                .replace_by(format!("{:?}", whole.to_string())),
        );
    }
    Some(canonical(whole))
}

/// A network of IPv4-mapped IPv6 addresses is one of IPv4: that is how peers are compared.
fn canonical(network: IpNet) -> IpNet {
    match (network.addr().to_canonical(), network) {
        (IpAddr::V4(address), IpNet::V6(mapped)) if mapped.prefix_len() >= 96 => {
            Ipv4Net::new(address, mapped.prefix_len() - 96).map_or(network, IpNet::V4)
        }
        _ => network,
    }
}
