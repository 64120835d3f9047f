use http::{HeaderMap, Method, Response, StatusCode};

use super::{Given, Keeper};
use crate::{
    cache::{
        CacheBody,
        compression::{Coded, Form},
        rules::ContentCoding,
    },
    fingerprint::Seen,
};

impl Keeper {
    /// A response that is stored compressed: so if the client prefers that, and else as it was before.
    ///
    /// Parts are always parts of what it was before.
    #[cold]
    pub(super) fn give_coded<B>(
        &self,
        method: &Method,
        request: &HeaderMap,
        seen: Seen,
        given: &Given<'_>,
        coded: &Coded,
    ) -> Response<CacheBody<B>> {
        let entry = given.entry;
        let form = coded.form(request);
        let dressed = |form, has_content, mut response: Response<CacheBody<B>>| {
            coded.dress(form, has_content, response.headers_mut());
            response
        };
        if seen.has(Seen::CONDITIONAL) && self.is_known(method, request, entry) {
            return dressed(form, false, self.give_not_modified(given));
        }
        let is_head = method == Method::HEAD;
        if seen.has(Seen::RANGE)
            && !is_head
            && entry.status == StatusCode::OK
            && ContentCoding::allows_identity(request)
            && let Some(response) = self.give_part(request, given)
        {
            return dressed(Form::Plain, true, response);
        }
        let (length, body) = match form {
            Form::Plain => (coded.length, entry.plain(0, coded.length)),
            Form::Gzip => (entry.body.len() as u64, CacheBody::full(entry.body.clone())),
        };
        let body = if is_head { CacheBody::default() } else { body };
        let mut fields = entry.headers.clone();
        if is_head {
            fields.insert(http::header::CONTENT_LENGTH, length.into());
        }
        dressed(form, true, self.dress(given, fields, entry.status, body))
    }
}
