//! Responses that are stored compressed.

mod apply;
mod coded;
mod eligible;
mod gzip;
mod inflating;
mod settings;

pub use self::settings::Compression;

pub(super) use self::{
    apply::Compressor,
    coded::{Coded, Form},
    inflating::Inflating,
};
