//! Lines on stderr: one for each request at its end, and those about the proxy itself.

use std::error::Error;

use tracing::Dispatch;
use tracing_subscriber::fmt::{MakeWriter, fmt};

use super::args::LogFormat;

/// What writes events as lines.
pub(crate) fn lines<W>(format: LogFormat, writer: W) -> Dispatch
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // Values of clients are recorded as text, which `text` quotes and both escape: nobody can write a line of his own.
    let plain = fmt().with_writer(writer).with_ansi(false);
    match format {
        LogFormat::Text => Dispatch::new(plain.finish()),
        LogFormat::Json => Dispatch::new(plain.json().flatten_event(true).finish()),
        LogFormat::Off => Dispatch::none(),
    }
}

/// An error and what caused it, in one line.
pub(crate) fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}
