//! The distribution function of two normal variables for [`Number`]s, by Plackett's identity: its derivative by the correlation is the
//! density, which is integrated from where the variables are independent, or opposite. (The compiled programs integrate over a wedge.)

use std::f64::consts::{FRAC_PI_2, PI};

use super::function::Unary;
use super::integrate::{KRONROD, NODES};
use super::number::{Number, ROUND_OFF};

/// P(X ≤ a, Y ≤ b) at a correlation.
pub fn value(a: Number, b: Number, rho: Number) -> Number {
    let (x, y, r) = (a.value(), b.value(), rho.value());
    if x.is_nan() || y.is_nan() || !(-1.0..=1.0).contains(&r) {
        return Number::NAN;
    }
    let below = |x: Number| Unary::NormalCdf.value(x);
    if x.abs().max(y.abs()) > 1e3 {
        return if x.min(y) < -1e3 { Number::ZERO } else { below(if x < y { a } else { b }) };
    }
    let [p, q] = [x, y].map(|x| below(Number::exact(x)));
    // θ with sin θ = ρ runs from 0, or from −π/2; the angle is the one to the nearer of ±π/2.
    let nearest = 2.0 * libm::asin(libm::sqrt(0.5 * (1.0 - r.abs())));
    let (start, integral) = if r >= 0.0 {
        (p * q, density_between(x, y, nearest, FRAC_PI_2))
    } else {
        // P(−b ≤ X ≤ a), from the tail where both ends are.
        let (low, high) = if -y > 0.0 { (-x, y) } else { (-y, x) };
        let between = below(Number::exact(high)) - below(Number::exact(low));
        (if -y < x { between } else { Number::ZERO }, density_between(x, -y, 0.0, nearest))
    };
    let sum = start + integral;
    let spread = ((1.0 - r) * (1.0 + r)).sqrt();
    let density = |x: f64| 0.4 * libm::exp(-0.5 * x * x);
    let along_rho = if rho.error() == 0.0 { 0.0 } else { rho.error() / (2.0 * PI * spread) };
    sum.blurred(Number::exact(a.error() * density(x) + b.error() * density(y) + along_rho))
}

/// (1/2π) ∫ e^(−[x² + y² − 2xy cos w]/(2 sin² w)) dw
fn density_between(x: f64, y: f64, from: f64, to: f64) -> Number {
    // x² + y² − 2xy cos w = (x − y)² + 4xy sin²(w/2), and sin w = 2 sin(w/2) cos(w/2)
    let apart = x - y;
    let exponent = |w: f64| {
        let (sin, cos) = (libm::sin(0.5 * w), libm::cos(0.5 * w));
        let ratio = if apart == 0.0 { 0.0 } else { 0.5 * apart / sin };
        -0.5 * (ratio * ratio + x * y) / (cos * cos)
    };
    let pieces = match (x * y).abs() {
        size if size < 4.0 => 1,
        size if size < 30.0 => 3,
        _ => 8,
    };
    let (mut sum, mut error, mut end) = (0.0, 0.0, to);
    while end > from {
        // Below this, the exponent is −800 and less.
        if end < 0.025 * apart.abs() {
            break;
        }
        let start = if apart == 0.0 { from } else { (0.5 * end).max(from) };
        let width = (end - start) / f64::from(pieces);
        for i in 0..pieces {
            let middle = start + width * (f64::from(i) + 0.5);
            for (node, weight) in NODES.iter().zip(KRONROD) {
                for side in [-1.0, 1.0] {
                    // The node in the middle is counted from both sides.
                    let share = if *node == 0.0 { 0.25 } else { 0.5 };
                    let exponent = exponent(middle + side * 0.5 * width * node);
                    let term = share * width * weight * libm::exp(exponent);
                    sum += term;
                    error += term * (8.0 + 4.0 * exponent.abs());
                }
            }
        }
        end = start;
    }
    Number::with_error(sum / (2.0 * PI), ROUND_OFF * error / (2.0 * PI))
}

/// Its derivative by one of the three.
pub fn slope(which: usize, a: Number, b: Number, rho: Number) -> Number {
    let one = Number::ONE;
    let square = (one - rho) * (one + rho);
    let spread = Unary::Sqrt.value(square);
    let (x, y) = if which == 1 { (b, a) } else { (a, b) };
    let distance = (y - rho * x) / spread;
    let density = Unary::NormalPdf.value(x);
    match which {
        2 => density * Unary::NormalPdf.value(distance) / spread,
        _ => density * Unary::NormalCdf.value(distance),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_that_of_the_compiled_programs() {
        use crate::language::function::Join;
        for a in [-7.0, -2.5, -0.3, 0.0, 0.8, 3.1] {
            for b in [-6.1, -0.3, 0.0, 0.31, 2.2] {
                for rho in [-1.0, -0.999_999, -0.7, -0.01, 0.0, 0.3, 0.99, 0.999_999_99, 1.0] {
                    let found = value(Number::exact(a), Number::exact(b), Number::exact(rho));
                    let other = Join::BivariateNormalCdf.apply([a, b, rho]);
                    let off = (found.value() - other).abs();
                    let known = found.error() + 1e-13 * other + 1e-17;
                    assert!(off <= known, "{a} {b} {rho}: {found:?} {other:e}");
                }
            }
        }
    }
}
