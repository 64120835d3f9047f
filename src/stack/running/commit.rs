use crate::stack::service::RateLimiting;

/// What layers that take the place of others take over from them, done when they do: what is built may yet be thrown away.
#[derive(Default)]
pub(super) struct Commit(Vec<Box<dyn FnOnce() + Send>>);

impl Commit {
    pub(super) fn rate_limit(
        &mut self,
        former: &RateLimiting,
        next: &RateLimiting,
        same_key: bool,
    ) {
        let (former, next) = (former.limiting().clone(), next.limiting().clone());
        self.add(move || next.take_over(&former, same_key));
    }

    pub(super) fn add(&mut self, take_over: impl FnOnce() + Send + 'static) {
        self.0.push(Box::new(take_over));
    }

    pub(super) fn run(self) {
        self.0.into_iter().for_each(|take_over| take_over());
    }
}
