//! Quantiles, log Γ and Bessel functions for [`Number`]s, by other means than those of the compiled programs: Newton's method on
//! log Φ, Stirling's series, expansions about the middle between two integers, and the trapezoid rule on the circle.

use std::f64::consts::{LN_2, PI};

use super::elementary::{log, log_one_plus};
use super::function::Unary;
use super::number::{Number, ROUND_OFF};

/// log(|a| + √(1 + a²)) with the sign of a.
pub fn asinh(a: Number) -> Number {
    let (x, size) = (a.value(), a.abs());
    if x.abs() > 1e8 {
        return (log(size) + Number::with_error(LN_2, ROUND_OFF)).times(x.signum());
    }
    let t = x.abs();
    let y = libm::log1p(t + t * t / (1.0 + (1.0 + t * t).sqrt()));
    let error = a.error() / (1.0 + t * t).sqrt() + 4.0 * ROUND_OFF * y;
    if t < 1e-290 { a } else { Number::with_error(y.copysign(x), error) }
}

/// The root of log Φ(q) = log p by Newton's method from below, where log Φ, which is concave, lets no step go too far.
pub fn normal_quantile(p: Number) -> Number {
    let one = Number::ONE;
    if p.is_nan() || p.sign() < 0.0 || one.less(p) {
        return Number::NAN;
    }
    if Number::exact(0.5).less(p) {
        return -normal_quantile(one - p);
    }
    if p.is_zero() {
        return Number::exact(f64::NEG_INFINITY);
    }
    let aim = p.log_size();
    let mut q = -(-2.0 * aim).sqrt();
    let slope = |q: f64| Unary::InverseMills.value(Number::exact(q)).value();
    for _ in 0..60 {
        let step = (aim - Unary::LogNormalCdf.value(Number::exact(q)).value()) / slope(q);
        q += step;
        if step.abs() <= 1e-17 * q.abs() {
            break;
        }
    }
    let relative = (p.uncertainty() / p).value();
    Number::with_error(q, (relative + 6.0 * ROUND_OFF * aim.abs()) / slope(q) + 2.0 * ROUND_OFF * q.abs())
}

/// −p log p − (1 − p) log(1 − p).
pub fn binary_entropy(p: Number) -> Number {
    let rest = Number::ONE - p;
    if p.is_zero() || rest.is_zero() {
        return Number::ZERO;
    }
    -(p * log(p) + rest * log_one_plus(-p))
}

/// Stirling's series beyond 25, divided by the factors that lead there.
pub fn log_gamma(a: Number) -> Number {
    let x = a.value();
    if x < 0.0 || x.is_nan() {
        return Number::NAN;
    }
    if x == f64::INFINITY || a.is_zero() {
        return Number::exact(f64::INFINITY);
    }
    if x < 1e-20 {
        // Γ(x) = 1/x
        return -log(a);
    }
    let (mut far, mut product) = (x, 1.0);
    while far < 25.0 {
        product *= far;
        far += 1.0;
    }
    let square = 1.0 / (far * far);
    let series = (1.0 / 12.0
        - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square * (1.0 / 1680.0 - square / 1188.0))))
        / far;
    let main = (far - 0.5) * libm::log(far);
    let factors = libm::log(product);
    // log √(2π)
    let y = ((main - far) + (0.918_938_533_204_672_7 + series)) - factors;
    let round_off = 4.0 * ROUND_OFF * (main.abs() + far + factors.abs());
    let slope = if a.error() == 0.0 { 0.0 } else { polygamma(0, Number::exact(x)).value().abs() };
    Number::with_error(y, round_off + slope * a.error())
}

/// The derivative of order n + 1 of log Γ: ψ(w + ½) = log w + Σ (1 − 2^(1−2k)) B₂ₖ/(2k w²ᵏ) and its derivatives, beyond 20.
pub fn polygamma(n: u32, a: Number) -> Number {
    /// B₂ₖ
    const BERNOULLI: [f64; 7] =
        [1.0 / 6.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 5.0 / 66.0, -691.0 / 2730.0, 7.0 / 6.0];
    let x = a.value();
    if x < 0.0 || x.is_nan() {
        return Number::NAN;
    }
    // What is taken off on the way: −(−1)ⁿ n! Σ 1/(x + k)^(n+1), of which the first term may be large.
    let order = f64::from(n);
    let rising = |from: f64| (0..n).fold(1.0, |product, i| -product * (from + f64::from(i)));
    let factor = -rising(1.0);
    let power = |mut product: Number, x: Number| {
        for _ in 0..=n {
            product = product / x;
        }
        product
    };
    let first = power(Number::exact(factor), a);
    let (mut sum, mut far) = (0.0, x + 1.0);
    while far < 20.0 {
        sum += factor / libm::pow(far, order + 1.0);
        far += 1.0;
    }
    let w = far - 0.5;
    // The derivative of order n of log w is −(−1)ⁿ (n − 1)!/wⁿ, of w⁻ʲ it is (−1)ⁿ j (j + 1) ⋯ (j + n − 1) w^(−j−n).
    let mut tail = if n == 0 { libm::log(w) } else { factor / order / libm::pow(w, order) };
    for (k, b) in BERNOULLI.iter().enumerate() {
        let even = 2.0 * (k + 1) as f64;
        let middle = (1.0 - libm::exp2(1.0 - even)) * b;
        tail += middle / even * rising(even) / libm::pow(w, even + order);
    }
    let y = sum + tail;
    // The derivative of what is regular at 0 is less than that.
    let moved = 2.0 * (order + 1.0) * factor.abs() * a.error() / (1.0 + x);
    first + Number::with_error(y, 4.0 * ROUND_OFF * (sum.abs() + tail.abs()) + moved)
}

/// The trapezoid rule for (1/π)∫₀^π f(θ) e^(−|x|(1 − cos θ)) dθ, which for periodic functions has an error of the order of the
/// Fourier coefficients beyond its number of points.
pub struct Circle {
    /// (1 − cos θ, weight), where the weight has not vanished.
    points: Vec<(f64, f64)>,
    error: f64,
    size: f64,
}

impl Circle {
    /// The rule for an argument.
    pub fn new(a: Number) -> Circle {
        let size = a.abs().value();
        let count = 32.0 + (6.0 * size.sqrt()).ceil();
        let mut points = Vec::new();
        for j in 0..=count as u64 {
            let half = libm::sin(0.5 * PI * j as f64 / count);
            let distance = 2.0 * half * half;
            let end = if j == 0 || j as f64 == count { 0.5 } else { 1.0 };
            if size * distance > 50.0 {
                break;
            }
            points.push((distance, end / count * libm::exp(-size * distance)));
        }
        if size == f64::INFINITY || size.is_nan() {
            points = vec![(0.0, if size.is_nan() { size } else { 0.0 })];
        }
        Circle { points, error: a.error(), size }
    }

    /// The integral of cosⁱ θ (1 − cos θ)ʲ.
    pub fn mean(&self, i: i32, j: i32) -> Number {
        let power = |x: f64, n: i32| (0..n).fold(1.0, |product, _| product * x);
        let (mut sum, mut whole, mut slope) = (0.0, 0.0, 0.0);
        for (distance, weight) in &self.points {
            let term = power(1.0 - distance, i) * power(*distance, j) * weight;
            sum += term;
            // The exponent is rounded too.
            whole += term.abs() * (1.0 + self.size * distance);
            slope += term.abs() * distance;
        }
        Number::with_error(sum, 4.0 * ROUND_OFF * whole + slope * self.error)
    }
}

/// (1/π)∫₀^π cosⁱ θ (1 − cos θ)ʲ e^(−|x|(1 − cos θ)) dθ, with the sign of x where the power in all is odd: e^(−|x|) times the
/// derivative of order i of I₀ for j = 0, and −1 times its derivative for j = 1.
pub fn bessel(i: u8, j: u8, a: Number) -> Number {
    let mean = Circle::new(a).mean(i.into(), j.into());
    match a.sign() {
        _ if i % 2 == j % 2 => mean,
        // An odd function, or the middle of a jump.
        0.0 => Number::with_error(0.0, if j == 0 { a.error() } else { 0.0 }),
        sign => mean.times(sign),
    }
}

/// log I₀(x), by the first terms of its series where it is small.
pub fn log_bessel_i0(a: Number) -> Number {
    let q = (a * a).times(0.25);
    if a.abs().value() < 1e-3 {
        return q - (q * q).times(0.25) + (q * q * q).times(1.0 / 9.0);
    }
    a.abs() + log(Circle::new(a).mean(0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::elementary::exp;

    #[test]
    fn the_rule_on_the_circle_is_that_of_the_power_series() {
        for x in [0.0, 1e-3, 0.7, 5.0, 19.0] {
            let series = (1..60).fold((1.0, 1.0), |(sum, term): (f64, f64), m| {
                let term = term * 0.25 * x * x / f64::from(m * m);
                (sum + term, term)
            });
            let found = (Circle::new(Number::exact(x)).mean(0, 0) * exp(Number::exact(x))).value();
            assert!((found / series.0 - 1.0).abs() < 1e-14, "{x}: {found} {}", series.0);
        }
    }

    #[test]
    fn quantiles_are_inverse_to_the_distribution_function_at_any_size() {
        for log_p in [-0.7, -3.0, -40.0, -900.0, -1e6] {
            let q = normal_quantile(exp(Number::exact(log_p)));
            let back = Unary::LogNormalCdf.value(q);
            assert!((back.value() - log_p).abs() <= 1e-14 * log_p.abs(), "{log_p}: {back:?}");
        }
    }
}
