//! The interpolant x_τ = α x₀ + β x₁ between noise x₀ and data x₁, the schedule that maps the solver's time t in [0, 2]
//! to τ in [0, 1], and both together at dimension d.
//!
//! The flow whose law at τ is that of x_τ has the velocity E[α′x₀ + β′x₁ | x_τ = x] = (α′/α) x + (β′ − α′β/α) E[x₁|x]
//! (eqs. 4 and 7 of arXiv:2412.07972), whatever constant α is multiplied with. With that constant 1 the variance of x is
//! kept in order 1 throughout; with √d noise is as large as the whole of a mode (variance-exploding, arXiv:2501.00988).

/// An interpolant; β = τ for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interpolant {
    /// α = 1 − τ.
    #[default]
    Linear,
    /// α = √(1 − τ²): variance-preserving.
    Trigonometric,
    /// α = √d (1 − τ): variance-exploding.
    ExplodingLinear,
    /// α = √d √(1 − τ²).
    ExplodingTrigonometric,
}

impl Interpolant {
    /// All of them, in the order of their codes as parameter values.
    pub const ALL: [Interpolant; 4] = [
        Interpolant::Linear,
        Interpolant::Trigonometric,
        Interpolant::ExplodingLinear,
        Interpolant::ExplodingTrigonometric,
    ];
    /// Their names.
    pub const NAMES: [&str; 4] = ["linear", "trigonometric", "exploding_linear", "exploding_trigonometric"];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Whether α has the factor √d.
    pub fn is_exploding(self) -> bool {
        matches!(self, Interpolant::ExplodingLinear | Interpolant::ExplodingTrigonometric)
    }

    /// Whether α is a square root, apart from its factor.
    fn is_root(self) -> bool {
        matches!(self, Interpolant::Trigonometric | Interpolant::ExplodingTrigonometric)
    }

    /// α(τ) without the factor √d, from 1 − τ.
    fn alpha_of_rest(self, rest: f64) -> f64 {
        if self.is_root() { (rest * (2.0 - rest)).sqrt() } else { rest }
    }

    /// α(τ) without the factor √d.
    pub fn alpha(self, tau: f64) -> f64 {
        self.alpha_of_rest(1.0 - tau)
    }

    /// α′(τ) without the factor √d; −∞ for a square root at τ = 1.
    pub fn alpha_slope(self, tau: f64) -> f64 {
        if self.is_root() { -tau / self.alpha(tau) } else { -1.0 }
    }

    /// (α′/α, β′ − α′β/α): what x and E[x₁|x] are multiplied with in the velocity; infinite at τ = 1.
    pub fn velocity(self, tau: f64) -> (f64, f64) {
        self.velocity_of_rest(1.0 - tau)
    }

    /// The same, from 1 − τ.
    fn velocity_of_rest(self, rest: f64) -> (f64, f64) {
        if self.is_root() {
            // α′/α = −τ/(1 − τ²) and 1 + τ²/(1 − τ²).
            let square = rest * (2.0 - rest);
            ((rest - 1.0) / square, 1.0 / square)
        } else {
            (-1.0 / rest, 1.0 / rest)
        }
    }
}

/// How the solver's time t, from 0 to 2, becomes τ, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Schedule {
    /// Half of the time for the layer in which the law changes within O(1/√d) of τ: at the beginning for variance-preserving
    /// interpolants, τ = κt/√d on [0, 1] and κ/√d + (1 − κ/√d)(t − 1) on [1, 2] (eq. 11 of arXiv:2412.07972); at the end for
    /// exploding ones, α = √d(1 − τ) with τ = (1 − κ/√d)t and (1 − κ/√d) + (κ/√d)(t − 1), α = √d√(1 − τ²) with
    /// τ = √(1 − κ²/d) t and √(1 − κ²(2 − t)²/d) (arXiv:2501.00988).
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
    /// The time at which a dilated schedule bends; 1 unless it is optimised.
    pub bend: f64,
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

impl Coefficients {
    /// α² + σ²β²: the variance of x_τ inside a mode, per direction.
    pub fn variance(&self, sigma: f64) -> f64 {
        self.alpha * self.alpha + sigma * sigma * self.beta * self.beta
    }
}

impl Path {
    /// The share of a piece of a dilated schedule that is past: of the first until the bend, of the second after it.
    fn past(&self, t: f64) -> (f64, f64) {
        (t.min(self.bend) / self.bend, (t - self.bend).max(0.0) / (2.0 - self.bend))
    }

    /// √d τ(t), without the division and multiplication by √d.
    pub fn scale(&self, t: f64) -> f64 {
        let (first, second) = self.past(t);
        match (self.schedule, self.interpolant) {
            (Schedule::Uniform, _) => 0.5 * t * self.root_d,
            (Schedule::Dilated, Interpolant::ExplodingLinear) => {
                (self.root_d - self.kappa) * first + self.kappa * second
            }
            (Schedule::Dilated, Interpolant::ExplodingTrigonometric) => {
                let left = self.kappa * (1.0 - second);
                (self.root_d * self.root_d - left * left).max(0.0).sqrt() * first
            }
            (Schedule::Dilated, _) => self.kappa * first + (self.root_d - self.kappa) * second,
        }
    }

    /// τ(t).
    pub fn tau(&self, t: f64) -> f64 {
        if t >= 2.0 { 1.0 } else { self.scale(t) / self.root_d }
    }

    /// 1 − τ(t), with all its digits where an exploding schedule dwells near τ = 1.
    fn rest(&self, t: f64) -> f64 {
        let (first, second) = self.past(t);
        let left = self.kappa / self.root_d * (1.0 - second);
        match (self.schedule, self.interpolant) {
            (Schedule::Dilated, Interpolant::ExplodingLinear) if first >= 1.0 => left,
            (Schedule::Dilated, Interpolant::ExplodingTrigonometric) if first >= 1.0 => {
                left * left / (1.0 + (1.0 - left * left).max(0.0).sqrt())
            }
            _ => 1.0 - self.tau(t),
        }
    }

    /// τ′(t) on the piece of the schedule that holds another time too, which is not its bend.
    pub fn tau_slope(&self, t: f64, beside: f64) -> f64 {
        let second = beside > self.bend;
        let length = if second { 2.0 - self.bend } else { self.bend };
        let dilation = self.kappa / self.root_d;
        match (self.schedule, self.interpolant) {
            (Schedule::Uniform, _) => 0.5,
            (Schedule::Dilated, Interpolant::ExplodingLinear) if second => dilation / length,
            (Schedule::Dilated, Interpolant::ExplodingLinear) => (1.0 - dilation) / length,
            (Schedule::Dilated, Interpolant::ExplodingTrigonometric) if second => {
                dilation * dilation * (2.0 - t) / (length * length * self.tau(t))
            }
            (Schedule::Dilated, Interpolant::ExplodingTrigonometric) => {
                (1.0 - dilation * dilation).sqrt() / length
            }
            (Schedule::Dilated, _) if second => (1.0 - dilation) / length,
            (Schedule::Dilated, _) => dilation / length,
        }
    }

    /// τ(to) − τ(from), with all its digits.
    pub fn tau_step(&self, from: f64, to: f64) -> f64 {
        if self.interpolant.is_exploding() || to >= 2.0 {
            self.rest(from) - self.rest(to)
        } else {
            (self.scale(to) - self.scale(from)) / self.root_d
        }
    }

    /// The factor of α: 1, or √d.
    pub fn noise(&self) -> f64 {
        if self.interpolant.is_exploding() { self.root_d } else { 1.0 }
    }

    /// α, β and √d β at time t in [0, 2].
    pub fn at(&self, t: f64) -> Coefficients {
        let alpha = self.noise() * self.interpolant.alpha_of_rest(self.rest(t));
        Coefficients { alpha, beta: self.tau(t), scale: self.scale(t) }
    }

    /// What x and E[x₁|x] are multiplied with in the velocity dX/dτ at time t.
    pub fn velocity(&self, t: f64) -> (f64, f64) {
        self.interpolant.velocity_of_rest(self.rest(t))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(interpolant: Interpolant, schedule: Schedule) -> Path {
        Path { interpolant, schedule, kappa: 4.0, bend: 1.0, root_d: 100.0 }
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
    fn exploding_schedules_dwell_at_the_end() {
        // The formulas of arXiv:2501.00988 in its time t/2.
        let (kappa, root_d) = (4.0, 100.0);
        for t in [0.0f64, 0.3, 0.9, 1.0, 1.2, 1.7, 2.0] {
            let linear = path(Interpolant::ExplodingLinear, Schedule::Dilated);
            let tau = if t <= 1.0 {
                (1.0 - kappa / root_d) * t
            } else {
                (1.0 - kappa / root_d) + kappa / root_d * (t - 1.0)
            };
            assert!((linear.tau(t) - tau).abs() < 1e-15);
            assert!((linear.at(t).alpha - root_d * (1.0 - tau)).abs() < 1e-12);
            let root = path(Interpolant::ExplodingTrigonometric, Schedule::Dilated);
            let tau = if t <= 1.0 {
                (1.0 - (kappa / root_d).powi(2)).sqrt() * t
            } else {
                (1.0 - (kappa * (2.0 - t) / root_d).powi(2)).sqrt()
            };
            assert!((root.tau(t) - tau).abs() < 1e-15);
            assert!((root.at(t).alpha - root_d * (1.0 - tau * tau).sqrt()).abs() < 1e-10, "{t}");
            if t >= 1.0 {
                // α is linear in t there, to the last digit.
                assert!((root.at(t).alpha - kappa * (2.0 - t)).abs() < 1e-13);
            }
        }
        let far = Path { root_d: 1e5, ..path(Interpolant::ExplodingTrigonometric, Schedule::Dilated) };
        let alpha = far.at(1.999).alpha;
        assert!((alpha / 0.004 - 1.0).abs() < 1e-10, "{alpha}");
    }

    #[test]
    fn every_schedule_runs_from_0_to_1_with_its_slope() {
        for interpolant in Interpolant::ALL {
            for schedule in Schedule::ALL {
                for bend in [1.0, 0.4] {
                    let path = Path { bend, ..path(interpolant, schedule) };
                    assert_eq!((path.tau(0.0), path.tau(2.0), path.at(2.0).alpha), (0.0, 1.0, 0.0));
                    for t in [0.1, 0.3, 1.1, 1.9] {
                        let difference = path.tau_step(t - 1e-6, t + 1e-6) / 2e-6;
                        assert!((difference - path.tau_slope(t, t)).abs() < 1e-9, "{interpolant:?} {t}");
                        let tau = path.tau(t + 1e-3) - path.tau(t);
                        assert!((path.tau_step(t, t + 1e-3) - tau).abs() < 1e-14);
                    }
                }
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
