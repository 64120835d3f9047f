//! `proxy check`: what is wrong with a file, and what is in force by it.

use std::io::{IsTerminal, Write};

use tower_weir::stack::{ConfigErrors, Weir};

use super::args::CheckArgs;

/// Prints to `out` what is in force and to `err` what is wrong or suspicious. Whether the file is good is what it returns.
pub(crate) fn check(args: &CheckArgs, out: &mut impl Write, err: &mut impl Write) -> bool {
    let checked = match Weir::builder().file(&args.config).check() {
        Ok(checked) => checked,
        Err(errors) => {
            let _ = writeln!(err, "{}", for_terminals(&errors).trim_end());
            return false;
        }
    };
    let warnings = checked.warnings();
    if !warnings.is_empty() {
        let shown = if has_colours() { warnings.in_colour() } else { warnings.to_string() };
        let _ = writeln!(err, "{}", shown.trim_end());
    }
    let told = match &args.explain {
        None => checked.overview().to_string(),
        Some((method, target)) => match checked.explain(method, target) {
            Ok(explanation) => explanation.to_string(),
            Err(error) => {
                let _ = writeln!(err, "proxy: {error}");
                return false;
            }
        },
    };
    // Whoever closed the pipe wants no more of it.
    let _ = writeln!(out, "{}", told.trim_end());
    true
}

/// All that is wrong, in colours where they show.
pub(crate) fn for_terminals(errors: &ConfigErrors) -> String {
    if has_colours() { errors.in_colour() } else { errors.to_string() }
}

fn has_colours() -> bool {
    std::io::stderr().is_terminal()
}
