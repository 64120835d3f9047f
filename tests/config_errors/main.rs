//! What a user is told of a configuration that is wrong, or suspicious.

mod files;
mod shown;
