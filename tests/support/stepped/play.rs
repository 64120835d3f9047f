use http::Response;

use super::{Step, data};

/// What a call comes to: steps on the way to its head, and then the head and the steps of its body, or an error.
pub(crate) struct Play {
    pub(crate) before: Vec<Step>,
    pub(super) answer: Result<Response<Vec<Step>>, Failure>,
    pub(super) length: Option<u64>,
    pub(super) panics: bool,
    /// What is to change of it, when all before the head has happened.
    pub(crate) decide: Option<Decide>,
}

type Decide = Box<dyn FnOnce(Play) -> Play + Send>;

/// The error of the service.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure;

impl Play {
    pub(crate) fn answer(body: impl Into<Vec<Step>>) -> Self {
        let answer = Ok(Response::new(body.into()));
        Self { before: Vec::new(), answer, length: None, panics: false, decide: None }
    }

    /// `call 0.`, with pauses in its head and its body.
    pub(crate) fn halting(call: usize) -> Self {
        let body = [
            data("call "),
            Step::Pause,
            data(call.to_string()),
            Step::Pause,
            data("."),
            Step::Pause,
        ];
        Self::answer(body).after([Step::Pause, Step::Pause, Step::Pause])
    }

    pub(crate) fn failure() -> Self {
        Self { answer: Err(Failure), ..Self::answer([]) }
    }

    /// Panics where it is called, and not in its future.
    pub(crate) fn panic() -> Self {
        Self { panics: true, ..Self::answer([]) }
    }

    pub(crate) fn after(self, before: impl Into<Vec<Step>>) -> Self {
        Self { before: before.into(), ..self }
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.answer = self.answer.map(|mut answer| {
            *answer.status_mut() = status.try_into().unwrap();
            answer
        });
        self
    }

    pub(crate) fn field(mut self, name: &'static str, value: &str) -> Self {
        self.answer = self.answer.map(|mut answer| {
            answer.headers_mut().append(name, value.parse().unwrap());
            answer
        });
        self
    }

    pub(crate) fn extension(mut self, value: impl Clone + Send + Sync + 'static) -> Self {
        self.answer = self.answer.map(|mut answer| {
            answer.extensions_mut().insert(value);
            answer
        });
        self
    }

    /// The body says that it has so many bytes.
    pub(crate) fn length(self, length: u64) -> Self {
        Self { length: Some(length), ..self }
    }
}
