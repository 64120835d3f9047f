use crate::head::Head;

/// The pattern that axum matched, such as `/users/{id}`, prefixes of nested routers included.
///
/// axum sets it inside `Router::layer`, but not around a Router and not in a fallback.
pub(super) fn matched_pattern<'a>(head: &Head<'a>) -> Option<&'a str> {
    #[cfg(feature = "axum")]
    return head.extensions.get::<axum::extract::MatchedPath>().map(|path| path.as_str());
    #[cfg(not(feature = "axum"))]
    {
        let _ = head;
        None
    }
}
