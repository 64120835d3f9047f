//! Who comes: newcomers, each once, and among them again and again the abusers.

use fastrand::Rng;

#[derive(Clone, Copy)]
pub(crate) struct Traffic {
    /// How many keys come that never came before and never come again.
    pub(crate) newcomers: u64,
    /// How many keys come all the time.
    pub(crate) abusers: u64,
    /// One check in so many is an abuser's.
    pub(crate) one_in: u64,
}

#[derive(Clone, Copy)]
pub(crate) struct Visit {
    pub(crate) key: u64,
    pub(crate) is_abuser: bool,
}

impl Traffic {
    /// How many checks there are.
    pub(crate) fn len(&self) -> u64 {
        self.newcomers + self.newcomers / (self.one_in - 1)
    }

    pub(crate) fn abusers(&self) -> impl Iterator<Item = u64> + use<> {
        (0..self.abusers).map(key)
    }

    /// The same in every run; the abusers in random order.
    pub(crate) fn visits(&self) -> impl Iterator<Item = Visit> + use<> {
        let Self { abusers, one_in, .. } = *self;
        let mut random = Rng::with_seed(0x7765_6972);
        let mut newcomers = abusers..;
        (1..=self.len()).map(move |number| {
            let is_abuser = number % one_in == 0;
            let of = if is_abuser { random.u64(..abusers) } else { newcomers.start };
            newcomers.start += u64::from(!is_abuser);
            Visit { key: key(of), is_abuser }
        })
    }
}

/// A number for each number, without a pattern: the finalizer of `SplitMix64` (Steele, Lea and Flood, 2014). A bijection, so no
/// key comes twice, and nothing that would have to be remembered.
pub(crate) fn key(number: u64) -> u64 {
    let mut bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
