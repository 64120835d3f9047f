use ::redis::{ClientTlsConfig, TlsCertificates};
use rustls::{
    RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::error::ConfigError;

/// By which a server is known, and by which it knows us. It holds a private key, so it has no `Debug`.
#[derive(Clone, Default)]
pub(super) struct Certificates {
    roots: Option<Vec<u8>>,
    client: Option<(Vec<u8>, Vec<u8>)>,
}

impl Certificates {
    pub(super) fn set_roots(&mut self, pem: &[u8]) -> Result<(), ConfigError> {
        let mut store = RootCertStore::empty();
        for certificate in certificates("root certificate", pem)? {
            store.add(certificate).map_err(|error| {
                ConfigError::new("root certificate", "…", format!("it cannot be one: {error}"))
            })?;
        }
        self.roots = Some(pem.to_vec());
        Ok(())
    }

    pub(super) fn set_client(&mut self, certificate: &[u8], key: &[u8]) -> Result<(), ConfigError> {
        certificates("client certificate", certificate)?;
        // What the error says could repeat parts of the key.
        PrivateKeyDer::from_pem_slice(key).map_err(|_| {
            ConfigError::new("client key", "…", "a private key in PEM: PKCS #8, PKCS #1 or SEC 1")
        })?;
        self.client = Some((certificate.to_vec(), key.to_vec()));
        Ok(())
    }

    pub(super) fn for_client(&self) -> TlsCertificates {
        let client_tls = self.client.clone();
        let client_tls =
            client_tls.map(|(client_cert, client_key)| ClientTlsConfig { client_cert, client_key });
        TlsCertificates { client_tls, root_cert: self.roots.clone() }
    }
}

fn certificates(
    field: &'static str,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(ConfigError::new(field, "…", "one or more certificates in PEM")),
    }
}

/// Makes sure that the process has a provider of cryptography: if it has none, and several could be chosen from because
/// other crates ask for others, a connection would panic.
pub(super) fn ensure_provider() {
    if CryptoProvider::get_default().is_none() {
        // Another thread may have been faster, which is as good.
        let _ = ring::default_provider().install_default();
    }
}
