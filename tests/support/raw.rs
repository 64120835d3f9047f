//! A client that says what it is told to, byte by byte.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A connection; it is closed when it is dropped.
pub(crate) struct Raw(TcpStream);

impl Raw {
    /// Connects and sends `text`.
    pub(crate) async fn send(addr: SocketAddr, text: &str) -> Self {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        Self(stream)
    }

    #[allow(dead_code, reason = "not every test binary asks")]
    pub(crate) async fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads until `text` has come, and returns all that has.
    pub(crate) async fn read_to(&mut self, text: &str) -> String {
        let mut read = Vec::new();
        while !String::from_utf8_lossy(&read).contains(text) {
            assert!(self.0.read_buf(&mut read).await.unwrap() > 0, "it ended before {text}");
        }
        String::from_utf8(read).unwrap()
    }

    /// Reads until the server closes the connection.
    pub(crate) async fn read_all(mut self) -> String {
        let mut read = String::new();
        self.0.read_to_string(&mut read).await.unwrap();
        read
    }
}
