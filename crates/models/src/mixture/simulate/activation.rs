//! Gaussian averages of φ = tanh(h + ρz), z ~ N(0, 1), and of their derivatives, in one pass over the nodes.

use multiversion::multiversion;

use overlaps::average::rule;
use overlaps::numeric::tanh_and_sech2;

/// Averages over z of φ = tanh(h + ρz) and φ′ = 1 − φ².
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    /// Φ = E φ.
    pub phi: f64,
    /// Φ2 = E φ².
    pub phi2: f64,
    /// Φ′ = E φ′ = ∂Φ/∂h.
    pub slope: f64,
    /// E zφ′ = ∂Φ/∂ρ.
    pub z_slope: f64,
    /// E φφ′ = ½ ∂Φ2/∂h.
    pub phi_slope: f64,
    /// E zφφ′ = ½ ∂Φ2/∂ρ.
    pub z_phi_slope: f64,
}

/// The averages by the quadrature rule of a rung of the ladder.
pub fn moments(h: f64, rho: f64, rung: usize) -> Moments {
    if rho == 0.0 {
        let (t, s) = tanh_and_sech2(h);
        return Moments { phi: t, phi2: t * t, slope: s, phi_slope: t * s, ..Moments::default() };
    }
    let rule = rule(rung);
    let [phi, phi2, slope, z_slope, phi_slope, z_phi_slope] = sums(h, rho, &rule.nodes, &rule.weights);
    Moments { phi, phi2, slope, z_slope, phi_slope, z_phi_slope }
}

/// Sums over eight lanes in a fixed order, so that every instruction set gives the same bits.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn sums(h: f64, rho: f64, nodes: &[f64], weights: &[f64]) -> [f64; 6] {
    let mut lanes = [[0.0f64; 8]; 6];
    let (nodes8, nodes_rest) = nodes.as_chunks::<8>();
    let (weights8, weights_rest) = weights.as_chunks::<8>();
    for (z, w) in nodes8.iter().zip(weights8) {
        for i in 0..8 {
            let (t, s) = tanh_and_sech2(h + rho * z[i]);
            let (wt, ws) = (w[i] * t, w[i] * s);
            let wts = wt * s;
            lanes[0][i] += wt;
            lanes[1][i] += wt * t;
            lanes[2][i] += ws;
            lanes[3][i] += ws * z[i];
            lanes[4][i] += wts;
            lanes[5][i] += wts * z[i];
        }
    }
    for (i, (z, w)) in nodes_rest.iter().zip(weights_rest).enumerate() {
        let (t, s) = tanh_and_sech2(h + rho * z);
        for (lane, value) in lanes.iter_mut().zip([t, t * t, s, s * z, t * s, t * s * z]) {
            lane[i] += w * value;
        }
    }
    lanes.map(|l| ((l[0] + l[4]) + (l[1] + l[5])) + ((l[2] + l[6]) + (l[3] + l[7])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use overlaps::average::normal_average;

    #[test]
    fn moments_are_those_of_an_independent_quadrature() {
        for (h, rho) in [(0.3, 0.0), (0.7, 1.0), (-2.5, 0.4), (3.0, 4.0)] {
            let m = moments(h, rho, 9);
            let average = |f: &dyn Fn(f64, f64, f64) -> f64| {
                normal_average(&|z| {
                    let t = f64::tanh(h + rho * z);
                    f(z, t, 1.0 - t * t)
                })
            };
            let pairs = [
                (m.phi, average(&|_, t, _| t)),
                (m.phi2, average(&|_, t, _| t * t)),
                (m.slope, average(&|_, _, s| s)),
                (m.z_slope, average(&|z, _, s| z * s)),
                (m.phi_slope, average(&|_, t, s| t * s)),
                (m.z_phi_slope, average(&|z, t, s| z * t * s)),
            ];
            for (place, (ours, theirs)) in pairs.into_iter().enumerate() {
                assert!((ours - theirs).abs() < 1e-13, "h = {h}, ρ = {rho}, {place}: {ours} {theirs}");
            }
        }
    }
}
