//! Gauss–Legendre rules on [−1, 1].

/// Nodes and weights of the n-point rule, exact for polynomials up to degree 2n − 1.
///
/// The nodes are the zeros of P_n by Newton's method from cos(π (i + 3/4)/(n + 1/2)), the weights 2/((1 − x²) P_n′(x)²).
pub fn gauss_legendre(n: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut nodes, mut weights) = (vec![0.0; n], vec![0.0; n]);
    for i in 0..n.div_ceil(2) {
        let mut x = libm::cos(std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5));
        let mut slope = 1.0;
        for _ in 0..10 {
            let (mut previous, mut value) = (1.0, x);
            for k in 2..=n {
                let k = k as f64;
                (previous, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * previous) / k);
            }
            slope = n as f64 * (x * value - previous) / (x * x - 1.0);
            let step = value / slope;
            x -= step;
            if step.abs() <= f64::EPSILON {
                break;
            }
        }
        if 2 * i + 1 == n {
            x = 0.0;
        }
        let weight = 2.0 / ((1.0 - x * x) * slope * slope);
        // Symmetric to the last bit, so that odd averages vanish.
        (nodes[n - 1 - i], nodes[i]) = (x, -x);
        (weights[n - 1 - i], weights[i]) = (weight, weight);
    }
    (nodes, weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_exact() {
        for n in [2, 5, 14, 20] {
            let (x, w) = gauss_legendre(n);
            for k in (0..2 * n).step_by(2) {
                let sum: f64 = x.iter().zip(&w).map(|(x, w)| w * x.powi(k as i32)).sum();
                let exact = 2.0 / (k as f64 + 1.0);
                assert!((sum / exact - 1.0).abs() < 2e-14, "n = {n}, power {k}: {sum}");
            }
        }
    }
}
