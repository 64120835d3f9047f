use std::sync::PoisonError;

use super::{
    Reloaded,
    building::build,
    differences::differences,
    live::{Judged, Live},
    meters,
    parts::Parts,
    source::From,
};
use crate::stack::file::{ConfigErrors, Reading, Source};

/// Makes settings of a text: [`read`](crate::stack::file::read), but for tests of what comes after.
pub(super) type Read = fn(&Source) -> Result<Reading, ConfigErrors>;

impl Live {
    /// The first: what is written, built.
    pub(super) fn start(parts: Parts, from: From, read: Read) -> Result<Self, ConfigErrors> {
        let text = from.look()?;
        let Reading { settings, warnings, .. } = read(&from.source(&text)?)?;
        let (stack, _nothing_before) =
            build(settings, &parts, None).map_err(|error| from.unbuilt(&error))?;
        if !warnings.is_empty() {
            tracing::warn!("suspicious configuration:\n{warnings}");
        }
        meters::state(stack.generation, true);
        let live = Self::new(stack, parts, from, text, read);
        live.want_watching();
        Ok(live)
    }

    /// Reads what is written now and applies it.
    pub(super) fn reload(&self) -> Result<Reloaded, ConfigErrors> {
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        match self.from.look() {
            Ok(text) => self.judge(&mut judged, text),
            Err(errors) => {
                self.reject(&errors);
                Err(errors)
            }
        }
    }

    /// Applies a text, or says why not. Nothing is changed before all is built.
    pub(super) fn judge(
        &self,
        judged: &mut Judged,
        text: Vec<u8>,
    ) -> Result<Reloaded, ConfigErrors> {
        let read = self.from.source(&text).and_then(|source| (self.read)(&source));
        let applied = read.and_then(|reading| self.apply(reading));
        *judged = Judged { text, good: applied.is_ok() };
        match &applied {
            Ok(reloaded) => self.tell(reloaded),
            Err(errors) => self.reject(errors),
        }
        applied
    }

    fn apply(&self, Reading { settings, warnings, .. }: Reading) -> Result<Reloaded, ConfigErrors> {
        let before = self.stack();
        let mut reloaded = Reloaded {
            changes: differences(&before.settings, &settings),
            warnings,
            at_next_start: before.stores.at_next_start(&settings),
            generation: before.generation,
        };
        if reloaded.changes.is_empty() {
            return Ok(reloaded);
        }
        let (stack, commit) = build(settings, &self.parts, Some(&before))
            .map_err(|error| self.from.unbuilt(&error))?;
        reloaded.generation = stack.generation;
        commit.run();
        self.swap(stack);
        self.want_watching();
        Ok(reloaded)
    }

    fn tell(&self, reloaded: &Reloaded) {
        if !reloaded.warnings.is_empty() {
            tracing::warn!("suspicious configuration:\n{}", reloaded.warnings);
        }
        meters::state(reloaded.generation, true);
        if reloaded.changes.is_empty() {
            meters::reloaded("unchanged");
            return;
        }
        meters::reloaded("applied");
        let (generation, changes) = (reloaded.generation, reloaded.changes.join(", "));
        tracing::info!(generation, "configuration reloaded: {changes}");
        if !reloaded.at_next_start.is_empty() {
            let later = reloaded.at_next_start.join(", ");
            tracing::warn!("takes effect at the next start: {later}");
        }
    }

    fn reject(&self, errors: &ConfigErrors) {
        meters::reloaded("rejected");
        meters::state(self.stack().generation, false);
        tracing::error!("configuration rejected, nothing was changed:\n{errors}");
    }
}
