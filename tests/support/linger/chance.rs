use super::random::Random;

/// From 0 to less than 1.
pub(super) fn share(random: &mut Random) -> f64 {
    (random.next() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A time that is 1 on average, and does not depend on how long one has waited.
pub(super) fn exponential(random: &mut Random) -> f64 {
    -(1.0 - share(random)).ln()
}

/// A factor that is 1 on average, and whose logarithm is normal with this deviation.
pub(super) fn log_normal(random: &mut Random, deviation: f64) -> f64 {
    let radius = (2.0 * exponential(random)).sqrt();
    let normal = radius * (std::f64::consts::TAU * share(random)).cos();
    (deviation * normal - 0.5 * deviation * deviation).exp()
}
