//! The trapezoid rule with the density of N(0, 1) as weight.

/// Nodes and weights for E f(z), z ~ N(0, 1), on [−half_width, half_width].
///
/// For f analytic in the strip |Im z| < a the error falls as exp(−2πa/h) (Trefethen and Weideman 2014), h the
/// spacing, until the tails cut at ±half_width or the density's own exp(−2π²/h²) limit it.
pub fn trapezoid(n: usize, half_width: f64) -> (Vec<f64>, Vec<f64>) {
    let h = 2.0 * half_width / (n - 1) as f64;
    let nodes: Vec<f64> = (0..n).map(|i| (i as f64 - 0.5 * (n - 1) as f64) * h).collect();
    let density = |z: f64| h * libm::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt();
    let weights = nodes.iter().map(|z| density(*z)).collect();
    (nodes, weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one_and_moments_come_out() {
        let (z, w) = trapezoid(96, 9.0);
        let sum = |f: fn(f64) -> f64| z.iter().zip(&w).map(|(z, w)| w * f(*z)).sum::<f64>();
        assert!((sum(|_| 1.0) - 1.0).abs() < 1e-15);
        assert!((sum(|z| z * z) - 1.0).abs() < 1e-14);
        assert!((sum(f64::cos) - (-0.5f64).exp()).abs() < 1e-15);
    }
}
