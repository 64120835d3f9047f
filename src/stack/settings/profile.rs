use http::HeaderName;

/// `profile`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::stack) struct Profile {
    pub(in crate::stack) server_timing: bool,
    /// Header fields by which slow requests are called.
    pub(in crate::stack) exemplar_ids: Vec<HeaderName>,
}

impl Default for Profile {
    fn default() -> Self {
        let exemplar_ids = ["traceparent", "x-request-id"].map(HeaderName::from_static).into();
        Self { server_timing: false, exemplar_ids }
    }
}
