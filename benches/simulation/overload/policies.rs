use std::time::Duration;

use tower_weir::concurrency::{Aimd, Bounds, Fixed, Gradient2, Vegas, VerifiedGradient, Windowed};

use super::envoy::Envoy;
use crate::service::{Control, Guard, Open, SLO};

/// What guards the service.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    /// Nothing does.
    None,
    /// As many as there are workers: it knows how many, but leaves no room for chance, and does not follow them.
    Fixed,
    Aimd,
    Vegas,
    WindowedVegas,
    Gradient2,
    WindowedGradient2,
    Envoy,
    Ours,
}

/// Ours is the last.
pub(super) const ALL: [Policy; 9] = [
    Policy::None,
    Policy::Fixed,
    Policy::Aimd,
    Policy::Vegas,
    Policy::WindowedVegas,
    Policy::Gradient2,
    Policy::WindowedGradient2,
    Policy::Envoy,
    Policy::Ours,
];

/// As wide for all, so that none misses by its bounds.
const BOUNDS: Bounds = Bounds::new(1, 20, 100_000);

impl Policy {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Fixed => "fixed",
            Self::Aimd => "Aimd",
            Self::Vegas => "Vegas",
            Self::WindowedVegas => "Vegas, win.",
            Self::Gradient2 => "Gradient2",
            Self::WindowedGradient2 => "Grad.2, win.",
            Self::Envoy => "Envoy",
            Self::Ours => "ours",
        }
    }

    /// Whether it is worth a panel of the plots.
    pub(super) const fn is_plotted(self) -> bool {
        matches!(self, Self::WindowedVegas | Self::WindowedGradient2 | Self::Envoy | Self::Ours)
    }

    pub(super) fn control(self, workers: usize) -> Box<dyn Control> {
        let (vegas, gradient) =
            (Vegas::default().bounds(BOUNDS), Gradient2::default().bounds(BOUNDS));
        match self {
            Self::None => Box::new(Open),
            Self::Fixed => Box::new(Guard::new(Fixed::new(workers))),
            Self::Aimd => {
                let timeout = Duration::from_nanos(SLO);
                Box::new(Guard::new(Aimd::default().bounds(BOUNDS).timeout(timeout)))
            }
            Self::Vegas => Box::new(Guard::new(vegas)),
            Self::WindowedVegas => Box::new(Guard::new(Windowed::new(vegas))),
            Self::Gradient2 => Box::new(Guard::new(gradient)),
            Self::WindowedGradient2 => Box::new(Guard::new(Windowed::new(gradient))),
            Self::Envoy => Box::new(Guard::new(Envoy::new())),
            Self::Ours => Box::new(Guard::new(VerifiedGradient::default())),
        }
    }
}
