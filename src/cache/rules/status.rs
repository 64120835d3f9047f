use http::StatusCode;

/// Whether a response of this status may be stored although it does not say so (RFC 9110 section 15.1).
pub fn is_heuristically_cacheable(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 203 | 204 | 206 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501)
}

/// Whether what RFC 9110 says of caching responses of this status is kept to here, as `must-understand` demands (RFC 9111
/// section 5.2.2.3).
pub fn is_understood(status: StatusCode) -> bool {
    matches!(status.as_u16(),
        200..=206 | 300..=305 | 307 | 308 | 400..=417 | 421 | 422 | 426 | 500..=505)
}

/// Whether it answers a precondition or a range, and so the very request that had them.
pub(super) fn answers_one_request(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NOT_MODIFIED
            | StatusCode::PRECONDITION_FAILED
            | StatusCode::RANGE_NOT_SATISFIABLE
    )
}
