//! A trained network, measured: overlaps, and the exact loss and gradient at its parameters (with the noise integrated out
//! where it is fresh).

use super::batch::Batch;
use super::network::Network;
use super::rows::BLOCK;
use crate::mixture::simulate::activation::moments;
use crate::mixture::simulate::measure::{Scalars, class_means, gauge, not_negative, rung_for, test_error};
use crate::mixture::simulate::measured::{Branch, Measured};
use crate::mixture::{Coefficients, Noise, Overlaps, Setting};
use overlaps::numeric::tanh_and_sech2;

/// Activations this near to ±1, all of one sign, are those of the constant solution.
const SATURATED: f64 = 0.999;

/// The loss·2/d and its gradient at the parameters of a network.
struct Exact {
    energy: f64,
    gradient_norm: f64,
    phi: Vec<f64>,
}

/// Coefficients of a gradient: of the rows, of u, of w.
struct Direction {
    rows: Vec<f64>,
    u: f64,
    w: f64,
}

impl Direction {
    /// Squared norm, over d.
    fn square(&self, batch: &Batch, network: &Network) -> f64 {
        let mut total = 0.0;
        for block in 0..batch.rows.blocks {
            let (rows, _) = batch.rows.block(block).as_chunks::<BLOCK>();
            for lane in 0..BLOCK {
                let j = block * BLOCK + lane;
                let along: f64 = rows.iter().zip(&self.rows).map(|(row, a)| a * f64::from(row[lane])).sum();
                let x = along + self.u * f64::from(network.u[j]) + self.w * f64::from(network.w[j]);
                total += x * x;
            }
        }
        total / batch.d as f64
    }
}

/// Measures a network at time t.
pub fn measure(setting: &Setting, batch: &Batch, at: Coefficients, network: &Network) -> Measured {
    let (n, d) = (setting.n, batch.d as f64);
    let sum = |x: &[f32]| x.iter().map(|x| f64::from(*x)).sum::<f64>() / d;
    let [uu, uw, ww] = network.norms().map(|x| x / d);
    let (omega, m) = (sum(&network.w), sum(&network.u));
    let scalars = Scalars { omega, m, q: uu, r: ww, uw, b: network.b.value, c: network.c.value };
    let exact = match batch.noise {
        Noise::Fresh => fresh(setting, batch, at, network, &scalars),
        Noise::Fixed(k) => fixed(setting, batch, at, network, &scalars, k),
    };
    let constant = exact.phi.iter().all(|p| p.abs() > SATURATED && p * exact.phi[0] > 0.0);
    let flip = gauge(&batch.labels, omega, exact.phi.first().copied().filter(|_| constant));
    // z itself is not stored: at σ = 0 the data do not contain it.
    let along = |i: usize, which: usize| {
        if setting.sigma == 0.0 {
            return f64::NAN;
        }
        let (u, w) = network.dots(i);
        let (product, mean) = if which == 0 { (u, m) } else { (w, omega) };
        flip * (product / d - batch.labels[i] * mean) / setting.sigma
    };
    let noise = batch.rows.count - n;
    let q_xi = (n..batch.rows.count)
        .map(|x| batch.labels[(x - n) / (noise / n)] * network.dots(x).0 / d)
        .sum::<f64>();
    let trace = batch.squares.iter().sum::<f64>() / d;
    Measured {
        overlaps: Overlaps {
            omega: flip * omega,
            b: flip * network.b.value,
            c: network.c.value,
            m: flip * m,
            q_eta: class_means(&batch.labels, |i| along(i, 0)),
            p_eta: class_means(&batch.labels, |i| along(i, 1)),
            q_xi: flip * q_xi / noise as f64,
            q: uu,
            r: ww,
            mse_train: not_negative(
                (trace + exact.energy - setting.lambda * uu - setting.ell * ww) / n as f64,
            ),
            mse_test: not_negative(test_error(setting, at, &scalars)),
        },
        branch: Some(if constant { Branch::Constant } else { Branch::Informative }),
        loss: 0.5 * (trace + exact.energy),
        energy: exact.energy,
        gradient_norm: exact.gradient_norm,
        quadrature_error: None,
        iterations: network.epoch,
        // A learning rate that is too large ends at infinity.
        converged: exact.energy.is_finite() && exact.gradient_norm.is_finite(),
    }
}

/// Noise integrated out: E φ x_t = β Φ x₁ + α²/√d Φ′ w (Stein's lemma), r = |w|²/d.
fn fresh(setting: &Setting, batch: &Batch, at: Coefficients, network: &Network, s: &Scalars) -> Exact {
    let Coefficients { alpha, beta, scale } = at;
    let (n, d) = (setting.n, batch.d as f64);
    let gamma = alpha * alpha / d.sqrt();
    let rho = alpha * s.r.sqrt();
    let rung = rung_for(rho);
    let trace = batch.squares.iter().sum::<f64>() / d;
    let spread = n as f64 * alpha * alpha + beta * beta * trace;
    let products: Vec<(f64, f64)> = (0..n).map(|i| network.dots(i)).map(|(u, w)| (u / d, w / d)).collect();
    let rows: Vec<_> = products.iter().map(|(_, w)| moments(scale * w + s.b, rho, rung)).collect();
    let phi2: f64 = rows.iter().map(|row| row.phi2).sum();
    let slope: f64 = rows.iter().map(|row| row.slope).sum();
    let with_u: f64 = rows.iter().zip(&products).map(|(row, (u, _))| row.phi * u).sum();
    let linear = s.c * beta - 1.0;
    let energy = s.c * s.c * spread - 2.0 * s.c * beta * trace
        + s.q * (phi2 + setting.lambda)
        + 2.0 * linear * with_u
        + 2.0 * s.c * gamma * s.uw * slope
        + setting.ell * s.r;
    let across = s.q - 2.0 * s.c * gamma * s.uw;
    let mut by_width = 0.0;
    let by_field: Vec<f64> = (rows.iter().zip(&products))
        .map(|(row, (u, _))| {
            let along = 2.0 * linear * u;
            by_width += along * row.z_slope + 2.0 * across * row.z_phi_slope;
            along * row.slope + 2.0 * across * row.phi_slope
        })
        .collect();
    let by_u = Direction {
        rows: rows.iter().map(|row| 2.0 * linear * row.phi).collect(),
        u: 2.0 * (phi2 + setting.lambda),
        w: 2.0 * s.c * gamma * slope,
    };
    let width = if s.r > 0.0 { alpha * by_width / s.r.sqrt() } else { 0.0 };
    let by_w = Direction {
        rows: by_field.iter().map(|f| scale * f).collect(),
        u: 2.0 * s.c * gamma * slope,
        w: width + 2.0 * setting.ell,
    };
    let by_b: f64 = by_field.iter().sum();
    let by_c = 2.0 * (s.c * spread - beta * trace + beta * with_u + gamma * s.uw * slope);
    let phi = rows.iter().map(|row| row.phi).collect();
    Exact { energy, gradient_norm: norm(batch, network, scale, by_u, by_w, by_b, by_c), phi }
}

/// Fixed noise: nothing to integrate.
fn fixed(
    setting: &Setting,
    batch: &Batch,
    at: Coefficients,
    network: &Network,
    s: &Scalars,
    k: usize,
) -> Exact {
    let Coefficients { alpha, beta, .. } = at;
    let (n, d, inverse) = (setting.n, batch.d as f64, 1.0 / k as f64);
    let root_d = d.sqrt();
    let mut by_u = Direction { rows: vec![0.0; n * (1 + k)], u: 2.0 * setting.lambda, w: 0.0 };
    let mut by_w = Direction { rows: vec![0.0; n * (1 + k)], u: 0.0, w: 2.0 * setting.ell };
    let (mut energy, mut by_b, mut by_c, mut phis) = (0.0, 0.0, 0.0, Vec::new());
    for j in 0..n * k {
        let (i, x) = (j / k, n + j);
        let ((data_u, data_w), (noise_u, noise_w)) = (network.dots(i), network.dots(x));
        let (phi, slope) = tanh_and_sech2((alpha * noise_w + beta * data_w) / root_d + s.b);
        let (along_x, along_data) = ((alpha * noise_u + beta * data_u) / d, data_u / d);
        let [square, cross] = batch.fixed[j].map(|x| x / d);
        let data = batch.squares[i] / d;
        let spread = alpha * alpha * square + 2.0 * alpha * beta * cross + beta * beta * data;
        let target = alpha * cross + beta * data;
        energy += inverse
            * (s.c * s.c * spread - 2.0 * s.c * target
                + s.q * phi * phi
                + 2.0 * phi * (s.c * along_x - along_data));
        let field = 2.0 * inverse * slope * (s.q * phi + s.c * along_x - along_data);
        by_u.rows[i] += 2.0 * inverse * (s.c * beta - 1.0) * phi;
        by_u.rows[x] = 2.0 * inverse * s.c * alpha * phi;
        by_u.u += 2.0 * inverse * phi * phi;
        by_w.rows[i] += root_d * beta * field;
        by_w.rows[x] = root_d * alpha * field;
        by_b += field;
        by_c += 2.0 * inverse * (s.c * spread - target + phi * along_x);
        phis.push(phi);
    }
    energy += setting.lambda * s.q + setting.ell * s.r;
    let scale = at.scale.max(root_d * alpha);
    Exact { energy, gradient_norm: norm(batch, network, scale, by_u, by_w, by_b, by_c), phi: phis }
}

/// Norm of the gradient in (u/√d, s w/√d, b, c).
fn norm(batch: &Batch, network: &Network, scale: f64, u: Direction, w: Direction, b: f64, c: f64) -> f64 {
    let scale = scale.max(1.0);
    let vectors = u.square(batch, network) + w.square(batch, network) / (scale * scale);
    (vectors + b * b + c * c).sqrt()
}
