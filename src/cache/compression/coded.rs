use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, VARY},
};

use super::{Compression, Inflating, eligible::is_eligible, gzip};
use crate::cache::{
    Entry,
    rules::{ContentCoding, EntityTag},
};

/// What must be known of a body that is stored compressed, to give it in both forms.
///
/// The stored fields stay those of the form that the service sent; `Content-Encoding` and the rest is added to what clients
/// get.
#[derive(Clone, Debug)]
pub(in super::super) struct Coded {
    /// Of the plain form.
    pub(in super::super) length: u64,
    /// Of the compressed form.
    tag: Option<HeaderValue>,
    content_length: HeaderValue,
}

/// In which form a client gets a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Form {
    Plain,
    Gzip,
}

impl Coded {
    fn new(headers: &HeaderMap, coded: &Bytes, length: u64) -> Self {
        Self { length, tag: weakened(headers), content_length: coded.len().into() }
    }

    /// The form that a client wants.
    pub(in super::super) fn form(&self, request: &HeaderMap) -> Form {
        if ContentCoding::prefers(request, b"gzip") { Form::Gzip } else { Form::Plain }
    }

    /// Makes the fields of the plain form those of `form`. Both say that there are two.
    pub(in super::super) fn dress(&self, form: Form, has_content: bool, headers: &mut HeaderMap) {
        headers.append(VARY, HeaderValue::from_static("accept-encoding"));
        if form == Form::Plain {
            return;
        }
        headers.remove(ACCEPT_RANGES);
        match &self.tag {
            Some(tag) => headers.insert(ETAG, tag.clone()),
            None => headers.remove(ETAG),
        };
        if has_content {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            if let Some(length) = headers.get_mut(CONTENT_LENGTH) {
                length.clone_from(&self.content_length);
            }
        }
    }

    /// So many bytes of the plain form, from `start` on.
    pub(in super::super) fn plain(&self, coded: Bytes, start: u64, count: u64) -> Inflating {
        Inflating::part(coded, self.length, start, count)
    }

    /// All of the plain form; `None` if it is damaged.
    #[cfg(feature = "redis")]
    pub(in super::super) fn inflated(&self, coded: Bytes) -> Option<Bytes> {
        gzip::inflate(coded, self.length)
    }

    /// About how many bytes of memory it takes.
    pub(in super::super) fn weight(&self) -> usize {
        size_of::<Self>() + 2 * 64
    }
}

impl Entry {
    /// The same, compressed; `None` if that is of no use.
    pub(super) fn compressed(&self, settings: &Compression) -> Option<Self> {
        let length = self.body.len() as u64;
        let body = gzip::deflate(&self.body, settings.level)?;
        let coded = Coded::new(&self.headers, &body, length);
        Some(Self { coded: Some(Box::new(coded)), ..self.with_body(body, None) })
    }

    /// The same with the content of `other`, in the form in which that is stored if it may still be given so. `None` if that is
    /// damaged.
    pub(in super::super) fn with_coded_content_of(
        &self,
        other: &Self,
        targeted: &[HeaderName],
    ) -> Option<Self> {
        let entry = self.with_body(other.body.clone(), other.trailers.clone());
        let Some(coded) = &other.coded else { return Some(entry) };
        if !is_eligible(&entry, targeted) {
            let plain = gzip::inflate(other.body.clone(), coded.length)?;
            return Some(Self { body: plain, ..entry });
        }
        let coded = Coded::new(&entry.headers, &entry.body, coded.length);
        Some(Self { coded: Some(Box::new(coded)), ..entry })
    }
}

/// The tag of the compressed form: the plain one's as a weak one, since a strong tag stands for the same bytes (RFC 9110
/// section 8.8.3). In `If-None-Match` either fits both forms, as that compares weakly.
fn weakened(headers: &HeaderMap) -> Option<HeaderValue> {
    let tag = EntityTag::of(headers)?;
    let text = headers.get(ETAG)?;
    if tag.is_weak() {
        return Some(text.clone());
    }
    HeaderValue::from_bytes(&[b"W/", text.as_bytes().trim_ascii()].concat()).ok()
}
