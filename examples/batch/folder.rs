//! A folder for a while.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
};

use tower_weir::error::BoxError;

/// A folder of this process that is removed when this is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn create() -> Result<Self, BoxError> {
        let path = env::temp_dir().join(format!("tower-weir-batch-{}", process::id()));
        let created = fs::create_dir(&path);
        created.map_err(|error| format!("cannot make the folder {}: {error}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("batch: {} is still there: {error}", self.0.display());
        }
    }
}
