use std::{borrow::Cow, fmt, sync::Arc};

use http::HeaderName;

use crate::{error::ConfigError, head::Head};

/// Classes of requests, the most critical first, each with a share of the limit that is its own.
///
/// ```
/// use http::HeaderName;
/// use tower_weir::concurrency::{ConcurrencyLimitLayer, Fixed, Priorities};
///
/// let priorities = Priorities::new([("paying", 0.6), ("free", 0.3), ("batch", 0.0)])
///     .header(HeaderName::from_static("x-plan"))
///     .default_class("free");
/// let layer = ConcurrencyLimitLayer::new(Fixed::new(100)).priorities(priorities);
/// ```
///
/// A class with a share of 0.6 under a limit of 100 can always have 60 requests under way. What a class does not use the others
/// may: a place that becomes free goes to a class that waits and has less than its share, and then to the most critical that
/// waits. Where none may wait, the shares of more critical classes are kept free instead, since whoever finds them taken could
/// not wait for them. The waiting room is shared in the same way, so that no class fills it up for the others.
///
/// Shares are rounded up to whole places. Under a limit of fewer places than there are classes they come to more than it; each
/// class then has a place while there is one.
///
/// The class is read from the extension [`Priority`], unless a header or a closure is to tell. A name that is unknown, or
/// none, is the default class. Read a header only where clients can be trusted with it.
#[derive(Clone)]
pub struct Priorities {
    classes: Arc<[Class]>,
    default: usize,
    source: Source,
}

#[derive(Debug)]
struct Class {
    name: Cow<'static, str>,
    share: f64,
}

#[derive(Clone)]
enum Source {
    Extension,
    Header(HeaderName),
    Closure(Arc<Classify>),
}

type Classify = dyn Fn(&Head<'_>) -> Option<&'static str> + Send + Sync;

/// The class of a request, by name: an extension that a layer outside sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Priority(pub &'static str);

impl Priority {
    /// Someone waits for it, and it is what the service is for.
    pub const CRITICAL: Self = Self("critical");
    /// What is not said to be anything else.
    pub const DEFAULT: Self = Self("default");
    /// It can be done later, or not at all.
    pub const SHEDDABLE: Self = Self("sheddable");
}

/// As many as a label may well have values.
const MAX_CLASSES: usize = 16;

impl Priorities {
    /// Classes by name with their shares, the most critical first.
    ///
    /// The class named `default` takes what is in none, or else the last one: see [`Priorities::default_class`].
    ///
    /// # Panics
    ///
    /// Where [`Priorities::try_new`] fails.
    pub fn new<N: Into<Cow<'static, str>>>(classes: impl IntoIterator<Item = (N, f64)>) -> Self {
        Self::try_new(classes).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Priorities::new`], for values that are not known to be right.
    ///
    /// # Errors
    ///
    /// If there are none or more than 16 classes, a name comes twice, whatever its case, a share is not between 0 and 1, or
    /// the shares add up to more than 1.
    pub fn try_new<N: Into<Cow<'static, str>>>(
        classes: impl IntoIterator<Item = (N, f64)>,
    ) -> Result<Self, ConfigError> {
        let classes: Arc<[_]> =
            classes.into_iter().map(|(name, share)| Class { name: name.into(), share }).collect();
        if !(1..=MAX_CLASSES).contains(&classes.len()) {
            let count = classes.len().to_string();
            return Err(ConfigError::new("number of classes", count, "from 1 to 16"));
        }
        for (at, Class { name, share }) in classes.iter().enumerate() {
            if classes[..at].iter().any(|class| class.name.eq_ignore_ascii_case(name)) {
                let allowed = "a name may come only once, whatever its case";
                return Err(ConfigError::new("class", &**name, allowed));
            }
            if !(0.0..=1.0).contains(share) {
                let value = format!("{share} of class {name}");
                return Err(ConfigError::new("share", value, "from 0 to 1"));
            }
        }
        let sum: f64 = classes.iter().map(|class| class.share).sum();
        // Shares such as 0.7, 0.2 and 0.1 do not add up to 1 in binary.
        if sum > 1.0 + 1e-9 {
            let allowed = "together no more than 1";
            return Err(ConfigError::new("shares", format!("{sum:.3} in all"), allowed));
        }
        let is_default = |class: &Class| class.name.eq_ignore_ascii_case(Priority::DEFAULT.0);
        let named_default = classes.iter().position(is_default);
        let default = named_default.unwrap_or(classes.len() - 1);
        Ok(Self { classes, default, source: Source::Extension })
    }

    /// Puts requests in this class that are in none.
    ///
    /// # Panics
    ///
    /// If there is no such class.
    pub fn default_class(self, name: &str) -> Self {
        self.try_default_class(name).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Priorities::default_class`], for a name that is not known to be right.
    ///
    /// # Errors
    ///
    /// If there is no such class.
    pub fn try_default_class(self, name: &str) -> Result<Self, ConfigError> {
        match self.find(name) {
            Some(default) => Ok(Self { default, ..self }),
            None => {
                let names: Vec<_> = self.names().map(|name| format!("`{name}`")).collect();
                let allowed = format!("one of {}", names.join(", "));
                Err(ConfigError::new("default class", name, allowed))
            }
        }
    }

    /// Reads the class's name from a header field, whatever its case.
    pub fn header(mut self, name: HeaderName) -> Self {
        self.source = Source::Header(name);
        self
    }

    /// Asks `classify` for the class's name.
    pub fn classify(
        mut self,
        classify: impl Fn(&Head<'_>) -> Option<&'static str> + Send + Sync + 'static,
    ) -> Self {
        self.source = Source::Closure(Arc::new(classify));
        self
    }

    /// The place of a request's class.
    pub(super) fn class_of(&self, head: &Head<'_>) -> usize {
        let name = match &self.source {
            Source::Extension => head.extensions.get::<Priority>().map(|priority| priority.0),
            Source::Header(name) => head.headers.get(name).and_then(|value| value.to_str().ok()),
            Source::Closure(classify) => classify(head),
        };
        name.and_then(|name| self.find(name)).unwrap_or(self.default)
    }

    /// The place of the class of whatever is in none.
    pub(super) fn default_place(&self) -> usize {
        self.default
    }

    /// The names of the classes, the most critical first.
    pub(super) fn names(&self) -> impl ExactSizeIterator<Item = &Cow<'static, str>> {
        self.classes.iter().map(|class| &class.name)
    }

    /// How many of `all` places are a class's own.
    pub(super) fn guaranteed(&self, class: usize, all: usize) -> usize {
        // Of 0.1 × 30, which is a little more than 3 in binary, 3.
        (self.classes[class].share * all as f64 - 1e-6).ceil() as usize
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.classes.iter().position(|class| class.name.eq_ignore_ascii_case(name))
    }
}

impl Default for Priorities {
    /// By criticality: half of the limit for [`Priority::CRITICAL`], 0.3 for [`Priority::DEFAULT`], 0.1 for
    /// [`Priority::SHEDDABLE`], and a tenth for whoever is most critical.
    fn default() -> Self {
        let classes =
            [(Priority::CRITICAL.0, 0.5), (Priority::DEFAULT.0, 0.3), (Priority::SHEDDABLE.0, 0.1)];
        Self::new(classes)
    }
}

impl fmt::Debug for Priorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Priorities")
            .field("classes", &self.classes)
            .field("default", &self.classes[self.default].name)
            .finish_non_exhaustive()
    }
}
