use crate::stack::service::RateLimiting;

/// What layers that take the place of others take over from them, done when they do: what is built may yet be thrown away.
#[derive(Default)]
pub(super) struct Commit(Vec<Box<dyn FnOnce() + Send>>);

impl Commit {
    pub(super) fn rate_limit(&mut self, former: &RateLimiting, next: &RateLimiting) {
        let (former, next) = (former.handle(), next.handle());
        self.0.push(Box::new(move || {
            for limit in next.limits() {
                let Ok(former) = former.limit(limit.name()) else { continue };
                for policy in limit.policies() {
                    if let Ok(former) = former.policy(policy.name()) {
                        former.set_quota(policy.quota());
                    }
                }
            }
        }));
    }

    pub(super) fn run(self) {
        self.0.into_iter().for_each(|take_over| take_over());
    }
}
