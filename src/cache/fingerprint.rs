/// What a cache knows a request by: 128 bits of a keyed hash over all that tells it from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// The fingerprint of these bits, as another process that has the same secret computed it.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// The 128 bits, evenly distributed.
    pub const fn bits(self) -> u128 {
        self.0
    }
}
