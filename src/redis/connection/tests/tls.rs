use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::runtime::Builder;

use super::{
    super::{Event, Redis, Status},
    server::{RedisServer, Tls},
    warnings::warnings,
    world::{PATIENCE, open, set, until_it_answers, until_it_is},
};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // OpenSSL takes a certificate that has its issuer's name to have signed itself.
    params.distinguished_name.push(DnType::CommonName, "weir's authority");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for `localhost`, and its key, in PEM.
fn signed_by(authority: &Authority) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn patient(url: &str) -> Redis {
    open(url).timeout(10 * PATIENCE).unwrap().connect_timeout(10 * PATIENCE).unwrap()
}

/// What is logged when it is asked.
fn warned_of(redis: &Redis) -> String {
    let log = warnings(|| {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            assert!(set(redis, "key").await.is_err());
            until_it_is(redis, Status::Down).await;
        });
    });
    log.join("\n")
}

#[tokio::test]
async fn a_server_that_a_trusted_authority_knows_is_talked_to() {
    let authority = authority();
    let (certificate, key) = signed_by(&authority);
    let server =
        RedisServer::with_tls(&Tls { certificate: &certificate, key: &key, clients: None });
    let redis = patient(&server.tls_url()).root_certificate(authority.pem()).unwrap();
    until_it_answers(&redis).await;
    let mut subscription = redis.subscribe(vec!["weir:a".to_owned()]);
    assert_eq!(subscription.next().await, Event::Connected);
}

#[test]
fn one_that_only_another_authority_knows_is_not() {
    let authority_of_others = authority();
    let (certificate, key) = signed_by(&authority());
    let server =
        RedisServer::with_tls(&Tls { certificate: &certificate, key: &key, clients: None });
    let redis = patient(&server.tls_url()).root_certificate(authority_of_others.pem()).unwrap();
    let log = warned_of(&redis);
    assert!(log.contains("certificate"), "{log}");
}

#[test]
fn a_server_that_asks_who_we_are_is_shown_a_certificate() {
    let authority = authority();
    let (certificate, key) = signed_by(&authority);
    let clients = authority.pem();
    let server = RedisServer::with_tls(&Tls {
        certificate: &certificate,
        key: &key,
        clients: Some(&clients),
    });
    let nobody = patient(&server.tls_url()).root_certificate(authority.pem()).unwrap();
    let log = warned_of(&nobody);
    assert!(log.contains("left alone"), "{log}");
    let (certificate, key) = signed_by(&authority);
    let somebody = nobody.client_certificate(&certificate, &key).unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(until_it_answers(&somebody));
}

#[test]
fn what_is_no_certificate_or_key_is_refused_and_not_repeated() {
    let redis = Redis::open("rediss://localhost").unwrap();
    let (certificate, key) = signed_by(&authority());
    let errors = [
        redis.clone().root_certificate("secret").unwrap_err(),
        redis.clone().root_certificate(&key).unwrap_err(),
        redis.clone().client_certificate(&certificate, "secret").unwrap_err(),
        redis.clone().client_certificate("secret", &key).unwrap_err(),
        redis.client_certificate(&certificate, &certificate).unwrap_err(),
    ];
    let fields = errors.iter().map(|error| error.field().to_owned()).collect::<Vec<_>>();
    let [root, client, key] = ["root certificate", "client certificate", "client key"];
    assert_eq!(fields, [root, root, key, client, key]);
    for error in errors {
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
