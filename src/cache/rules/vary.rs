use std::hash::{DefaultHasher, Hash, Hasher};

use http::{HeaderMap, HeaderName, header};

use super::{
    list::Members,
    normal::{self, Normal},
};

/// By which fields of a request a response was chosen (RFC 9110 section 12.5.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vary {
    /// By none: it answers every request.
    Nothing,
    /// By these.
    Fields(Box<[HeaderName]>),
    /// By something else too: it answers no other request. So it is where `Vary` is not written well.
    Any,
}

impl Vary {
    /// What a response says.
    ///
    /// If its content is coded, `Accept-Encoding` is one of the fields although it does not say so: most services choose the
    /// coding by it, and a client that cannot decode one has nothing from it.
    pub fn of(response: &HeaderMap) -> Self {
        let mut fields = Vec::new();
        if response.contains_key(header::CONTENT_ENCODING) {
            fields.push(header::ACCEPT_ENCODING);
        }
        for line in response.get_all(header::VARY) {
            for member in Members::of(line.as_bytes()) {
                if member == b"*" {
                    return Self::Any;
                }
                match HeaderName::from_bytes(member) {
                    Ok(name) if !fields.contains(&name) => fields.push(name),
                    Ok(_) => {}
                    Err(_) => return Self::Any,
                }
            }
        }
        if fields.is_empty() {
            return Self::Nothing;
        }
        fields.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
        Self::Fields(fields.into())
    }
}

/// What a request had in the fields by which the answer was chosen: other requests that have the same get it too.
///
/// ```
/// use http::{HeaderMap, header::{ACCEPT_LANGUAGE, VARY}};
/// use tower_weir::cache::rules::{Selection, Vary};
///
/// let response = HeaderMap::from_iter([(VARY, "Accept-Language".parse()?)]);
/// let asked = |languages: &str| -> Result<_, http::header::InvalidHeaderValue> {
///     Ok(HeaderMap::from_iter([(ACCEPT_LANGUAGE, languages.parse()?)]))
/// };
/// let selection = Selection::of(&Vary::of(&response), &asked("en, de;q=0.5")?).unwrap();
/// assert!(selection.matches(&asked("DE;q=0.50,en")?));
/// assert!(!selection.matches(&asked("de")?));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
///
/// Values are compared in a normal form (RFC 9111 section 4.1): lines are joined, white space around commas does not count, and
/// in `Accept`, `Accept-Charset`, `Accept-Encoding` and `Accept-Language` neither does the order, nor how a weight is
/// written, nor the case of what has none. A field that is absent is not the same as an empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selection {
    fields: Box<[(HeaderName, Option<Box<[u8]>>)]>,
}

impl Selection {
    /// Of a request, by what its response varies. `None` if no other request can be like it.
    pub fn of(vary: &Vary, request: &HeaderMap) -> Option<Self> {
        let names = match vary {
            Vary::Nothing => return Some(Self::default()),
            Vary::Fields(names) => names,
            Vary::Any => return None,
        };
        let field = |name: &HeaderName| {
            let value = normal::value(request, name).map(|value| Box::from(&*value));
            (name.clone(), value)
        };
        Some(Self { fields: names.iter().map(field).collect() })
    }

    /// Whether a request is like it.
    pub fn matches(&self, request: &HeaderMap) -> bool {
        self.fields.iter().all(|(name, held)| match held {
            None => !request.contains_key(name),
            Some(held) => {
                // What is its own normal form, as most values are, need not be put in it.
                let mut lines = request.get_all(name).iter();
                let Some(first) = lines.next() else { return false };
                let alone = lines.next().is_none();
                (alone && first.as_bytes() == &**held)
                    || normal::value(request, name).is_some_and(|value: Normal| *value == **held)
            }
        })
    }

    /// A hash of it, the same in every process of this build: two that differ are almost surely two variants.
    pub fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    /// Whether it selects by nothing.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The names of the fields, sorted.
    pub fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.fields.iter().map(|(name, _)| name)
    }
}
