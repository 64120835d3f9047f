//! The line about a request.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use tracing::subscriber::DefaultGuard;

use crate::{
    proxy::{args::LogFormat, log::lines},
    wire::*,
};

/// The lines so far, of the thread of the test.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn keep(format: LogFormat) -> (Self, DefaultGuard) {
        let kept = Self::default();
        let writer = kept.clone();
        let guard = tracing::dispatcher::set_default(&lines(format, move || writer.clone()));
        (kept, guard)
    }

    /// The only line there is.
    async fn one(&self) -> String {
        // The last of a body may reach the client before the proxy has noted it.
        while !self.text().ends_with('\n') {
            tokio::task::yield_now().await;
        }
        let text = self.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        text
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_line_tells_what_became_of_a_request() {
    let (lines, _guard) = Lines::keep(LogFormat::Json);
    let wire = Wire::new(&[]).await;
    wire.exchange("GET /a?b=c HTTP/1.1\r\nHost: site\r\n\r\n", &answer("", "12345")).await;
    let line: serde_json::Value = serde_json::from_str(&lines.one().await).unwrap();
    for (name, value) in [
        ("client", "127.0.0.1".into()),
        ("method", "GET".into()),
        ("path", "/a".into()),
        ("query", "b=c".into()),
        ("version", "HTTP/1.1".into()),
        ("status", 200.into()),
        ("bytes", 5.into()),
        ("weir", "fwd=uri-miss; detail=no-freshness".into()),
        ("error", serde_json::Value::Null),
        ("cut_off", serde_json::Value::Null),
    ] {
        assert_eq!(line[name], value, "{name} of {line}");
    }
    assert!(line["ms"].as_f64() >= line["upstream_ms"].as_f64() && line["ms"].is_f64(), "{line}");
}

#[tokio::test]
async fn a_line_tells_what_went_wrong_upstream() {
    let (lines, _guard) = Lines::keep(LogFormat::Json);
    let wire = Wire::new(&[]).await;
    wire.exchange("GET / HTTP/1.1\r\nHost: site\r\n\r\n", "nonsense\r\n\r\n").await;
    let line: serde_json::Value = serde_json::from_str(&lines.one().await).unwrap();
    assert_eq!(line["status"], 502);
    assert!(line["error"].as_str().unwrap().starts_with("127.0.0.1:"), "{line}");
}

#[tokio::test]
async fn a_line_tells_of_a_rejection() {
    let (lines, _guard) = Lines::keep(LogFormat::Text);
    let wire = Wire::with(
        "watch = false\n[defaults.rate_limit]\ndeny = ['127.0.0.0/8']\npolicies = ['1/second']",
        |_| {},
    )
    .await;
    assert!(wire.ask("GET / HTTP/1.1\r\nHost: site\r\n\r\n").await.starts_with("HTTP/1.1 403 "));
    let line = lines.one().await;
    assert!(line.contains(" status=403 ") && line.contains(" weir=\"rejected\""), "{line}");
    assert!(!line.contains("upstream_ms"), "{line}");
}

#[tokio::test]
async fn a_client_that_leaves_has_a_line_that_says_so() {
    let (lines, _guard) = Lines::keep(LogFormat::Text);
    let wire = Wire::new(&[]).await;
    let mut client = wire.client().await;
    client.send("GET / HTTP/1.1\r\nHost: site\r\n\r\n").await;
    let _upstream = wire.upstream().await;
    drop(client);
    let line = lines.one().await;
    assert!(line.contains(" cut_off=true") && !line.contains(" status="), "{line}");
}

async fn forge(format: LogFormat) -> String {
    let (lines, _guard) = Lines::keep(format);
    let wire = Wire::new(&[]).await;
    // hyper takes bytes beyond ASCII, of which the first ends a line to some, and the second turns the rest around.
    let path = "/\u{85}\"status=599%0a\u{202e}?\u{2028}weir=hit";
    let request = format!("GET {path} HTTP/1.1\r\nHost: site\r\n\r\n");
    let forged = "Cache-Status: weir; hit\"\tstatus=599\r\n";
    let told = wire.exchange(&request, &answer(forged, "")).await;
    assert!(told.answered.starts_with("HTTP/1.1 200 "), "{}", told.answered);
    let line = lines.one().await;
    assert!(line.trim_end().bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{line:?}");
    assert!(!line.contains(" status=599"), "{line:?}");
    line
}

#[tokio::test]
async fn nobody_writes_lines_of_his_own() {
    let line = forge(LogFormat::Text).await;
    assert!(line.contains(r#" path="/%C2%85\"status=599%0a%E2%80%AE" "#), "{line}");
}

#[tokio::test]
async fn nobody_writes_json_of_his_own() {
    let line: serde_json::Value = serde_json::from_str(&forge(LogFormat::Json).await).unwrap();
    assert_eq!(line["status"], 200);
    assert_eq!(line["query"], "%E2%80%A8weir=hit");
}
