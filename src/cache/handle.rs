use std::{fmt, sync::Arc};

use http::{HeaderMap, Uri};

use super::{
    Pattern, Stats,
    keeper::Keeper,
    purges::{Matcher, Purge},
};

/// Reads and purges a cache while it is at work. Clones are handles of the same cache.
///
/// ```
/// use http::Uri;
/// use tower_weir::cache::{CacheLayer, MemoryStore};
///
/// let layer = CacheLayer::new(MemoryStore::with_max_bytes(64 << 20));
/// let cache = layer.handle();
/// // in the handler that changes an article:
/// cache.purge(&Uri::from_static("/articles/7"));
/// cache.purge_tag("articles");
/// println!("{}", cache.stats());
/// ```
///
/// A purge holds for what was asked for before it: also for a response that is on its way, and would be stored after it. It
/// takes the same time however much is stored; what was purged leaves the store when it is next asked for, or makes room.
#[derive(Clone)]
pub struct Handle {
    keeper: Arc<Keeper>,
}

impl Handle {
    pub(super) fn new(keeper: &Arc<Keeper>) -> Self {
        Self { keeper: Arc::clone(keeper) }
    }

    pub(super) fn keeper(&self) -> &Arc<Keeper> {
        &self.keeper
    }

    /// Purges all that answers `uri`: every variant, for every scheme, and for every host unless the URI names one.
    pub fn purge(&self, uri: &Uri) {
        if let Some(uri) = self.keeper.uri_text(uri, &HeaderMap::new()) {
            self.keeper.shared().purge(&Purge::Tag(self.keeper.scope().uri(&uri)));
            self.keeper.meters().purged("uri");
        }
    }

    /// Purges all that has `tag`: see [`Tags`](super::Tags).
    pub fn purge_tag(&self, tag: &str) {
        self.keeper.shared().purge(&Purge::Tag(self.keeper.scope().tag(tag.as_bytes())));
        self.keeper.meters().purged("tag");
    }

    /// Purges all whose URI begins with `prefix`, as in `https://example.com/articles/`, or `/articles/` for every host.
    pub fn purge_prefix(&self, prefix: &str) {
        let matcher = Matcher::prefix(self.keeper.scope().own(), prefix);
        self.keeper.shared().purge(&Purge::Matching(matcher));
        self.keeper.meters().purged("prefix");
    }

    /// Purges all whose URI matches `pattern`.
    pub fn purge_matching(&self, pattern: Pattern) {
        let matcher = Matcher::pattern(self.keeper.scope().own(), pattern);
        self.keeper.shared().purge(&Purge::Matching(matcher));
        self.keeper.meters().purged("pattern");
    }

    /// Purges all of this cache. Caches of other names over the same store keep theirs.
    pub fn purge_all(&self) {
        self.keeper.shared().purge(&Purge::Tag(self.keeper.scope().own()));
        self.keeper.meters().purged("all");
    }

    /// What the cache has done so far, and what it holds.
    pub fn stats(&self) -> Stats {
        self.keeper.stats()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("cache", &self.keeper.settings().name)
            .finish_non_exhaustive()
    }
}
