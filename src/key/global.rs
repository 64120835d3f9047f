use super::{KeyExtractor, MissingKey};
use crate::head::Head;

/// One key for all requests: the service as a whole is limited.
#[derive(Clone, Copy, Debug, Default)]
pub struct Global;

impl KeyExtractor for Global {
    type Key<'a> = ();

    fn extract(&self, _: &Head<'_>) -> Result<(), MissingKey> {
        Ok(())
    }
}
