//! The interpolant x_t = α x₀ + β x₁ with α = 1 − τ, β = τ, in the dilated time of eq. (11) of arXiv:2412.07972.

/// The linear interpolant in dilated time at dimension d: τ(t) = κt/√d on [0, 1] and
/// κ/√d + (1 − κ/√d)(t − 1) on [1, 2].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interpolant {
    kappa: f64,
    root_d: f64,
}

/// The interpolant at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficients {
    /// Weight of the noise, 1 − τ.
    pub alpha: f64,
    /// Weight of the data, τ.
    pub beta: f64,
    /// √d β, the scale of the pre-activation; O(1) in the first phase.
    pub scale: f64,
}

impl Interpolant {
    /// The interpolant with dilation κ at dimension d; τ(1) = κ/√d is to be below 1 (see [`super::Setting`]).
    pub fn new(kappa: f64, d: u64) -> Interpolant {
        Interpolant { kappa, root_d: (d as f64).sqrt() }
    }

    /// α, β and √d β at dilated time t in [0, 2].
    pub fn at(&self, t: f64) -> Coefficients {
        let (first, second) = (t.min(1.0), (t - 1.0).max(0.0));
        // √d β without the division and multiplication by √d.
        let scale = self.kappa * first + (self.root_d - self.kappa) * second;
        let beta = if t >= 2.0 { 1.0 } else { scale / self.root_d };
        Coefficients { alpha: 1.0 - beta, beta, scale }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dilated_time_is_that_of_equation_11() {
        let interpolant = Interpolant::new(4.0, 10_000);
        for (t, tau) in [(0.0, 0.0), (0.5, 0.02), (1.0, 0.04), (1.5, 0.52), (2.0, 1.0)] {
            let at = interpolant.at(t);
            assert!((at.beta - tau).abs() < 1e-15 && (at.alpha + at.beta - 1.0).abs() < 1e-15);
            assert!((at.scale - 100.0 * tau).abs() < 1e-13, "{at:?}");
        }
    }
}
