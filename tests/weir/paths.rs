//! Which rules a request meets, however it is written.

use bytes::Bytes;
use http::{Method, Request, Uri, Version};
use http_body_util::Full;

use super::world::{Ask, counting, weir};

/// Tells by the status which limit a request met: that of the route is spent, that of the defaults is not.
#[tokio::test]
async fn routes_are_met_whatever_the_form_of_a_request() {
    let weir = weir(
        "[defaults]\nrate_limit = { policies = ['1000/second'] }\n\
         [[route]]\npath = '/login'\nrate_limit = { policies = { spent = '1/day' } }\n\
         [[route]]\npath = '/grpc.Service/Method'\nmethods = ['POST']\nrate_limit = { policies = ['1/day'] }\n\
         [[route]]\npath = '/read'\nmethods = ['GET']\nrate_limit = { policies = ['1/day'] }\n",
    );
    let service = counting(&weir);
    let ask = async |method: &str, uri: &str| {
        let mut request = Request::new(Full::<Bytes>::default());
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        *request.uri_mut() = uri.parse::<Uri>().unwrap();
        *request.version_mut() = Version::HTTP_11;
        service.status(request).await
    };
    for path in ["/login", "/grpc.Service/Method", "/read"] {
        let method = if path.starts_with("/grpc") { "POST" } else { "GET" };
        assert_eq!(ask(method, path).await, 200);
    }
    for (method, uri) in [
        ("GET", "/login"),
        ("GET", "/login?a=/../x"),
        ("get", "/login"),
        ("HEAD", "/login"),
        ("PURGE", "/login"),
        ("OPTIONS", "/login"),
        ("GET", "http://weir.test/login"),
        ("GET", "http://other.test:81/login?q"),
        ("CONNECT", "http://weir.test/login"),
        ("HEAD", "/read"),
        ("POST", "/grpc.Service/Method"),
    ] {
        assert_eq!(ask(method, uri).await, 429, "{method} {uri}");
    }
    // Of no route.
    let long = format!("/{}", "a".repeat(60_000));
    for (method, uri) in [
        ("OPTIONS", "*"),
        ("CONNECT", "weir.test:443"),
        ("get", "/read"),
        ("GET", "/grpc.Service/Method"),
        ("GET", "/"),
        ("GET", &*long),
        ("GET", "http://weir.test"),
    ] {
        assert_eq!(ask(method, uri).await, 200, "{method} {uri}");
    }
}
