//! Servers as processes of their own, which end with what holds them.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use tower_weir_peers::Folder;

/// How many threads or processes a server has to serve with.
pub(crate) const WORKERS: usize = 2;

/// Enough to begin, or to end.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    _folder: Folder,
}

impl Server {
    /// Starts what `command` makes of a free port and a folder, and waits until it listens.
    ///
    /// # Panics
    ///
    /// If it ends or does not listen in time, with what it said.
    pub(crate) fn start(name: &str, command: impl FnOnce(u16, &Folder) -> Command) -> Self {
        let (port, folder) = (free_port(), Folder::new(name));
        let mut command = command(port, &folder);
        let said = said(&folder);
        let file = File::create(&said).expect("there is room for temporary files");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn();
        let child = child.unwrap_or_else(|error| {
            panic!(
                "{name} cannot be run ({error}): `scripts/bench load` sees to it that it is there"
            )
        });
        let mut server = Self { child, port, _folder: folder };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let ended = server.child.try_wait().is_ok_and(|status| status.is_some());
            if ended || Instant::now() > deadline {
                let said = fs::read_to_string(&said).unwrap_or_default();
                panic!("{name} does not listen at port {port}; it said: {said}");
            }
            sleep(Duration::from_millis(10));
        }
        server
    }
}

impl Drop for Server {
    /// Asks it to end, as nginx's workers would outlive a master that was killed.
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        // A shell has a `kill` of its own; the program is not on every machine.
        let _ = Command::new("sh").args(["-c", "kill \"$0\"", &id]).status();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn said(folder: &Folder) -> PathBuf {
    folder.path().join("stderr")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    listener.local_addr().expect("it is bound").port()
}
