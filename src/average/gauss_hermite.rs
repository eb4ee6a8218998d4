//! Gauss–Hermite rules for the weight of N(0, 1).

use nalgebra::{DMatrix, SymmetricEigen};

/// Nodes and weights of the N-point rule for E f(z), z ~ N(0, 1); exact for polynomials up to degree 2N − 1.
///
/// The nodes are the eigenvalues of the Jacobi matrix of the Hermite polynomials He_k (Golub and Welsch 1969),
/// polished by Newton's method on the orthonormal recurrence
/// √(k+1) p_{k+1} = z p_k − √k p_{k−1}; the weights are 1/Σ_{k<N} p_k(z)² (Christoffel numbers).
pub fn gauss_hermite(n: usize) -> (Vec<f64>, Vec<f64>) {
    let jacobi =
        DMatrix::from_fn(n, n, |i, j| if i.abs_diff(j) == 1 { (i.max(j) as f64).sqrt() } else { 0.0 });
    let mut nodes: Vec<f64> = SymmetricEigen::new(jacobi).eigenvalues.iter().copied().collect();
    nodes.sort_by(f64::total_cmp);
    for i in 0..n / 2 {
        // Symmetric to the last bit, so that odd averages vanish.
        let z = polish(n, 0.5 * (nodes[n - 1 - i] - nodes[i]));
        nodes[n - 1 - i] = z;
        nodes[i] = -z;
    }
    if n % 2 == 1 {
        nodes[n / 2] = 0.0;
    }
    let weights = nodes.iter().map(|z| 1.0 / orthonormal(n, *z).sum_of_squares).collect();
    (nodes, weights)
}

struct Orthonormal {
    /// p_n(z)
    value: f64,
    /// p_{n−1}(z); p_n′ = √n p_{n−1}
    previous: f64,
    /// Σ_{k<n} p_k(z)²
    sum_of_squares: f64,
}

fn orthonormal(n: usize, z: f64) -> Orthonormal {
    let (mut previous, mut value, mut sum) = (0.0, 1.0, 0.0);
    for k in 0..n {
        sum += value * value;
        let next = (z * value - (k as f64).sqrt() * previous) / ((k + 1) as f64).sqrt();
        previous = value;
        value = next;
    }
    Orthonormal { value, previous, sum_of_squares: sum }
}

fn polish(n: usize, mut z: f64) -> f64 {
    for _ in 0..3 {
        let p = orthonormal(n, z);
        z -= p.value / ((n as f64).sqrt() * p.previous);
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_the_normal_distribution_are_exact() {
        for n in [2, 5, 16, 33, 96] {
            let (z, w) = gauss_hermite(n);
            let mut moment = 1.0;
            for k in (0..(2 * n).min(40)).step_by(2) {
                if k > 0 {
                    moment *= (k - 1) as f64;
                }
                let sum: f64 = z.iter().zip(&w).map(|(z, w)| w * z.powi(k as i32)).sum();
                assert!((sum / moment - 1.0).abs() < 2e-13, "n = {n}, moment {k}: {sum} {moment}");
            }
        }
    }

    #[test]
    fn the_five_point_rule_is_that_of_abramowitz_and_stegun() {
        // Table 25.10, n = 5, with x = z/√2 and weights over √π.
        let (z, w) = gauss_hermite(5);
        let root2 = std::f64::consts::SQRT_2;
        assert!((z[4] / root2 - 2.020_182_870_456_086).abs() < 1e-14);
        assert!((z[3] / root2 - 0.958_572_464_613_819).abs() < 1e-14);
        assert!((w[2] * std::f64::consts::PI.sqrt() - 0.945_308_720_482_942).abs() < 1e-14);
    }
}
