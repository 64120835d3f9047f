use std::sync::Arc;

use http::Response;

use super::{Called, Errand, Keeper, Pass, Then};
use crate::cache::{
    CacheBody, Entry,
    rules::{CacheStatus, HeadEffect, head_effect},
};

impl Keeper {
    /// What the answer to a request that passed the cache means for what is stored, and the answer.
    pub(in super::super) fn passed<B>(
        &self,
        pass: &Pass,
        response: Response<B>,
    ) -> Response<CacheBody<B>> {
        let (mut parts, body) = response.into_parts();
        match &pass.then {
            Then::Nothing => {}
            Then::Invalidate(target) => self.invalidate(target, &parts),
            Then::Head(errand) => {
                if let Some(stale) = &errand.stale {
                    self.learn_from_head(errand, stale, &parts);
                }
            }
        }
        self.pass_tags(&mut parts.headers);
        let mut response = Response::from_parts(parts, CacheBody::inner(body));
        let status = CacheStatus::forward(pass.forward);
        self.tell(&mut response, pass.detail.map_or(status, |detail| status.detail(detail)));
        response
    }

    /// The answer to a HEAD says whether what is stored is still good (RFC 9111 section 4.3.5).
    fn learn_from_head(&self, errand: &Errand, stale: &Arc<Entry>, head: &http::response::Parts) {
        let length = stale.length();
        match head_effect(&stale.headers, length, head.status, &head.headers) {
            HeadEffect::None => {}
            HeadEffect::Update => {
                // Its content is as old as before: purges since then concern it.
                let called = Called { born: stale.born, ..self.begin(errand) };
                match self.updated(errand, stale, &head.headers, called) {
                    Some(updated) => {
                        self.commit(errand, &Arc::new(updated));
                    }
                    None => self.forget(errand, stale),
                }
            }
            HeadEffect::Invalidate => self.forget(errand, stale),
        }
    }
}
