//! Whole files, as users write them.

mod any_text;
mod environment;
mod five_mistakes;
mod inheritance;
mod other_tables;
mod presets;
mod routes;
mod secrets;
mod support;
mod syntax;
mod unknown_keys;
