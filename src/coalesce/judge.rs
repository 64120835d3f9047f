use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::VARY, response::Parts};

use super::fields::Fields;
use crate::reject::{Rejected, grpc_code, is_grpc};

/// Why a response is for whoever asked, and nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is no answer yet, or not of HTTP: 1xx.
    Informational,
    SetCookie,
    /// `private` or `no-store`.
    Control,
    /// It is about the one request, or who sent it: not well-formed, not allowed, too many, too slow, cancelled.
    ThisRequest,
    /// It belongs to a connection, as in NTLM and Negotiate, or counts, as in Digest.
    Challenge,
    /// It has no end, and begins when it was asked for.
    Stream,
    /// It depends on more than the request tells.
    Vary,
    /// A layer inside turned the request away.
    Rejected,
    /// It says that it is larger than may be.
    TooLarge,
    /// Nobody could receive the body for others.
    NoRuntime,
    /// The operator does not want it.
    Operator,
}

/// By which fields of a request a response was chosen, and what that request had there: others that have the same get it too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selection(Vec<(HeaderName, Vec<Box<[u8]>>)>);

impl Selection {
    /// Compared byte by byte: an answer is shared for a moment only, and few clients write the same thing differently.
    pub(super) fn matches(&self, request: &HeaderMap) -> bool {
        let has = |(name, values): &(HeaderName, Vec<Box<[u8]>>)| {
            request
                .get_all(name)
                .iter()
                .map(HeaderValue::as_bytes)
                .eq(values.iter().map(|value| &**value))
        };
        self.0.iter().all(has)
    }
}

/// Who may share a response to a request with these fields, by its head.
///
/// What is not written well is for nobody else.
pub(super) fn judge(request: &Fields, response: &Parts) -> Result<Selection, Refusal> {
    let (status, headers) = (response.status, &response.headers);
    if status.is_informational() {
        return Err(Refusal::Informational);
    }
    if response.extensions.get::<Rejected>().is_some() {
        return Err(Refusal::Rejected);
    }
    if is_about_who_asked(status, headers) {
        return Err(Refusal::ThisRequest);
    }
    if let Some(refusal) = headers.iter().find_map(|(name, value)| forbids(name, value)) {
        return Err(refusal);
    }
    select(request, headers).ok_or(Refusal::Vary)
}

impl Refusal {
    /// Whether the next response is likely to be refused for the same reason.
    pub(super) fn lasts(self, status: StatusCode) -> bool {
        // Any client can make a service refuse what only it has sent, and a failure tells nothing of the next answer.
        let is_error = status.is_client_error() || status.is_server_error();
        let by_response = !matches!(
            self,
            Self::Informational | Self::ThisRequest | Self::Rejected | Self::NoRuntime
        );
        by_response && !is_error
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::SetCookie => "set-cookie",
            Self::Control => "cache-control",
            Self::ThisRequest => "this-request",
            Self::Challenge => "challenge",
            Self::Stream => "stream",
            Self::Vary => "vary",
            Self::Rejected => "rejected",
            Self::TooLarge => "too-large",
            Self::NoRuntime => "no-runtime",
            Self::Operator => "operator",
        }
    }
}

/// Why a field makes a response one for whoever asked.
fn forbids(name: &HeaderName, value: &HeaderValue) -> Option<Refusal> {
    // All names in one pass: to look each of them up would take longer.
    match name.as_str() {
        "set-cookie" => Some(Refusal::SetCookie),
        "cache-control" | "cdn-cache-control" => is_for_one(value).then_some(Refusal::Control),
        "www-authenticate" | "proxy-authenticate" => {
            is_personal(value).then_some(Refusal::Challenge)
        }
        "content-type" => is_endless(value).then_some(Refusal::Stream),
        _ => None,
    }
}

/// Whether it says that it is for one user (RFC 9111 sections 5.2.2.5 and 5.2.2.7), with or without an argument, quoted or not:
/// to see that where it is not meant does no harm. `no-cache` forbids nothing: the answer is as new as the question.
fn is_for_one(control: &HeaderValue) -> bool {
    has(control, "private") || has(control, "no-store")
}

/// A client error is about one request, unless it is about what all who share have in common: else whoever sends fields that
/// the service refuses (RFC 9110 section 15.5.1, RFC 6585 section 5), or comes from where it lets nobody in, would deny it to
/// others (Nguyen, Iacono and Federrath, "Your Cache Has Fallen", 2019).
fn is_about_who_asked(status: StatusCode, headers: &HeaderMap) -> bool {
    const CANCELLED: i32 = 1;
    const DEADLINE_EXCEEDED: i32 = 4;
    const PERMISSION_DENIED: i32 = 7;
    const RESOURCE_EXHAUSTED: i32 = 8;
    const OF_ONE: [i32; 4] = [CANCELLED, DEADLINE_EXCEEDED, PERMISSION_DENIED, RESOURCE_EXHAUSTED];
    // Credentials, path, method, `Accept`, conditions and range are the same, or do not matter.
    let is_of_all = matches!(status.as_u16(), 401 | 404 | 405 | 406 | 410 | 412 | 416);
    status.is_client_error() && !is_of_all
        || is_grpc(headers) && grpc_code(headers).is_some_and(|code| OF_ONE.contains(&code))
}

/// Negotiate (RFC 4559) and NTLM sign a connection in, step by step; the nonces of Digest (RFC 7616) are counted for each
/// client.
fn is_personal(challenge: &HeaderValue) -> bool {
    ["negotiate", "ntlm", "digest"].iter().any(|scheme| has(challenge, scheme))
}

fn is_endless(kind: &HeaderValue) -> bool {
    has(kind, "text/event-stream") || has(kind, "multipart/x-mixed-replace")
}

/// What the request had in the fields that `Vary` names; `None` if they are not all that counts.
fn select(request: &Fields, response: &HeaderMap) -> Option<Selection> {
    let mut selection = Vec::new();
    for line in response.get_all(VARY) {
        let names = line.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        for name in names.filter(|name| !name.is_empty()) {
            // `*` is a name too, as far as its letters go.
            let name = HeaderName::from_bytes(name).ok().filter(|name| *name != "*")?;
            let values = request.values(&name).map(Box::from).collect();
            selection.push((name, values));
        }
    }
    Some(Selection(selection))
}

/// Whether `word` is anywhere in a value, in whatever case.
fn has(value: &HeaderValue, word: &str) -> bool {
    value.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests;
