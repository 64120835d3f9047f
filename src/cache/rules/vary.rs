use std::hash::{DefaultHasher, Hash, Hasher};

use http::{HeaderMap, HeaderName, header};

use super::{fields::only_value, list::Members, normal};

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

    /// Whether a field of the request is among those that count.
    pub fn has(&self, name: &HeaderName) -> bool {
        match self {
            Self::Nothing => false,
            Self::Fields(names) => names.contains(name),
            Self::Any => true,
        }
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
    fields: Box<[Selected]>,
}

/// A field of the request.
#[derive(Clone, Debug)]
struct Selected {
    name: HeaderName,
    /// Its value in normal form; `None` if the request did not have it.
    normal: Option<Box<[u8]>>,
    /// Its value as it was sent, where that is one line and another than the normal form: most who ask send the very same,
    /// which is soon found out.
    sent: Option<Box<[u8]>>,
}

impl Selected {
    fn of(name: &HeaderName, request: &HeaderMap) -> Self {
        let normal = normal::value(request, name);
        let sent = only_value(request, name).map(|value| value.as_bytes());
        let sent = sent.filter(|sent| normal.as_ref().is_some_and(|normal| **normal != **sent));
        Self {
            name: name.clone(),
            normal: normal.map(|normal| Box::from(&*normal)),
            sent: sent.map(Box::from),
        }
    }

    fn matches(&self, request: &HeaderMap) -> bool {
        let Some(held) = &self.normal else { return !request.contains_key(&self.name) };
        let mut lines = request.get_all(&self.name).iter();
        let Some(first) = lines.next() else { return false };
        // What is its own normal form, as most values are, need not be put in it.
        let known = self.sent.as_ref().unwrap_or(held);
        (lines.next().is_none() && first.as_bytes() == &**known)
            || normal::value(request, &self.name).is_some_and(|value| *value == **held)
    }
}

impl PartialEq for Selected {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.normal == other.normal
    }
}

impl Eq for Selected {}

impl Hash for Selected {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.normal.hash(state);
    }
}

impl Selection {
    /// Of a request, by what its response varies. `None` if no other request can be like it.
    pub fn of(vary: &Vary, request: &HeaderMap) -> Option<Self> {
        let names = match vary {
            Vary::Nothing => return Some(Self::default()),
            Vary::Fields(names) => names,
            Vary::Any => return None,
        };
        Some(Self { fields: names.iter().map(|name| Selected::of(name, request)).collect() })
    }

    /// Whether a request is like it.
    pub fn matches(&self, request: &HeaderMap) -> bool {
        self.fields.iter().all(|field| field.matches(request))
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

    /// The fields, sorted by name, and their values in normal form; `None` for those that the request did not have.
    #[cfg(feature = "redis")]
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&HeaderName, Option<&[u8]>)> {
        self.fields.iter().map(|field| (&field.name, field.normal.as_deref()))
    }

    /// The names of the fields, sorted.
    pub fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.fields.iter().map(|field| &field.name)
    }
}
