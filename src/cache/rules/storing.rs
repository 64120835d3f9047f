use std::{error::Error, fmt};

use http::{
    HeaderMap, HeaderName, Method, StatusCode,
    header::{AUTHORIZATION, COOKIE, ETAG, LAST_MODIFIED, RANGE, SET_COOKIE},
};

use super::{
    AuthorizedResponses, ContentRange, Freshness, RequestControl, ResponseControl, Rules, Target,
    Vary, fields, is_heuristically_cacheable, is_understood, status::answers_one_request,
};

/// RFC 2965, obsolete, and as personal as the other.
const SET_COOKIE2: HeaderName = HeaderName::from_static("set-cookie2");

/// What must be remembered of a request, once it has been given away, to know whether its answer may be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whether the method is GET: only answers to that are stored.
    pub get: bool,
    /// Whether it had an `Authorization`.
    pub authorization: bool,
    /// Whether it had a `Cookie` that its answer may depend on.
    pub cookie: bool,
    /// Whether it had a `Range`.
    pub range: bool,
    /// What of its `Cache-Control` is obeyed.
    pub control: RequestControl,
}

impl Asked {
    /// What there is to remember of a request.
    pub fn of(method: &Method, headers: &HeaderMap, rules: &Rules) -> Self {
        Self {
            get: method == Method::GET,
            authorization: headers.contains_key(AUTHORIZATION),
            cookie: headers.contains_key(COOKIE),
            range: headers.contains_key(RANGE),
            control: RequestControl::of(headers).under(rules.request_directives),
        }
    }
}

/// Why a response is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// It does not answer a GET.
    Method,
    /// Its status is not stored: it is not final, answers a precondition, or would have to say that it may be stored.
    Status,
    /// It is a part of a whole that was not asked for, or does not say clearly which one; or it tells that there is no such
    /// part.
    Partial,
    /// It says `no-store`.
    NoStore,
    /// The request said `no-store`.
    RequestNoStore,
    /// It says `private`.
    Private,
    /// The request had an `Authorization`, and it does not say that others may have the answer.
    Authorization,
    /// The request had a `Cookie`, and it does not say how long it is fresh, or for whom.
    Cookie,
    /// It sets a cookie.
    SetCookie,
    /// It says `Vary: *`: it answers no other request.
    VaryAny,
    /// It says `must-understand`, and its status is not known.
    MustUnderstand,
    /// It is stale, may not be used so, and has no validator to ask the origin with; or nobody says how long it is fresh.
    NoFreshness,
}

impl Refusal {
    /// A word for it, for metrics and `Cache-Status`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Status => "status",
            Self::Partial => "partial",
            Self::NoStore => "no-store",
            Self::RequestNoStore => "request-no-store",
            Self::Private => "private",
            Self::Authorization => "authorization",
            Self::Cookie => "cookie",
            Self::SetCookie => "set-cookie",
            Self::VaryAny => "vary-any",
            Self::MustUnderstand => "must-understand",
            Self::NoFreshness => "no-freshness",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error for Refusal {}

/// Whether the answer to a request may be stored, and is worth it (RFC 9111 section 3).
///
/// A response that is stale from the start is worth it if it says so itself and has a validator (`no-cache` with an `ETag`),
/// or if it may be used when stale. One that says nothing of how long it is fresh is not: it would take room and be asked
/// about each time.
///
/// A 206 may be stored if a part was asked for and it says which one it is: it answers those who ask for what is within it, and
/// is never taken for the whole (RFC 9111 section 3.3).
///
/// # Errors
///
/// Why not.
pub fn may_store(
    asked: &Asked,
    status: StatusCode,
    headers: &HeaderMap,
    control: &ResponseControl,
    freshness: &Freshness,
    rules: &Rules,
) -> Result<(), Refusal> {
    let refused = |refused: bool, why: Refusal| if refused { Err(why) } else { Ok(()) };
    let understood = is_understood(status);
    let partial = match status {
        StatusCode::PARTIAL_CONTENT => !asked.range || ContentRange::of(headers).is_none(),
        _ => status == StatusCode::RANGE_NOT_SATISFIABLE,
    };

    refused(!asked.get, Refusal::Method)?;
    refused(asked.control.no_store, Refusal::RequestNoStore)?;
    refused(partial, Refusal::Partial)?;
    refused(status.is_informational() || answers_one_request(status), Refusal::Status)?;
    refused(control.must_understand && !understood, Refusal::MustUnderstand)?;
    refused(control.no_store && !control.must_understand, Refusal::NoStore)?;
    refused(control.private, Refusal::Private)?;
    refused(asked.authorization && !may_be_shared(control, rules), Refusal::Authorization)?;
    refused(sets_cookies(headers, control) && !rules.shares_cookies(), Refusal::SetCookie)?;
    let vary = Vary::of(headers);
    refused(vary == Vary::Any, Refusal::VaryAny)?;
    let session = asked.cookie && !vary.has(&COOKIE) && !control.public && !freshness.is_explicit();
    refused(session, Refusal::Cookie)?;

    let declared = control.public || freshness.is_explicit();
    refused(!declared && !is_heuristically_cacheable(status), Refusal::Status)?;
    let worth = freshness.is_of_use(rules.grace)
        || ((freshness.is_explicit() || control.no_cache) && has_validator(headers));
    refused(!worth, Refusal::NoFreshness)
}

/// RFC 9111 section 3.5. An `s-maxage` that is 0, or no number, shares nothing.
fn may_be_shared(control: &ResponseControl, rules: &Rules) -> bool {
    let declared = control.public
        || control.must_revalidate
        || control.s_maxage.is_some_and(|seconds| seconds > 0);
    declared || rules.authorized == AuthorizedResponses::SharePrivateDataWithEveryone
}

fn sets_cookies(headers: &HeaderMap, control: &ResponseControl) -> bool {
    let stored = |name: &HeaderName| {
        headers.contains_key(name)
            && !control.withholds(name)
            && !fields::is_nominated(headers, name)
    };
    stored(&SET_COOKIE) || stored(&SET_COOKIE2)
}

fn has_validator(headers: &HeaderMap) -> bool {
    headers.contains_key(ETAG) || headers.contains_key(LAST_MODIFIED)
}

/// Whether the answer to a POST may answer later GETs of its target: it says how long it is fresh, and its
/// `Content-Location` is the target (RFC 9110 section 9.3.3).
///
/// Whether it may be stored, [`may_store`] tells of an [`Asked`] whose `get` is set. It is to be stored after what the POST
/// invalidates was dropped.
pub fn answers_get(
    method: &Method,
    target: Target<'_>,
    response: &HeaderMap,
    freshness: &Freshness,
) -> bool {
    method == Method::POST && freshness.is_explicit() && target.is_location_of(response)
}
