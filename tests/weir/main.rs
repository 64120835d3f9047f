//! A weir as a program has it: built of a text or a file, steered by handles, reloaded while it runs.

mod extremes;
mod files;
mod keys;
mod passing;
mod paths;
mod reports;
mod states;
mod stored;
mod world;
