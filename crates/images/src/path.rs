//! How data become noise: x_t = a(t) x₀ + b(t) x₁, with x₀ standard normal and x₁ an image, from noise at t = 0 to data at t = 1;
//! and what a network is asked for.

use overlaps_models::mixture::Interpolant;

/// An interpolant between noise and images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    /// The variance-preserving diffusion with rate 0.1 + 19.9 s, s = 1 − t: b = exp(−(0.1 s + 9.95 s²)/2), a = √(1 − b²). The
    /// network gives E[x₀|x].
    #[default]
    VariancePreserving,
    /// a = 1 − t, b = t. The network gives the velocity E[x₁ − x₀|x].
    Linear,
    /// a = √(1 − t²), b = t. The network gives a E[x₁|x] − b E[x₀|x].
    Trigonometric,
}

impl Path {
    /// All of them.
    pub const ALL: [Path; 3] = [Path::VariancePreserving, Path::Linear, Path::Trigonometric];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Path::VariancePreserving => "variance_preserving",
            Path::Linear => Interpolant::Linear.name(),
            Path::Trigonometric => Interpolant::Trigonometric.name(),
        }
    }

    /// b, what images are multiplied with.
    pub fn data(self, t: f64) -> f64 {
        let s = 1.0 - t;
        if self == Path::VariancePreserving { (-0.5 * (0.1 * s + 9.95 * s * s)).exp() } else { t }
    }

    /// a, what noise is multiplied with.
    pub fn noise(self, t: f64) -> f64 {
        let s = 1.0 - t;
        match self {
            // 1 − b² with all its digits at t = 1.
            Path::VariancePreserving => (-(-(0.1 * s + 9.95 * s * s)).exp_m1()).sqrt(),
            Path::Linear => Interpolant::Linear.alpha(t),
            Path::Trigonometric => Interpolant::Trigonometric.alpha(t),
        }
    }

    /// What the network learns is this sum of x₀ and x₁.
    pub fn target(self, t: f64) -> (f64, f64) {
        match self {
            Path::VariancePreserving => (1.0, 0.0),
            Path::Linear => (-1.0, 1.0),
            Path::Trigonometric => (-self.data(t), self.noise(t)),
        }
    }

    /// E[x₁|x] is this sum of x and what the network gives.
    pub fn clean(self, t: f64) -> (f64, f64) {
        match self {
            Path::VariancePreserving => (1.0 / self.data(t), -self.noise(t) / self.data(t)),
            Path::Linear => (1.0, 1.0 - t),
            Path::Trigonometric => (self.data(t), self.noise(t)),
        }
    }

    /// The rate of the variance-preserving diffusion at a time.
    pub fn rate(t: f64) -> f64 {
        0.1 + 19.9 * (1.0 - t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_network_learns_and_x_give_the_image() {
        for path in Path::ALL {
            for t in [0.0, 0.2, 0.7, 0.99] {
                let (noise, image) = (0.3, -0.8);
                let x = path.noise(t) * noise + path.data(t) * image;
                let (of_noise, of_image) = path.target(t);
                let (of_x, of_network) = path.clean(t);
                let found = of_x * x + of_network * (of_noise * noise + of_image * image);
                assert!((found - image).abs() < 1e-12, "{path:?} {t}: {found}");
            }
            assert!(path.noise(1.0) == 0.0 && (path.data(1.0) - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn the_rate_is_the_slope_of_the_variance() {
        // d log b/dt = rate/2.
        let (t, h) = (0.4, 1e-6);
        let slope = |t: f64| Path::VariancePreserving.data(t).ln();
        assert!(((slope(t + h) - slope(t - h)) / (2.0 * h) - 0.5 * Path::rate(t)).abs() < 1e-7);
    }
}
