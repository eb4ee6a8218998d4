//! The derived second phase against closed forms of others, its limits, and a direct minimisation.

mod support;

use support::{close, one};

/// (α, β) at τ of the linear (0) or the trigonometric (1) interpolant.
fn weights(tau: f64, interpolant: f64) -> (f64, f64) {
    if interpolant == 0.0 { (1.0 - tau, tau) } else { (((1.0 - tau) * (1.0 + tau)).sqrt(), tau) }
}

#[test]
fn balanced_classes_with_one_noise_sample_give_the_result_of_cui_et_al() {
    for n in [2.0, 8.0, 100.0] {
        for sigma in [0.5f64, 1.0, 2.0] {
            for lambda in [0.0, 0.1, 3.0] {
                for (tau, interpolant) in [0.1, 0.5, 0.9].into_iter().flat_map(|t| [(t, 0.0), (t, 1.0)]) {
                    let given = [("n", n), ("sigma", sigma), ("lambda", lambda), ("k", 1.0)];
                    let given = [&given[..], &[("interpolant", interpolant)]].concat();
                    let found = one("second-phase", &given, 1.0 + tau);
                    let (alpha, beta) = weights(found.control - 1.0, interpolant);
                    let s = lambda * (1.0 + sigma * sigma) + (n - 1.0) * sigma * sigma;
                    let c = beta * s / (alpha * alpha * (lambda + n - 1.0) + beta * beta * s);
                    close("c", found.get("c"), c, 1e-13);
                }
            }
        }
    }
}

#[test]
fn the_quoted_values_come_out() {
    // n = 8, λ = 0.1, σ = 1, τ = 0.3 at k = ∞, 1, 4.
    for (k, c) in [(f64::INFINITY, 0.46784), (1.0, 0.52338), (4.0, 0.48059)] {
        close("c", one("second-phase", &[("n", 8.0), ("k", k)], 1.3).get("c"), c, 1e-5);
    }
}

#[test]
fn the_overlaps_minimise_the_loss_of_a_saturated_network() {
    // Independent of the derivation: data of n + 1 orthogonal directions (μ, z¹…zⁿ) and, for k = ∞, the noise
    // integrated out. The loss per dimension of f(x) = c x + u s is quadratic in (c, m, q_η); its minimum over
    // u is a ridge regression, solved here numerically on a grid of c.
    for interpolant in [0.0, 1.0] {
        the_overlaps_minimise_the_loss(interpolant);
    }
}

fn the_overlaps_minimise_the_loss(interpolant: f64) {
    let (n, sigma, lambda, tau) = (8.0f64, 0.7f64, 0.3f64, 0.4f64);
    let (alpha, beta) = weights(tau, interpolant);
    let loss = |c: f64, m: f64, q_eta: f64| {
        let q = m * m + n * q_eta * q_eta;
        let fit = (1.0 + sigma * sigma) * (1.0 - c * beta).powi(2) + c * c * alpha * alpha + q
            - 2.0 * (1.0 - c * beta) * (m + sigma * q_eta);
        n * fit + lambda * q
    };
    let given = [("n", n), ("sigma", sigma), ("lambda", lambda), ("interpolant", interpolant)];
    let found = one("second-phase", &given, 1.0 + tau);
    let (c, m, q_eta) = (found.get("c"), found.get("m"), found.get("q_eta_plus"));
    let best = loss(c, m, q_eta);
    for step in [1e-2, 1e-3] {
        for (dc, dm, dq) in
            [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, -1.0, 0.3), (-1.0, 0.5, 0.5)]
        {
            for sign in [-1.0, 1.0] {
                let d = sign * step;
                assert!(loss(c + d * dc, m + d * dm, q_eta + d * dq) > best);
            }
        }
    }
    close("mse_train", found.get("mse_train") * n + lambda * found.get("q"), best, 1e-13);
}

#[test]
fn the_ends_are_pure_noise_and_pure_data() {
    let start = one("second-phase", &[("n", 8.0)], 1.0);
    assert_eq!(start.get("c"), 0.0);
    close("m", start.get("m"), 8.0 / 8.1, 1e-15);
    for interpolant in [0.0, 1.0] {
        let end = one("second-phase", &[("n", 8.0), ("interpolant", interpolant)], 2.0);
        assert_eq!((end.get("c"), end.get("m"), end.get("mse_test")), (1.0, 0.0, 0.0));
    }
}

#[test]
fn many_samples_give_the_derived_limit_and_its_error() {
    for (sigma, tau, interpolant) in
        [(0.5f64, 0.3f64, 0.0), (1.0, 0.6, 0.0), (0.5, 0.3, 1.0), (2.0, 0.6, 1.0)]
    {
        let given = [("sigma", sigma), ("interpolant", interpolant), ("n", 1e10)];
        let limit = one("second-phase-limit", &given[..2], 1.0 + tau);
        let (alpha, beta) = weights(limit.control - 1.0, interpolant);
        let far = one("second-phase", &given, limit.control);
        for column in ["c", "m", "q", "mse_train", "mse_test"] {
            close(column, far.get(column), limit.get(column), 1e-8);
        }
        // σ²(1−cβ)² + c²α², the other form of the error.
        let c = limit.get("c");
        let error = sigma * sigma * (1.0 - c * beta).powi(2) + (c * alpha).powi(2);
        close("mse", limit.get("mse_test"), error, 1e-14);
    }
}

#[test]
fn the_norm_counts_the_overlaps_with_every_noise_sample() {
    // q = m² + n q_η² + n k q_ξ², q_ξ one sample's overlap.
    let (n, k) = (8.0, 4.0);
    let found = one("second-phase", &[("n", n), ("k", k)], 1.35);
    let q = found.get("m").powi(2) + n * found.get("q_eta_plus").powi(2) + n * k * found.get("q_xi").powi(2);
    close("q", found.get("q"), q, 1e-14);
}
