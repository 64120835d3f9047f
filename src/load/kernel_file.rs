use std::{
    fs::File,
    io::{self, Read, Seek},
    path::Path,
};

/// A small file in procfs or sysfs, which the kernel writes anew for each read from its beginning.
///
/// It is held open, and read into the same buffer: two system calls and no allocation for each read.
#[derive(Debug)]
pub(super) struct KernelFile {
    file: File,
    buffer: [u8; 256],
}

impl KernelFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::open(path)?, buffer: [0; 256] })
    }

    /// What the file says now, as far as it fits into the buffer. The kernel hands so short a file over in one read.
    pub(super) fn read(&mut self) -> io::Result<&str> {
        self.file.rewind()?;
        let length = self.file.read(&mut self.buffer)?;
        str::from_utf8(&self.buffer[..length]).map_err(io::Error::other)
    }
}
