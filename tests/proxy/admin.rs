//! What operators see, and clients do not.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::net::TcpStream;
use tower_weir::telemetry::prometheus;

use crate::{
    proxy::admin::{Admin, serve},
    wire::*,
};

struct Desk {
    address: std::net::SocketAddr,
    ending: Arc<AtomicBool>,
}

impl Desk {
    async fn of(wire: &Wire) -> Self {
        let listener = listen().await;
        let address = listener.local_addr().unwrap();
        let ending = Arc::new(AtomicBool::new(false));
        let prometheus = Some(prometheus::install().unwrap());
        let admin = Admin { handle: wire.handle.clone(), prometheus, ending: ending.clone() };
        tokio::spawn(serve(listener, admin));
        Self { address, ending }
    }

    async fn ask(&self, method: &str, path: &str, fields: &str) -> (String, String) {
        let mut client = Peer::new(TcpStream::connect(self.address).await.unwrap());
        client.send(&format!("{method} {path} HTTP/1.1\r\nHost: desk\r\n{fields}\r\n")).await;
        let answered = client.message().await;
        (answered[9..12].to_owned(), body(&answered).to_owned())
    }
}

#[tokio::test]
async fn operators_see_how_it_is() {
    let wire = Wire::new(&[]).await;
    let desk = Desk::of(&wire).await;
    assert_eq!(desk.ask("GET", "/healthz", "").await, ("200".into(), "ok\n".into()));
    assert_eq!(desk.ask("GET", "/readyz", "").await.0, "200");
    assert_eq!(desk.ask("GET", "/profile", "").await.0, "200");
    let (_, json) = desk.ask("GET", "/profile", "Accept: application/json\r\n").await;
    assert!(serde_json::from_str::<serde_json::Value>(&json).unwrap().is_object(), "{json}");
    assert!(desk.ask("GET", "/config", "").await.1.contains("cache"));
    assert_eq!(desk.ask("GET", "/metrics", "").await.0, "200");
    let (status, index) = desk.ask("GET", "/nothing", "").await;
    assert!(status == "404" && index.contains("/metrics"));
    assert_eq!(desk.ask("POST", "/healthz", "").await.0, "405");
}

#[tokio::test]
async fn a_proxy_that_is_to_end_is_not_ready_and_alive() {
    let wire = Wire::new(&[]).await;
    let desk = Desk::of(&wire).await;
    desk.ending.store(true, Ordering::Relaxed);
    assert_eq!(desk.ask("GET", "/readyz", "").await.0, "503");
    assert_eq!(desk.ask("GET", "/healthz", "").await.0, "200");
}

#[tokio::test]
async fn operators_reload_and_hear_what_is_wrong() {
    let wire = Wire::new(&[]).await;
    let desk = Desk::of(&wire).await;
    assert_eq!(desk.ask("POST", "/reload", "").await.0, "200");
    wire.file.write("nonsense = [");
    let (status, wrong) = desk.ask("POST", "/reload", "").await;
    assert!(status == "422" && !wrong.trim().is_empty(), "{wrong}");
    assert_eq!(desk.ask("GET", "/reload", "").await.0, "405");
    assert_eq!(desk.ask("POST", "/reload", "Origin: http://evil\r\n").await.0, "403");
}

#[tokio::test]
async fn clients_see_none_of_it() {
    let wire = Wire::new(&[]).await;
    for path in ["/metrics", "/profile", "/config", "/healthz", "/readyz", "/reload"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: site\r\n\r\n");
        let told = wire.exchange(&request, &answer("", "the upstream's")).await;
        assert_eq!(body(&told.answered), "the upstream's", "{path}");
    }
}
