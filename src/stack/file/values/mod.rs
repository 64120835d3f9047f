//! Readers of single values: each says what is wrong, where, and what to write instead.

mod boolean;
mod duration;
mod key;
mod list;
mod network;
mod number;
mod part;
mod path;
mod protocol;
mod quota;
mod similar;
mod size;
#[cfg(test)]
mod tests;
mod text;
mod word;

pub(in crate::stack::file) use self::{
    boolean::boolean,
    duration::{at_least, duration, positive_duration},
    key::{key, known_keys},
    list::list_of,
    network::network,
    number::{fraction, number, share},
    part::{raw, shown},
    path::path_pattern,
    protocol::{header_name, method},
    quota::quota,
    similar::similar,
    size::bytes,
    text::text,
    word::word,
};
