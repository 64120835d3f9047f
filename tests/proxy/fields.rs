//! What is added to requests and responses on their way, and what is taken away.

use crate::wire::*;

#[tokio::test]
async fn fields_of_one_connection_end_at_the_proxy() {
    let wire = Wire::new(&[]).await;
    let request = "GET /a?b HTTP/1.1\r\nHost: site\r\nConnection: x-mine, close\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\n\
                   Upgrade: h2c\r\nTE: gzip\r\nProxy-Authorization: Basic eA==\r\nX-Kept: 1\r\n\r\n";
    let answered = "HTTP/1.1 200 OK\r\nConnection: x-yours, close\r\nX-Yours: 1\r\nKeep-Alive: timeout=5\r\nX-Kept: 2\r\n\
                    Proxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nhi";
    let Exchanged { asked, answered } = wire.exchange(request, answered).await;
    assert!(asked.starts_with("GET /a?b HTTP/1.1\r\n"), "{asked}");
    assert_eq!((field(&asked, "host").as_str(), field(&asked, "x-kept").as_str()), ("site", "1"));
    for gone in ["x-mine", "keep-alive", "upgrade", "te", "proxy-authorization", "connection"] {
        assert_eq!(field(&asked, gone), "", "{gone}");
    }
    assert_eq!((body(&answered), field(&answered, "x-kept").as_str()), ("hi", "2"));
    for gone in ["x-yours", "keep-alive", "proxy-authenticate"] {
        assert_eq!(field(&answered, gone), "", "{gone}");
    }
}

#[tokio::test]
async fn the_proxy_tells_of_itself_and_of_the_client() {
    let wire = Wire::new(&[]).await;
    let request =
        "GET / HTTP/1.1\r\nHost: site\r\nVia: 1.1 other\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n";
    let Exchanged { asked, answered } =
        wire.exchange(request, &answer("Via: 1.0 far\r\n", "")).await;
    assert_eq!(field(&asked, "via"), "1.1 other, 1.1 weir");
    assert_eq!(field(&asked, "x-forwarded-for"), "192.0.2.1, 127.0.0.1");
    assert_eq!(field(&answered, "via"), "1.0 far, 1.1 weir");
    assert_ne!(field(&answered, "date"), "");
}

#[tokio::test]
async fn a_request_whose_host_is_not_clear_is_refused() {
    let wire = Wire::new(&[]).await;
    for hosts in
        ["", "Host: a\r\nHost: b\r\n", "Host: a\r\nHost: a\r\n", "Host: a/b\r\n", "Host: u@a\r\n"]
    {
        let answered = wire.ask(&format!("GET / HTTP/1.1\r\n{hosts}\r\n")).await;
        assert!(answered.starts_with("HTTP/1.1 400 "), "{hosts}: {answered}");
        assert_eq!(field(&answered, "content-type"), "application/problem+json");
        assert_eq!(field(&answered, "cache-control"), "no-store");
    }
}

#[tokio::test]
async fn what_the_proxy_does_not_do_it_says() {
    let wire = Wire::new(&[]).await;
    let answered = wire.ask("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n").await;
    assert!(answered.starts_with("HTTP/1.1 501 "), "{answered}");
    let answered = wire.ask("OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n").await;
    assert!(answered.starts_with("HTTP/1.1 200 "), "{answered}");
}
