//! The modules that all layers share: bodies, keys, rejections, routes.

mod body;
mod key;
mod metrics;
mod reject;
mod route;
