//! The data that a flow generates: the mixture of two Gaussians, or the spins of a Curie–Weiss magnet.

/// The law of the data x₁ in d dimensions; p is the weight of the state +.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// p N(μ, σ² I) + (1 − p) N(−μ, σ² I), |μ|² = M²d.
    Mixture {
        /// M = |μ|/√d.
        m: f64,
    },
    /// Spins ±1 at inverse temperature β > 1: independent of each other given the state ±, with magnetisation ±M,
    /// M = tanh(βM).
    CurieWeiss {
        /// Inverse temperature.
        beta: f64,
        /// Magnetisation.
        m: f64,
    },
}

impl Target {
    /// Their names, in the order of their codes as parameter values.
    pub const NAMES: [&str; 2] = ["mixture", "curie_weiss"];

    /// Its name.
    pub fn name(&self) -> &'static str {
        Self::NAMES[usize::from(matches!(self, Target::CurieWeiss { .. }))]
    }

    /// The magnet at an inverse temperature above 1.
    pub fn curie_weiss(beta: f64) -> Target {
        Target::CurieWeiss { beta, m: magnetisation(beta) }
    }

    /// M: |E x₁|/√d in one state.
    pub fn m(&self) -> f64 {
        match self {
            Target::Mixture { m } | Target::CurieWeiss { m, .. } => *m,
        }
    }
}

/// The positive solution of M = tanh(βM); 0 for β ≤ 1.
pub fn magnetisation(beta: f64) -> f64 {
    if beta <= 1.0 {
        return 0.0;
    }
    // tanh(βM) − M is positive below the root and negative above it.
    let (mut low, mut high) = (0.0f64, 1.0f64);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if (beta * middle).tanh() > middle { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_magnetisation_is_that_of_curie_and_weiss() {
        // β = 1/T: the values of the system `curie-weiss` at T = 0.5 and 0.75 (Brent's method there).
        assert!((magnetisation(2.0) - 0.957_504_024_077_5).abs() < 1e-12);
        assert!((magnetisation(4.0 / 3.0) - 0.775_516_3).abs() < 1e-7);
        assert_eq!(magnetisation(1.0), 0.0);
        // Near β = 1: M² = 3(β − 1)/β³ to leading order.
        let beta = 1.0 + 1e-6;
        assert!((magnetisation(beta) / (3e-6f64).sqrt() - 1.0).abs() < 1e-4);
    }
}
