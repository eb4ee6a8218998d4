//! Gauss–Hermite rules for the weight of N(0, 1).

mod table;

use nalgebra::{DMatrix, SymmetricEigen};

/// Nodes and weights of the N-point rule for E f(z), z ~ N(0, 1); exact for polynomials up to degree 2N − 1.
///
/// The nodes are the zeros of the Hermite polynomial He_N, the weights 1/Σ_{k<N} p_k(z)² (Christoffel numbers) with the
/// orthonormal polynomials p_k.
pub fn gauss_hermite(n: usize) -> (Vec<f64>, Vec<f64>) {
    let positive = table::positive(n).map_or_else(|| computed(n), <[f64]>::to_vec);
    // Symmetric to the last bit, so that odd averages vanish.
    let middle = (n % 2 == 1).then_some(0.0);
    let negative = positive.iter().rev().map(|z| -z);
    let nodes: Vec<f64> = negative.chain(middle).chain(positive.iter().copied()).collect();
    let roots = roots(n);
    let weights = nodes.iter().map(|z| 1.0 / orthonormal(&roots, *z).sum_of_squares).collect();
    (nodes, weights)
}

/// The positive nodes, smallest first: eigenvalues of the Jacobi matrix of the Hermite polynomials (Golub and Welsch 1969),
/// polished by Newton's method on the orthonormal recurrence √(k+1) p_{k+1} = z p_k − √k p_{k−1}.
fn computed(n: usize) -> Vec<f64> {
    let jacobi =
        DMatrix::from_fn(n, n, |i, j| if i.abs_diff(j) == 1 { (i.max(j) as f64).sqrt() } else { 0.0 });
    let mut nodes: Vec<f64> = SymmetricEigen::new(jacobi).eigenvalues.iter().copied().collect();
    nodes.sort_by(f64::total_cmp);
    let roots = roots(n);
    (0..n / 2).rev().map(|i| polish(&roots, 0.5 * (nodes[n - 1 - i] - nodes[i]))).collect()
}

/// √0 … √n
fn roots(n: usize) -> Vec<f64> {
    (0..=n).map(|k| (k as f64).sqrt()).collect()
}

struct Orthonormal {
    /// p_n(z)
    value: f64,
    /// p_{n−1}(z); p_n′ = √n p_{n−1}
    previous: f64,
    /// Σ_{k<n} p_k(z)²
    sum_of_squares: f64,
}

/// With √0 … √n.
fn orthonormal(roots: &[f64], z: f64) -> Orthonormal {
    let (mut previous, mut value, mut sum) = (0.0, 1.0, 0.0);
    for pair in roots.windows(2) {
        sum += value * value;
        let next = (z * value - pair[0] * previous) / pair[1];
        previous = value;
        value = next;
    }
    Orthonormal { value, previous, sum_of_squares: sum }
}

fn polish(roots: &[f64], mut z: f64) -> f64 {
    for _ in 0..3 {
        let p = orthonormal(roots, z);
        z -= p.value / (roots[roots.len() - 1] * p.previous);
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabulated_nodes_are_the_computed_ones() {
        for (n, nodes) in table::TABLE {
            let computed = computed(n);
            assert_eq!(nodes.len(), n / 2);
            for (z, exact) in nodes.iter().zip(&computed) {
                // Newton's method ends within a few units in the last place, which depend on where it starts.
                assert!((z - exact).abs() <= 4.0 * f64::EPSILON * exact, "{n}: {z} {exact}");
            }
        }
    }

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
