//! A server of any service.

use std::net::SocketAddr;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tower::{BoxError, Service, ServiceBuilder};

use crate::client::{Server, listen};

/// Serves HTTP/1 and HTTP/2. The service finds the address of the peer among the extensions.
pub(crate) async fn served<S, B>(service: S) -> (SocketAddr, Server)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let (listener, addr) = listen().await;
    let server = Server::spawn(async move {
        loop {
            let (stream, peer) = listener.accept().await.unwrap();
            let service = ServiceBuilder::new()
                .map_request(move |mut request: Request<Incoming>| {
                    request.extensions_mut().insert(peer);
                    request
                })
                .service(service.clone());
            tokio::spawn(async move {
                let connection = auto::Builder::new(TokioExecutor::new());
                let service = TowerToHyperService::new(service);
                // A client that leaves is no failure of the test.
                drop(connection.serve_connection(TokioIo::new(stream), service).await);
            });
        }
    });
    (addr, server)
}
