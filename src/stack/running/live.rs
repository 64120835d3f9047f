use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use crate::{
    head::Head,
    route::RouteTable,
    stack::{service::Plan, settings::Settings},
};

/// What is enforced now, for all services of a weir.
pub(in crate::stack) struct Live {
    stack: ArcSwap<Stack>,
}

/// What is enforced at a time: settings, and the layers that were built of them.
pub(in crate::stack) struct Stack {
    pub(in crate::stack) settings: Settings,
    routes: RouteTable<Arc<Plan>>,
    /// For requests of no route.
    otherwise: Arc<Plan>,
}

impl Live {
    pub(in crate::stack) fn new(stack: Stack) -> Self {
        Self { stack: ArcSwap::from_pointee(stack) }
    }

    /// The present stack. It takes no lock and counts no references.
    #[inline]
    pub(in crate::stack) fn stack(&self) -> Guard<Arc<Stack>> {
        self.stack.load()
    }
}

impl Stack {
    /// What is done for the request with this head.
    #[inline]
    pub(in crate::stack) fn plan(&self, head: &Head<'_>) -> &Arc<Plan> {
        self.routes.get(head).unwrap_or(&self.otherwise)
    }
}
