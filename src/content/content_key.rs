use std::hash::Hasher;

use http::{
    HeaderName,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use siphasher::sip128::{Hasher128, SipHasher13};

#[cfg(feature = "redis")]
use crate::key::SharedKey;
use crate::{
    fingerprint::{KeyBytes, write_fields},
    head::Head,
    key::KeySeed,
    reject::is_grpc,
};

/// How contents are hashed.
#[derive(Clone, Copy, Debug)]
pub enum ContentHash {
    /// SipHash-1-3 with 128 bits, under a secret of this process.
    Secret(KeySeed),
    /// 128 bits of SHA-256: the same in all processes.
    #[cfg(feature = "redis")]
    Shared,
}

impl ContentHash {
    /// Nobody finds two contents that collide who does not know the secret, or at all, so that the hash may stand for the
    /// content in a key.
    fn hash(self, content: &[u8]) -> u128 {
        match self {
            Self::Secret(seed) => {
                let [a, b] = seed.words();
                let mut hasher = SipHasher13::new_with_keys(a, b);
                hasher.write(content);
                hasher.finish128().as_u128()
            }
            #[cfg(feature = "redis")]
            Self::Shared => SharedKey::of(content).bits(),
        }
    }
}

/// What tells the content of a request from that of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentKey {
    length: u64,
    hash: u128,
}

impl ContentKey {
    pub(crate) fn of(content: &[u8], hash: ContentHash) -> Self {
        Self { length: content.len() as u64, hash: hash.hash(content) }
    }

    /// Appends it to `key`, with the fields without which the content does not say what it means.
    pub(crate) fn write(&self, head: &Head<'_>, key: &mut KeyBytes) {
        /// How the messages of a gRPC call are compressed, and how those of its answer may be.
        const GRPC: [HeaderName; 2] = [
            HeaderName::from_static("grpc-encoding"),
            HeaderName::from_static("grpc-accept-encoding"),
        ];
        for name in [CONTENT_TYPE, CONTENT_ENCODING] {
            write_fields(head, &name, key);
        }
        if is_grpc(head.headers) {
            GRPC.iter().for_each(|name| write_fields(head, name, key));
        }
        key.push(&self.length.to_le_bytes());
        key.push(&self.hash.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn written(content: &[u8], fields: &[(&str, &str)]) -> Vec<u8> {
        let request = fields
            .iter()
            .fold(Request::post("/"), |request, (name, value)| request.header(*name, *value));
        let (request, mut key) = (request.body(()).unwrap(), KeyBytes::default());
        let content = ContentKey::of(content, ContentHash::Secret(KeySeed::fixed([1, 2])));
        content.write(&Head::of(&request), &mut key);
        key.bytes().to_vec()
    }

    #[test]
    fn contents_differ_by_bytes_type_and_coding() {
        let json = [("content-type", "application/json")];
        assert_eq!(written(b"a", &json), written(b"a", &json));
        for other in [
            written(b"b", &json),
            written(b"", &json),
            written(b"a", &[]),
            written(b"a", &[("content-type", "text/plain")]),
            written(b"a", &[json[0], ("content-encoding", "gzip")]),
        ] {
            assert_ne!(other, written(b"a", &json));
        }
    }

    #[test]
    fn grpc_calls_differ_by_the_codings_that_the_client_knows_and_not_by_their_deadline() {
        let grpc = ("content-type", "application/grpc");
        let plain = written(b"a", &[grpc]);
        assert_eq!(written(b"a", &[grpc, ("grpc-timeout", "5S"), ("te", "trailers")]), plain);
        assert_ne!(written(b"a", &[grpc, ("grpc-accept-encoding", "gzip")]), plain);
        assert_ne!(written(b"a", &[grpc, ("grpc-encoding", "gzip")]), plain);
    }
}
