use super::{Node, Origin, Place};

/// What is said of the defaults and of each route, with all that is inherited.
#[derive(Debug)]
pub(super) struct Merged {
    pub(super) defaults: Node,
    pub(super) routes: Vec<Node>,
}

impl Merged {
    pub(super) fn all(&self) -> impl Iterator<Item = &Node> {
        std::iter::once(&self.defaults).chain(&self.routes)
    }

    pub(super) fn origin_of(&self, route: Option<usize>, key: &str) -> String {
        let mut node = match route {
            Some(index) => self.routes.get(index),
            None => Some(&self.defaults),
        };
        for part in key.split('.') {
            node = node.and_then(|node| node.get(part));
        }
        node.map_or_else(|| "built in".to_owned(), |node| spelled(&node.place))
    }
}

fn spelled(place: &Place) -> String {
    let title = place.origin.title();
    match &*place.origin {
        Origin::File { .. } => format!("{title}:{}", place.origin.position(place.span.start).0),
        Origin::Preset { .. } | Origin::Variable { .. } => title,
    }
}
