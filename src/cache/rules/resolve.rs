/// A reference to a URI, cut at its delimiters (RFC 3986 appendix B). The fragment is left out.
pub(super) struct Reference<'a> {
    pub(super) scheme: Option<&'a str>,
    pub(super) authority: Option<&'a str>,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
}

impl<'a> Reference<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let text = text.split('#').next().unwrap_or_default();
        let (text, query) = match text.split_once('?') {
            Some((text, query)) => (text, Some(query)),
            None => (text, None),
        };
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
            _ => (None, text),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (Some(authority), path)
            }
            None => (None, rest),
        };
        Self { scheme, authority, path, query }
    }

    /// The path and query that it means on a page with this path and query (RFC 3986 section 5.2.2).
    pub(super) fn path_and_query(&self, path: &str, query: Option<&str>) -> String {
        let absolute = self.scheme.is_some() || self.authority.is_some();
        let (resolved, query) = if absolute || self.path.starts_with('/') {
            (without_dots(self.path), self.query)
        } else if self.path.is_empty() {
            (path.to_owned(), self.query.or(query))
        } else {
            let folder = &path[..path.rfind('/').map_or(0, |slash| slash + 1)];
            (without_dots(&format!("{folder}{}", self.path)), self.query)
        };
        let mut text = if resolved.starts_with('/') { resolved } else { format!("/{resolved}") };
        if let Some(query) = query {
            text.push('?');
            text.push_str(query);
        }
        text
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// Without `.` and `..` (RFC 3986 section 5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let segments = path.strip_prefix('/').unwrap_or(path).split('/');
    let mut open = false;
    for segment in segments {
        open = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    let mut text = String::with_capacity(path.len() + 1);
    for segment in &kept {
        text.push('/');
        text.push_str(segment);
    }
    if open || kept.is_empty() {
        text.push('/');
    }
    text
}
