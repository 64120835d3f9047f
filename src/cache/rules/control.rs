use http::{HeaderMap, HeaderName, header::CACHE_CONTROL};

use super::{
    directives::{self, Argument},
    list::Members,
    request::has_pragma_no_cache,
    targeted,
};

/// What a response's `Cache-Control`, or a field for caches like this one, says (RFC 9111 section 5.2.2, RFC 9213).
///
/// ```
/// use http::{HeaderMap, header::CACHE_CONTROL};
/// use tower_weir::cache::rules::ResponseControl;
///
/// let mut headers = HeaderMap::new();
/// headers.insert(CACHE_CONTROL, "public, Max-Age=60, max-age=\"30\"".parse()?);
/// let control = ResponseControl::of(&headers, &[]);
/// assert!(control.public);
/// assert_eq!(control.max_age, Some(30));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
///
/// Of a directive that is repeated the stricter counts: the smaller number, and `private` over `private="set-cookie"`. A
/// number that is none is 0. Directives that are not known are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseControl {
    /// Not to be stored.
    pub no_store: bool,
    /// Not to be used without asking the origin: `no-cache` without a list of fields.
    pub no_cache: bool,
    /// The fields of `no-cache="…"`: not to be used without asking the origin.
    pub no_cache_fields: Vec<HeaderName>,
    /// Not to be stored by a shared cache: `private` without a list of fields.
    pub private: bool,
    /// The fields of `private="…"`: not to be stored by a shared cache.
    pub private_fields: Vec<HeaderName>,
    /// May be stored although it would not be otherwise.
    pub public: bool,
    /// To be stored only by who knows what its status means.
    pub must_understand: bool,
    /// Never to be used when stale.
    pub must_revalidate: bool,
    /// Never to be used when stale by a shared cache.
    pub proxy_revalidate: bool,
    /// Its content is not to be changed.
    pub no_transform: bool,
    /// Does not change while it is fresh (RFC 8246).
    pub immutable: bool,
    /// Seconds for which it is fresh.
    pub max_age: Option<u32>,
    /// Seconds for which it is fresh in a shared cache.
    pub s_maxage: Option<u32>,
    /// Seconds for which it may be used when stale, while a fresh one is fetched (RFC 5861).
    pub stale_while_revalidate: Option<u32>,
    /// Seconds for which it may be used when stale, if a fresh one cannot be had (RFC 5861).
    pub stale_if_error: Option<u32>,
    /// Whether this was said by a targeted field: neither `Cache-Control` nor `Expires` counts then.
    pub targeted: bool,
}

impl ResponseControl {
    /// What these fields say. The first of the `targeted` ones that is there, valid and not empty counts instead of
    /// `Cache-Control` and `Expires` (RFC 9213 section 2.2).
    pub fn of(headers: &HeaderMap, targeted: &[HeaderName]) -> Self {
        if let Some(control) = targeted.iter().find_map(|name| targeted::control(headers, name)) {
            return control;
        }
        let mut control = Self::default();
        directives::each(headers.get_all(CACHE_CONTROL), |name, argument| {
            control.take(name, argument);
        });
        control.no_cache |= !headers.contains_key(CACHE_CONTROL) && has_pragma_no_cache(headers);
        control
    }

    /// Whether a field is one of those that are not to be stored, or not to be used from the store.
    pub fn withholds(&self, name: &HeaderName) -> bool {
        self.no_cache_fields.contains(name) || self.private_fields.contains(name)
    }

    pub(super) fn take(&mut self, name: &[u8], argument: Argument<'_>) {
        let least = |held: &mut Option<u32>| {
            *held = Some(held.map_or(argument.seconds(), |held| held.min(argument.seconds())));
        };
        match name {
            b"no-store" => self.no_store = true,
            b"no-cache" => withhold(&mut self.no_cache, &mut self.no_cache_fields, argument),
            b"private" => withhold(&mut self.private, &mut self.private_fields, argument),
            b"must-revalidate" => self.must_revalidate = true,
            b"proxy-revalidate" => self.proxy_revalidate = true,
            b"no-transform" => self.no_transform = true,
            b"max-age" => least(&mut self.max_age),
            b"s-maxage" => least(&mut self.s_maxage),
            b"stale-while-revalidate" => least(&mut self.stale_while_revalidate),
            b"stale-if-error" => least(&mut self.stale_if_error),
            // What grants something must be written well to do so.
            b"public" => self.public |= argument == Argument::Absent,
            b"must-understand" => self.must_understand |= argument == Argument::Absent,
            b"immutable" => self.immutable |= argument == Argument::Absent,
            _ => {}
        }
    }
}

/// Reads the fields of `no-cache` and `private`. If there are none, or one is no name, it is about the whole response.
fn withhold(bare: &mut bool, fields: &mut Vec<HeaderName>, argument: Argument<'_>) {
    let Argument::Text(text) = argument else {
        *bare = true;
        return;
    };
    let names = Members::of(text).map(HeaderName::from_bytes).collect::<Result<Vec<_>, _>>();
    match names {
        Ok(names) if !names.is_empty() => fields.extend(names),
        _ => *bare = true,
    }
}
