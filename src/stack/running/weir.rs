use std::{fmt, path::Path, sync::Arc};

use super::{Builder, Handle, live::Live};
use crate::stack::{ConfigErrors, WeirLayer};

/// The whole stack from one file, reloaded while it runs.
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use tower_weir::Weir;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let weir = Weir::from_toml("weir.toml")?;
/// let app: Router = Router::new().route("/search", get(find)).layer(weir.layer());
/// # Ok(())
/// # }
/// # async fn find() {}
/// ```
///
/// Clones are the same weir. All of its layers share what there is to share, and follow the file.
///
/// # When the file changes
///
/// The file is looked at four times a second, or as often as it says itself (`watch`), by its content, so that it does not
/// matter how it was replaced: by an editor, by a rename, or by a symbolic link to another folder, as Kubernetes does. A text
/// counts when two looks in a row have found it. What then happens is what [`Handle::reload`] tells; a file with a mistake is
/// logged and changes nothing, and so do a file that is gone, cannot be read, or is empty.
///
/// The task that looks is spawned on the runtime of tokio from which [`Weir::layer`] is called, or the first request; if that
/// runtime ends, a request on another spawns it anew. It ends with the last of the weir, its layers, services and handles.
#[derive(Clone)]
pub struct Weir {
    live: Arc<Live>,
}

impl Weir {
    /// Reads a file, and the environment variables that override what it says.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or has a mistake: all mistakes at once, each with its place.
    pub fn from_toml(path: impl AsRef<Path>) -> Result<Self, ConfigErrors> {
        Self::builder().file(path).build()
    }

    /// For more than a file: keys of the program's own, another environment, a text.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(super) fn new(live: Live) -> Self {
        Self { live: Arc::new(live) }
    }

    #[cfg(test)]
    pub(super) fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live)
    }

    /// All layers as one, for [axum](https://docs.rs/axum), hyper and tonic.
    pub fn layer(&self) -> WeirLayer {
        self.live.keep_watched();
        WeirLayer::new(Arc::clone(&self.live))
    }

    /// Reads and steers what is at work.
    pub fn handle(&self) -> Handle {
        Handle::new(&self.live)
    }
}

impl fmt::Debug for Weir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Weir").field("live", &self.live).finish()
    }
}
