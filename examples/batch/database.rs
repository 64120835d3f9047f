//! Connections to a file of SQLite's, which are used on threads that may block.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, vtab::array};
use tokio::{sync::Semaphore, task::spawn_blocking};
use tower_weir::error::BoxError;

/// SQLite lets one write at a time: more would only wait for each other.
pub(crate) const WRITERS: usize = 1;
pub(crate) const READERS: usize = 2;
/// Readers go on while one writes,
pub(crate) const JOURNAL: &str = "wal";
/// and a transaction has ended when the disk has it.
pub(crate) const SYNCHRONOUS: &str = "full";

#[derive(Clone)]
pub(crate) struct Database {
    writers: Pool,
    readers: Pool,
}

impl Database {
    pub(crate) fn at(path: &Path) -> Self {
        Self { writers: Pool::new(path, WRITERS), readers: Pool::new(path, READERS) }
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, BoxError> {
        self.writers.lend(work).await
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, BoxError> {
        self.readers.lend(work).await
    }
}

/// So many connections at most; who waits longest for one is the next to have it.
#[derive(Clone)]
struct Pool {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Pool {
    fn new(path: &Path, connections: usize) -> Self {
        Self {
            path: Arc::new(path.to_owned()),
            idle: Arc::default(),
            permits: Arc::new(Semaphore::new(connections)),
        }
    }

    /// Has `work` done with a connection, on a thread that may block.
    async fn lend<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, BoxError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await?;
        let Self { path, idle, .. } = self.clone();
        let done = spawn_blocking(move || {
            let _permit = permit;
            let lock = || idle.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = lock().pop();
            // There are none at first, and one that panicked at its work is gone.
            let mut connection = connection.map_or_else(|| connect(&path), Ok)?;
            let done = work(&mut connection);
            lock().push(connection);
            done
        });
        Ok(done.await??)
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", JOURNAL)?;
    connection.pragma_update(None, "synchronous", SYNCHRONOUS)?;
    // For `IN rarray(?1)`.
    array::load_module(&connection)?;
    Ok(connection)
}
