use std::{fmt, ops::Range};

/// A text that settings come from.
#[derive(PartialEq, Eq)]
pub(in crate::stack) enum Origin {
    File {
        path: String,
        text: String,
    },
    Preset {
        name: &'static str,
        text: &'static str,
    },
    /// An environment variable.
    Variable {
        name: String,
        /// `NAME=value`, so that both can be pointed at.
        text: String,
    },
}

impl Origin {
    pub(in crate::stack) fn text(&self) -> &str {
        match self {
            Self::Preset { text, .. } => text,
            Self::File { text, .. } | Self::Variable { text, .. } => text,
        }
    }

    /// What it is called in errors.
    pub(in crate::stack) fn title(&self) -> String {
        match self {
            Self::File { path, .. } => path.clone(),
            Self::Preset { name, .. } => format!("preset {name}"),
            Self::Variable { name, .. } => name.clone(),
        }
    }

    /// The part of a span that is in the text, in whole characters.
    pub(in crate::stack) fn bounded(&self, span: &Range<usize>) -> Range<usize> {
        let text = self.text();
        let start = floor(text, span.start);
        start..floor(text, span.end).max(start)
    }

    /// The line and the column of a byte, counted from 1; columns are characters.
    pub(in crate::stack) fn position(&self, at: usize) -> (usize, usize) {
        let text = self.text();
        let before = &text[..floor(text, at)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        // An editor does not count the mark that some put at the beginning.
        let column = before[line_start..].trim_start_matches('\u{feff}').chars().count() + 1;
        (line, column)
    }
}

/// The beginning of the character that a byte belongs to.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default()
}

/// Without the text, which may hold a password.
impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title())
    }
}
