//! One spelling for each path. The file's routes are compared with a path as it stands; were another spelling sent on that the
//! upstream reads as the same, it would be a way around them.

use percent_encoding::percent_decode_str;

/// The path as it is looked up and sent on: characters that need no encoding decoded and dot segments resolved (RFC 3986,
/// section 6.2.2), and a run of slashes as one, as most servers take it. An encoded slash stays what it is.
pub(crate) fn normal(path: &str) -> String {
    let decoded = decoded(path);
    let mut segments: Vec<&str> = Vec::new();
    let mut ends_in_slash = false;
    for segment in decoded.split('/') {
        ends_in_slash = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut normal = String::with_capacity(decoded.len());
    for segment in &segments {
        normal.push('/');
        normal.push_str(segment);
    }
    if ends_in_slash || segments.is_empty() {
        normal.push('/');
    }
    normal
}

/// Without the encoding of unreserved characters, and what stays encoded in capitals.
fn decoded(path: &str) -> String {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        let Some(code) = rest.get(at..at + 3) else { break };
        decoded.push_str(&rest[..at]);
        let mut byte = percent_decode_str(code);
        match (byte.next(), byte.next()) {
            (Some(byte), None) if is_unreserved(byte) => decoded.push(char::from(byte)),
            (Some(_), None) => decoded.push_str(&code.to_ascii_uppercase()),
            // Not an encoding at all.
            _ => {
                decoded.push('%');
                rest = &rest[at + 1..];
                continue;
            }
        }
        rest = &rest[at + 3..];
    }
    decoded.push_str(rest);
    decoded
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}
