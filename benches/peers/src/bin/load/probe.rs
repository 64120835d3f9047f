//! One connection, on which one request is sent after the other.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpStream},
};

pub(crate) struct Probe {
    stream: BufReader<TcpStream>,
    /// As wrk has it: a cache tells hosts apart.
    host: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Of `RateLimit-Policy`.
    pub(crate) policy: Option<String>,
    /// Bytes.
    pub(crate) body: usize,
}

impl Probe {
    /// # Panics
    ///
    /// If nobody listens.
    pub(crate) fn new(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server listens");
        stream.set_nodelay(true).expect("it is a connection over TCP");
        Self { stream: BufReader::new(stream), host: format!("127.0.0.1:{port}") }
    }

    /// # Panics
    ///
    /// If the connection ends before the answer does.
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host);
        self.stream.get_mut().write_all(request.as_bytes()).expect("the connection is kept");
        let status = self.line().split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut answer =
            Answer { status: status.expect("the first line has a status"), policy: None, body: 0 };
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "ratelimit-policy" => answer.policy = Some(value.trim().to_owned()),
                "content-length" => answer.body = value.trim().parse().expect("it is a number"),
                _ => {}
            }
        }
        let mut body = vec![0; answer.body];
        self.stream.read_exact(&mut body).expect("the body is whole");
        answer
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("the connection is kept");
        line.trim_end().to_owned()
    }
}
