//! A server for those who have none running.

use std::{
    fs, io,
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::{net::TcpStream, time::sleep};

/// A `redis-server` on a free port, that keeps nothing on disk. It ends when this is dropped.
pub(crate) struct Server {
    port: u16,
    folder: PathBuf,
    child: Child,
}

impl Server {
    pub(crate) async fn start() -> Result<Self, String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let port = listener.and_then(|listener| listener.local_addr());
        let port = port.map_err(|error| format!("there is no free port: {error}"))?.port();
        let folder = std::env::temp_dir().join(format!("weir-redis-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""])
            .arg("--dir")
            .arg(&folder)
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| advice(&error))?;
        let mut server = Self { port, folder, child };
        server.wait().await?;
        Ok(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Until it listens.
    async fn wait(&mut self) -> Result<(), String> {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_err() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("redis-server ended at once: {status}"));
            }
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }
}

fn advice(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no `redis-server` on the path. Install it (Debian and Ubuntu: `apt-get install \
                                    redis-server`; macOS: `brew install redis`), or name a server that runs elsewhere: \
                                    `--redis redis://HOST:6379/`"
            .to_owned(),
        _ => format!("redis-server does not start: {error}"),
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
