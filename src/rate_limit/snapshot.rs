//! What keys owe, in a file.
//!
//! The file begins with one line of JSON: format, version, when it was saved, the seed, the policies, and how many entries
//! follow. Then 16 bytes for each entry, in little-endian order: the key's id and for how many nanoseconds it owed. The last
//! eight bytes are SipHash-1-3 of all before, under the key zero.

use std::{
    error::Error,
    fmt,
    fs::{self, File, OpenOptions},
    hash::Hasher,
    io::{self, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use super::{
    Gcra,
    gcra::debt,
    registry::{Known, code_of},
    table::Table,
};
use crate::{
    clock::{Clock, nanos},
    key::KeySeed,
};

const FORMAT: &str = "tower-weir rate limit";
const VERSION: u32 = 1;
/// How every such file begins, whatever its version.
const BEGINNING: &[u8] = br#"{"format":"tower-weir rate limit","version":"#;
const ENTRY: usize = 16;
const CHECKSUM: usize = 8;

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    /// Seconds since 1970, and nanoseconds.
    saved_at: (u64, u32),
    seed: [u64; 2],
    policies: Vec<SavedPolicy>,
    entries: u64,
}

/// The version by itself: later ones may have other fields.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct SavedPolicy {
    limit: String,
    policy: String,
    code: u8,
    interval: u64,
    tolerance: u64,
}

/// What came back from a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restored {
    /// How many keys still owe. One that is limited by several policies counts for each.
    pub keys: u64,
    /// How many have paid their debt off since.
    pub expired: u64,
    /// How many belong to policies that there are no more.
    pub unknown: u64,
    /// How long ago the snapshot was saved, by the wall clock.
    pub age: Duration,
}

/// Why a snapshot was not taken over. Nothing has changed: all keys have their whole burst.
#[derive(Debug)]
#[non_exhaustive]
pub enum SnapshotError {
    /// There is no such file.
    NotFound,
    /// It cannot be read.
    Io(io::Error),
    /// It is not a snapshot of a rate limit.
    Foreign,
    /// It was written by a later version of this crate.
    Version {
        /// The version of the file.
        found: u32,
        /// The version that this crate reads.
        known: u32,
    },
    /// It was changed or cut off after it was written: what is wrong with it.
    Damaged(String),
    /// The limits have served requests already, or have overrides.
    InUse,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is no such snapshot"),
            Self::Io(error) => write!(f, "the snapshot cannot be read: {error}"),
            Self::Foreign => f.write_str(
                "the file is not a snapshot of a rate limit; give one that `Handle::save` has written",
            ),
            Self::Version { found, known } => write!(
                f,
                "the snapshot has version {found}, and this tower-weir reads version {known}; it was saved by another \
                 version of tower-weir: load it with that one, or delete it"
            ),
            Self::Damaged(how) => {
                write!(f, "the snapshot is damaged: {how}; delete it, or bring it back from a copy")
            }
            Self::InUse => f.write_str(
                "the limits are in use, and their keys are hashed under another seed; load the snapshot before the \
                 first request, and before any key is allowed, denied or given an override",
            ),
        }
    }
}

impl Error for SnapshotError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// What all keys of a table owe, as bytes.
pub(super) fn encode(table: &Table, clock: &Clock) -> io::Result<Vec<u8>> {
    let (now, wall) = (clock.now(), clock.unix_time());
    let entries: Vec<_> = table.owing(now).collect();
    let saved = |known: Known| SavedPolicy {
        limit: known.limit,
        policy: known.policy,
        code: known.member.code,
        interval: known.gcra.interval,
        tolerance: known.gcra.tolerance,
    };
    let header = Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        saved_at: (wall.as_secs(), wall.subsec_nanos()),
        seed: table.seed().words(),
        policies: table.known().into_iter().map(saved).collect(),
        entries: entries.len() as u64,
    };
    let mut bytes = serde_json::to_vec(&header).map_err(io::Error::other)?;
    bytes.push(b'\n');
    for (id, tat) in entries {
        bytes.extend_from_slice(&id.to_le_bytes());
        bytes.extend_from_slice(&debt(now, tat).to_le_bytes());
    }
    bytes.extend_from_slice(&checksum(&bytes).to_le_bytes());
    Ok(bytes)
}

/// Lets the keys of a table owe what the bytes say. Checks all of them first.
pub(super) fn decode(
    table: &Table,
    clock: &Clock,
    bytes: &[u8],
) -> Result<Restored, SnapshotError> {
    let (header, entries) = parse(bytes)?;
    let (now, wall) = (clock.now(), clock.unix_time());
    let saved_at = Duration::new(header.saved_at.0, header.saved_at.1);
    let age = wall.saturating_sub(saved_at);
    let mut restored = Restored { keys: 0, expired: 0, unknown: 0, age };
    let known = table.known();
    let of_file = |code: u8| {
        // A code that several policies share tells of none.
        let mut with_code = header.policies.iter().filter(|saved| saved.code == code);
        let saved = with_code.next().filter(|_| with_code.next().is_none())?;
        let same = |known: &&Known| known.limit == saved.limit && known.policy == saved.policy;
        Some((saved, known.iter().find(same)?))
    };
    table.reseed(KeySeed::fixed(header.seed));
    for entry in entries.chunks_exact(ENTRY) {
        let (id, owed) = (word(&entry[..8]), word(&entry[8..]));
        let Some((saved, policy)) = of_file(code_of(id)) else {
            restored.unknown += 1;
            continue;
        };
        let owed = owed.saturating_sub(nanos(age));
        let then = Gcra { interval: saved.interval, tolerance: saved.tolerance, burst: 0 };
        let owed = policy.gcra.converted(then, owed);
        if owed == 0 {
            restored.expired += 1;
            continue;
        }
        let tat = now.as_nanos().saturating_add(owed);
        table.restore(policy.member.with_hash(id), now, tat);
        restored.keys += 1;
    }
    Ok(restored)
}

fn parse(bytes: &[u8]) -> Result<(Header, &[u8]), SnapshotError> {
    if !bytes.starts_with(BEGINNING) {
        return Err(SnapshotError::Foreign);
    }
    let damaged = |how: &str| SnapshotError::Damaged(how.to_owned());
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let end = end.ok_or_else(|| damaged("it ends within its first line"))?;
    let unreadable = |error| SnapshotError::Damaged(format!("its first line: {error}"));
    let Version { version } = serde_json::from_slice(&bytes[..end]).map_err(unreadable)?;
    if version != VERSION {
        return Err(SnapshotError::Version { found: version, known: VERSION });
    }
    let body = bytes.len().checked_sub(CHECKSUM).filter(|body| *body > end);
    let body = body.ok_or_else(|| damaged("it ends after its first line"))?;
    if word(&bytes[body..]) != checksum(&bytes[..body]) {
        return Err(damaged("its checksum does not match"));
    }
    let header: Header = serde_json::from_slice(&bytes[..end]).map_err(unreadable)?;
    let entries = &bytes[end + 1..body];
    if header.entries.checked_mul(ENTRY as u64) != Some(entries.len() as u64) {
        return Err(damaged("it does not have as many entries as it says"));
    }
    if header.policies.iter().any(|policy| policy.interval == 0)
        || header.saved_at.1 >= 1_000_000_000
    {
        return Err(damaged("its first line has numbers out of range"));
    }
    Ok((header, entries))
}

fn checksum(bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Of eight bytes.
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// Writes a file as a whole or not at all.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = beside(path)?;
    let written = write_new(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
        return written;
    }
    // The renaming itself is safe from a crash once the folder is written; not every system lets a folder be opened.
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name that nobody else has, in the same folder: only within a file system is renaming one step.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(ErrorKind::InvalidInput, "the path names no file"));
    };
    let mut name = name.to_owned();
    let [unique, _] = KeySeed::random().words();
    name.push(format!(".{unique:016x}.tmp"));
    Ok(path.with_file_name(name))
}

/// Reads a file if it may be a snapshot.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, SnapshotError> {
    let mut file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => SnapshotError::NotFound,
        _ => SnapshotError::Io(error),
    })?;
    // A foreign file may be of any size.
    let mut bytes = Vec::new();
    let beginning = BEGINNING.len() as u64;
    (&mut file).take(beginning).read_to_end(&mut bytes).map_err(SnapshotError::Io)?;
    if bytes != BEGINNING {
        return Err(SnapshotError::Foreign);
    }
    file.read_to_end(&mut bytes).map_err(SnapshotError::Io)?;
    Ok(bytes)
}
