//! `proxy check`: what is wrong with a file, and what is in force by it.

use std::io::{IsTerminal, Write};

use super::{
    args::CheckArgs,
    weir::{self, Colour},
};

/// Prints to `out` what is in force and to `err` what is wrong or suspicious. Whether the file is good is what it returns.
pub(crate) fn check(args: &CheckArgs, out: &mut impl Write, err: &mut impl Write) -> bool {
    let colour = if std::io::stderr().is_terminal() { Colour::Yes } else { Colour::No };
    let checked = match weir::check(&args.config, colour) {
        Ok(checked) => checked,
        Err(errors) => {
            let _ = writeln!(err, "{}", errors.trim_end());
            return false;
        }
    };
    for warning in checked.warnings(colour) {
        let _ = writeln!(err, "{}", warning.trim_end());
    }
    // Whoever closed the pipe wants no more of it.
    let _ = match &args.explain {
        Some((method, path)) => writeln!(out, "{}", checked.explain(method, path).trim_end()),
        None => writeln!(out, "{}", checked.table().trim_end()),
    };
    true
}
