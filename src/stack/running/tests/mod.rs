//! What a running weir does, of settings that a small language stands for: the file's own is read elsewhere.

mod carried;
mod load;
mod reload;
// The tests of Redis have it too.
#[allow(clippy::duplicate_mod)]
#[path = "../../../../tests/support/warnings.rs"]
mod warnings;
mod watch;
mod world;
