//! What a layer takes over from another whose place it takes while requests come.

use super::CircuitBreakerLayer;

impl CircuitBreakerLayer {
    /// Takes over the states of `former`'s circuits, for a stack whose settings change while it is at work: what is open, or
    /// forced, stays so. For layers that read the same key, or none. Calls that are under way tell `former` what became of them.
    ///
    /// A dry run that was set by a handle stays, unless what was written for it is another now.
    pub(crate) fn take_over(&self, former: &Self) {
        let (breakers, formers) = (self.watched(), former.watched());
        for (next, before) in breakers.iter().zip(formers) {
            let (settings, old) = (next.breaker.settings(), before.breaker.settings());
            let alike = settings.window.counts_alike(&old.window);
            next.breaker.circuits.resume(&before.breaker.circuits, settings, alike);
            let keyed = next.breaker.circuits.all_keyed();
            if !keyed.is_empty() {
                let states = &next.meters().states;
                keyed.iter().for_each(|member| member.count_in(states));
            }
        }
        if self.is_shadow_as_built() == former.is_shadow_as_built() {
            self.handle().set_shadow(former.handle().is_shadow());
        }
    }
}
