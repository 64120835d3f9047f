use http::Method;

use super::{Scope, Section};

/// What is done for the requests of one route.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stack) struct Route {
    /// What its limits and breakers are called in metrics, and how environment variables name it: as the file says, or its
    /// methods and its path, such as `GET /search`.
    pub(in crate::stack) name: String,
    /// A pattern, as for [`RouteTable`](crate::route::RouteTable).
    pub(in crate::stack) path: String,
    /// Empty for all.
    pub(in crate::stack) methods: Vec<Method>,
    /// With what it has from the defaults.
    pub(in crate::stack) scope: Scope,
    /// The sections that it mentions. Limits, limiters and breakers of those are its own; of the others they are those of the
    /// defaults, which all routes share that do not mention them.
    pub(in crate::stack) own: Vec<Section>,
}

impl Route {
    /// Its methods and its path: `GET|HEAD /search`.
    pub(in crate::stack) fn pattern(&self) -> String {
        match &*self.methods {
            [] => self.path.clone(),
            methods => {
                let methods: Vec<_> = methods.iter().map(Method::as_str).collect();
                format!("{} {}", methods.join("|"), self.path)
            }
        }
    }
}
