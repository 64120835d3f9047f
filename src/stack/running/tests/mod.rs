//! What a running weir does, of settings that a small language stands for: the file's own is read elsewhere.

mod carried;
mod load;
mod reload;
#[path = "../../../../tests/support/warnings.rs"]
mod warnings;
mod watch;
mod world;
