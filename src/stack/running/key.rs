use std::{
    collections::HashMap,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use smallvec::SmallVec;

use crate::{
    error::ConfigError,
    head::Head,
    key::{
        FedKey, Forwarded, Header, HeaderText, IpPrefix, KeyExtractor, MissingKey, OnMissingKey,
        PeerIp,
    },
    stack::settings::{Key, MissingKey as Choice, ProxyField, TrustedProxies},
};

/// The extractors that a program brings, by the names that the file calls them by.
pub(super) type NamedKeys = HashMap<String, Arc<dyn FedKey>>;

/// What a file chose to count requests by.
#[derive(Clone)]
pub(super) enum ConfiguredKey {
    Global,
    PeerIp,
    Forwarded(Forwarded),
    Header(Header),
    Named(Arc<dyn FedKey>),
    All(Arc<[Self]>),
}

/// The key of one request. It hashes as what it stands for does, so that a handle finds it by that.
pub(super) enum ConfiguredKeyOf<'a> {
    Nothing,
    Ip(IpPrefix),
    Text(HeaderText<'a>),
    Bytes(Fed),
}

/// What a hasher was fed with. Most keys fit in without an allocation.
#[derive(Default)]
pub(super) struct Fed(SmallVec<[u8; 32]>);

impl ConfiguredKey {
    pub(super) fn new(
        key: &Key,
        proxies: &TrustedProxies,
        named: &NamedKeys,
    ) -> Result<Self, ConfigError> {
        Ok(match key {
            Key::Global => Self::Global,
            Key::PeerIp => Self::PeerIp,
            Key::Forwarded => Self::Forwarded(forwarded(proxies)?),
            Key::Header(name) => Self::Header(Header(name.clone())),
            Key::Named(name) => {
                let known = named.get(name).cloned();
                let allowed = "the program gives no key of this name to the builder";
                Self::Named(known.ok_or_else(|| ConfigError::new("key", name, allowed))?)
            }
            Key::All(keys) => {
                let keys = keys.iter().map(|key| Self::new(key, proxies, named));
                Self::All(keys.collect::<Result<_, _>>()?)
            }
        })
    }
}

/// What believes the proxies of the file.
pub(super) fn forwarded(proxies: &TrustedProxies) -> Result<Forwarded, ConfigError> {
    let forwarded = Forwarded::trusting(proxies.cidrs.iter().map(ToString::to_string))?;
    Ok(match proxies.field {
        ProxyField::XForwardedFor => forwarded,
        ProxyField::Forwarded => forwarded.rfc7239(),
    })
}

/// Whether a key is that of a client behind proxies, alone or with others.
pub(super) fn is_forwarded(key: &Key) -> bool {
    match key {
        Key::Forwarded => true,
        Key::All(keys) => keys.iter().any(is_forwarded),
        _ => false,
    }
}

pub(super) fn on_missing(choice: Choice) -> OnMissingKey {
    match choice {
        Choice::Share => OnMissingKey::Share,
        Choice::Reject => OnMissingKey::Reject,
        Choice::Skip => OnMissingKey::Skip,
    }
}

impl KeyExtractor for ConfiguredKey {
    type Key<'a> = ConfiguredKeyOf<'a>;

    #[inline]
    fn extract<'a>(&self, head: &Head<'a>) -> Result<ConfiguredKeyOf<'a>, MissingKey> {
        match self {
            Self::Global => Ok(ConfiguredKeyOf::Nothing),
            Self::PeerIp => PeerIp.extract(head).map(ConfiguredKeyOf::Ip),
            Self::Forwarded(forwarded) => forwarded.extract(head).map(ConfiguredKeyOf::Ip),
            Self::Header(header) => header.extract(head).map(ConfiguredKeyOf::Text),
            Self::Named(key) => {
                let mut fed = Fed::default();
                key.feed(head, &mut fed)?;
                Ok(ConfiguredKeyOf::Bytes(fed))
            }
            Self::All(keys) => {
                let mut fed = Fed::default();
                keys.iter().try_for_each(|key| key.feed(head, &mut fed))?;
                Ok(ConfiguredKeyOf::Bytes(fed))
            }
        }
    }
}

impl Hash for ConfiguredKeyOf<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        match self {
            Self::Nothing => {}
            Self::Ip(ip) => ip.hash(hasher),
            Self::Text(text) => text.hash(hasher),
            Self::Bytes(fed) => hasher.write(&fed.0),
        }
    }
}

/// Integers enter in an order of bytes that does not depend on the machine, and so does the width of a `usize`: as they do in a
/// [`SharedKey`](crate::key::Key), and, on machines that have it so, in the hash of a table.
impl Hasher for Fed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn write_u16(&mut self, number: u16) {
        self.write(&number.to_le_bytes());
    }

    fn write_u32(&mut self, number: u32) {
        self.write(&number.to_le_bytes());
    }

    fn write_u64(&mut self, number: u64) {
        self.write(&number.to_le_bytes());
    }

    fn write_u128(&mut self, number: u128) {
        self.write(&number.to_le_bytes());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }

    /// Not asked for: what it was fed with is passed on.
    fn finish(&self) -> u64 {
        0
    }
}

impl fmt::Debug for ConfiguredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfiguredKey").finish_non_exhaustive()
    }
}
