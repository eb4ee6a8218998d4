//! The interpolant x_τ = α x₀ + β x₁ between noise x₀ and data x₁, the schedule that maps the solver's time t in [0, 2]
//! to τ in [0, 1], and both together at dimension d.
//!
//! The flow whose law at τ is that of x_τ has the velocity E[α′x₀ + β′x₁ | x_τ = x] = (α′/α) x + (β′ − α′β/α) E[x₁|x]
//! (eqs. 4 and 7 of arXiv:2412.07972).

/// An interpolant; β = τ for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interpolant {
    /// α = 1 − τ.
    #[default]
    Linear,
    /// α = √(1 − τ²): variance-preserving.
    Trigonometric,
}

impl Interpolant {
    /// All of them, in the order of their codes as parameter values.
    pub const ALL: [Interpolant; 2] = [Interpolant::Linear, Interpolant::Trigonometric];
    /// Their names.
    pub const NAMES: [&str; 2] = ["linear", "trigonometric"];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// α(τ).
    pub fn alpha(self, tau: f64) -> f64 {
        match self {
            Interpolant::Linear => 1.0 - tau,
            Interpolant::Trigonometric => ((1.0 - tau) * (1.0 + tau)).sqrt(),
        }
    }

    /// α′(τ); −∞ for the trigonometric interpolant at τ = 1.
    pub fn alpha_slope(self, tau: f64) -> f64 {
        match self {
            Interpolant::Linear => -1.0,
            Interpolant::Trigonometric => -tau / self.alpha(tau),
        }
    }

    /// (α′/α, β′ − α′β/α): what x and E[x₁|x] are multiplied with in the velocity; infinite at τ = 1.
    pub fn velocity(self, tau: f64) -> (f64, f64) {
        let left = 1.0 - tau;
        match self {
            Interpolant::Linear => (-1.0 / left, 1.0 / left),
            // α′/α = −τ/(1 − τ²) and 1 + τ²/(1 − τ²).
            Interpolant::Trigonometric => (-tau / (left * (1.0 + tau)), 1.0 / (left * (1.0 + tau))),
        }
    }
}

/// How the solver's time t, from 0 to 2, becomes τ, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Schedule {
    /// τ = κt/√d on [0, 1] and κ/√d + (1 − κ/√d)(t − 1) on [1, 2]: eq. (11) of arXiv:2412.07972.
    #[default]
    Dilated,
    /// τ = t/2: no dilation.
    Uniform,
}

impl Schedule {
    /// All of them, in the order of their codes as parameter values.
    pub const ALL: [Schedule; 2] = [Schedule::Dilated, Schedule::Uniform];
    /// Their names.
    pub const NAMES: [&str; 2] = ["dilated", "uniform"];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// An interpolant in the time of a schedule at dimension d.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Path {
    /// The interpolant.
    pub interpolant: Interpolant,
    /// The schedule.
    pub schedule: Schedule,
    /// Dilation κ of the schedule.
    pub kappa: f64,
    /// √d.
    pub root_d: f64,
}

/// The interpolant at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficients {
    /// Weight of the noise.
    pub alpha: f64,
    /// Weight of the data, τ.
    pub beta: f64,
    /// √d β, the scale of the pre-activation; O(1) in the first phase.
    pub scale: f64,
}

impl Path {
    /// √d τ(t), without the division and multiplication by √d.
    pub fn scale(&self, t: f64) -> f64 {
        match self.schedule {
            Schedule::Dilated => {
                let (first, second) = (t.min(1.0), (t - 1.0).max(0.0));
                self.kappa * first + (self.root_d - self.kappa) * second
            }
            Schedule::Uniform => 0.5 * t * self.root_d,
        }
    }

    /// τ(t).
    pub fn tau(&self, t: f64) -> f64 {
        if t >= 2.0 { 1.0 } else { self.scale(t) / self.root_d }
    }

    /// τ′(t), from the right.
    pub fn tau_slope(&self, t: f64) -> f64 {
        match self.schedule {
            Schedule::Dilated if t < 1.0 => self.kappa / self.root_d,
            Schedule::Dilated => 1.0 - self.kappa / self.root_d,
            Schedule::Uniform => 0.5,
        }
    }

    /// α, β and √d β at time t in [0, 2].
    pub fn at(&self, t: f64) -> Coefficients {
        let tau = self.tau(t);
        Coefficients { alpha: self.interpolant.alpha(tau), beta: tau, scale: self.scale(t) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(interpolant: Interpolant, schedule: Schedule) -> Path {
        Path { interpolant, schedule, kappa: 4.0, root_d: 100.0 }
    }

    #[test]
    fn dilated_time_is_that_of_equation_11() {
        let path = path(Interpolant::Linear, Schedule::Dilated);
        for (t, tau) in [(0.0, 0.0), (0.5, 0.02), (1.0, 0.04), (1.5, 0.52), (2.0, 1.0)] {
            let at = path.at(t);
            assert!((at.beta - tau).abs() < 1e-15 && (at.alpha + at.beta - 1.0).abs() < 1e-15);
            assert!((at.scale - 100.0 * tau).abs() < 1e-13, "{at:?}");
        }
    }

    #[test]
    fn every_schedule_runs_from_0_to_1_with_its_slope() {
        for schedule in Schedule::ALL {
            let path = path(Interpolant::Trigonometric, schedule);
            assert_eq!((path.tau(0.0), path.tau(2.0), path.at(2.0).alpha), (0.0, 1.0, 0.0));
            for t in [0.1, 0.9, 1.1, 1.9] {
                let difference = (path.tau(t + 1e-6) - path.tau(t - 1e-6)) / 2e-6;
                assert!((difference - path.tau_slope(t)).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn velocities_are_those_of_the_derivatives() {
        for interpolant in Interpolant::ALL {
            for tau in [0.0, 0.01, 0.3, 0.7, 0.99] {
                let alpha = |x: f64| interpolant.alpha(x);
                let h = 1e-6f64;
                let slope = if tau == 0.0 {
                    (4.0 * alpha(h) - 3.0 * alpha(0.0) - alpha(2.0 * h)) / (2.0 * h)
                } else {
                    (alpha(tau + h) - alpha(tau - h)) / (2.0 * h)
                };
                assert!((interpolant.alpha_slope(tau) - slope).abs() < 1e-5, "{interpolant:?} {tau} {slope}");
                let (of_x, of_data) = interpolant.velocity(tau);
                let exact = interpolant.alpha_slope(tau) / alpha(tau);
                assert!((of_x - exact).abs() < 1e-12 * (1.0 + exact.abs()));
                assert!((of_data - (1.0 - exact * tau)).abs() < 1e-12 * (1.0 + exact.abs()));
            }
        }
        // Variance-preserving: α² + β² = 1.
        let at = path(Interpolant::Trigonometric, Schedule::Uniform).at(1.2);
        assert!((at.alpha * at.alpha + at.beta * at.beta - 1.0).abs() < 1e-15);
    }
}
