use std::{fmt, sync::Arc};

use super::stores::Stores;
use crate::{
    head::Head,
    route::RouteTable,
    stack::{service::Plan, settings::Settings},
};

/// What is enforced at a time: settings, and the layers that were built of them.
pub(in crate::stack) struct Stack {
    pub(super) settings: Settings,
    /// In the order of the settings.
    pub(super) plans: Vec<Arc<Plan>>,
    pub(super) routes: RouteTable<Arc<Plan>>,
    /// For requests of no route.
    pub(super) otherwise: Arc<Plan>,
    pub(super) stores: Stores,
    /// How many there have been, with this one.
    pub(super) generation: u64,
}

impl Stack {
    /// What is done for the request with this head.
    #[inline]
    pub(in crate::stack) fn plan(&self, head: &Head<'_>) -> &Arc<Plan> {
        self.routes.get(head).unwrap_or(&self.otherwise)
    }

    /// What is done for the requests of the route of this name.
    pub(super) fn named(&self, name: &str) -> Option<&Arc<Plan>> {
        let at = self.settings.routes.iter().position(|route| route.name == name);
        match at {
            Some(at) => self.plans.get(at),
            None => (name == Settings::DEFAULTS).then_some(&self.otherwise),
        }
    }

    /// All that is done.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Plan>> {
        [&self.otherwise].into_iter().chain(&self.plans)
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").field("generation", &self.generation).finish_non_exhaustive()
    }
}
