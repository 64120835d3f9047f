//! (being written)
use std::{
    marker::PhantomData,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use super::{
    BatchStats, Refusal,
    port::{Outcome, Port, Steering, Ticket},
    settings::Settings,
};

pub(super) struct Engine<S, Req, P, Res, E> {
    inner: Mutex<S>,
    settings: Settings<Req>,
    partition: P,
    copier: Option<fn(&Result<Res, E>) -> Result<Res, E>>,
    answers: PhantomData<fn() -> (Res, E)>,
}

impl<S, Req, P, Res, E> Engine<S, Req, P, Res, E> {
    pub(super) fn new(
        inner: S,
        settings: Settings<Req>,
        partition: P,
        copier: Option<fn(&Result<Res, E>) -> Result<Res, E>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::new(inner),
            settings,
            partition,
            copier,
            answers: PhantomData,
        })
    }
}

impl<S: Send, Req, P: Send + Sync, Res, E> Port<Req, Res, E> for Engine<S, Req, P, Res, E> {
    fn enter(self: Arc<Self>, _: Req, _: &mut Context<'_>) -> Result<Ticket, Refusal> {
        todo!()
    }

    fn poll(self: Arc<Self>, _: Ticket, _: &mut Context<'_>) -> Poll<Outcome<Res, E>> {
        todo!()
    }

    fn leave(&self, _: Ticket) {
        todo!()
    }

    fn window(&self) -> usize {
        todo!()
    }
}

impl<S: Send, Req, P: Send + Sync, Res, E> Steering for Engine<S, Req, P, Res, E> {
    fn flush(&self) {}
    fn close(&self) {}
    fn poll_idle(&self, _: &mut Context<'_>) -> Poll<()> {
        todo!()
    }
    fn stats(&self) -> BatchStats {
        todo!()
    }
}
