//! The w that minimises Σ loss(y, x·w) + Σ (l1 |w| + l2 w²/2), by approximate message passing with a certificate: at its fixed point
//! −g is the slope of the loss at the predictions and Xᵀg one of the penalty at w, whatever the matrix, and how far the two are from that
//! is the gap between the energy of w and the dual energy of g. It bounds how far w is from the minimum.

use super::loss::Loss;
use crate::along::{add, dot};
use crate::gaussian::Products;

/// Converged is a gap of this part of the energy.
const GAP: f64 = 1e-10;
/// Iterations at most.
const MOST: usize = 400;
/// Parts of what was before that are kept, one attempt after another.
const DAMPING: [f64; 3] = [0.0, 0.3, 0.6];
/// What has this gap has settled, and needs more iterations at most.
const SETTLED: f64 = 1e-6;

/// What is added to the predictions of the matrix: s (v·w)/d, and a bias that is chosen with w (square loss only).
pub(super) struct Centre {
    /// The classes s of the samples, ±1.
    pub s: Vec<f64>,
    /// The centre of class +.
    pub v: Vec<f64>,
    /// Whether there is a bias.
    pub bias: bool,
}

/// What is to be minimised.
pub(super) struct Problem<'p> {
    pub x: &'p dyn Products,
    pub y: &'p [f64],
    pub loss: Loss,
    /// The penalty of each weight.
    pub l1: &'p [f64],
    pub l2: &'p [f64],
    pub centre: Option<Centre>,
}

/// What was found.
pub(super) struct Solution {
    pub w: Vec<f64>,
    pub bias: f64,
    /// Mean loss of the samples.
    pub loss: f64,
    /// Gap over energy.
    pub gap: f64,
    pub iterations: usize,
    pub converged: bool,
}

/// Towards 0 by l1.
fn shrunk(x: f64, l1: f64) -> f64 {
    (x.abs() - l1).max(0.0).copysign(x)
}

impl Problem<'_> {
    /// The minimum; where the iteration does not settle, once more with parts of what was before kept.
    pub fn solve(&self) -> Solution {
        let mut best = self.iterate(DAMPING[0]);
        for kept in &DAMPING[1..] {
            // Slow is not the same as unsettled: it would only be slower.
            if best.gap < SETTLED {
                break;
            }
            let other = self.iterate(*kept);
            if other.gap < best.gap {
                best = other;
            }
        }
        best
    }

    fn iterate(&self, kept: f64) -> Solution {
        let (n, d) = (self.y.len(), self.l2.len());
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let (mut w, mut g, mut u) = (vec![0.0; d], vec![0.0; n], vec![0.0; d]);
        // V, the mean variance of a weight, starts as that of ridge regression with a loss of curvature 1.
        let mut v = 1.0 / (mean(self.l2) + mean(self.l1) + n as f64 / d as f64);
        let mut best = Solution {
            w: w.clone(),
            bias: 0.0,
            loss: f64::NAN,
            gap: f64::INFINITY,
            iterations: 0,
            converged: false,
        };
        for iteration in 0..MOST {
            let mut h = self.x.times(&w);
            let m = self.centre.as_ref().map_or(0.0, |centre| dot(&centre.v, &w) / d as f64);
            if let Some(centre) = &self.centre {
                add(&mut h, m, &centre.s);
            }
            if iteration > 0 {
                let solution = self.judged(iteration, &w, &h, &g, &u);
                if !solution.gap.is_finite() {
                    break;
                }
                if solution.gap < best.gap {
                    best = solution;
                }
                if best.converged {
                    break;
                }
            }
            let mut omega = h;
            add(&mut omega, -v, &g);
            let bias = self.bias(&omega);
            let (mut a, kept) = (0.0, if iteration == 0 { 0.0 } else { kept });
            for ((g, y), omega) in g.iter_mut().zip(self.y).zip(&omega) {
                let (value, slope) = self.loss.proximal(*y, omega + bias, v);
                *g = (1.0 - kept) * value + kept * *g;
                a += slope / d as f64;
            }
            u = self.x.transposed_times(&g);
            if let Some(centre) = &self.centre {
                add(&mut u, dot(&centre.s, &g) / d as f64, &centre.v);
            }
            let mut fields: Vec<f64> = w.iter().zip(&u).map(|(w, u)| a * w + u).collect();
            self.along_the_centre(&mut fields, a, m);
            v = 0.0;
            for (((w, field), l1), l2) in w.iter_mut().zip(fields).zip(self.l1).zip(self.l2) {
                let next = shrunk(field, *l1) / (a + l2);
                v += if next != 0.0 { 1.0 / (a + l2) / d as f64 } else { 0.0 };
                *w = (1.0 - kept) * next + kept * *w;
            }
        }
        best
    }

    /// To a change of the overlap m with the centre the samples answer at once, by −A for each unit of it: the fields with which the new overlap is
    /// the one that they answer to. Left to the next iteration, the answer would be too late where A is large.
    fn along_the_centre(&self, fields: &mut [f64], a: f64, m: f64) {
        let Some(centre) = &self.centre else { return };
        let excess = |new: f64| {
            let answer = a * (m - new);
            let weights = fields.iter().zip(&centre.v).zip(self.l1.iter().zip(self.l2));
            let overlap =
                weights.map(|((field, v), (l1, l2))| v * shrunk(field + v * answer, *l1) / (a + l2));
            overlap.sum::<f64>() / fields.len() as f64 - new
        };
        // The excess falls at least as fast as −m: its zero is nearer than its size. By false position, with the halving of Illinois.
        let first = excess(m);
        let (mut low, mut high) = ((m, first), (m + first, excess(m + first)));
        let mut new = high.0;
        for _ in 0..100 {
            if high.1 == 0.0 || low.1 == high.1 {
                break;
            }
            new = high.0 - high.1 * (high.0 - low.0) / (high.1 - low.1);
            let value = excess(new);
            match value * high.1 < 0.0 {
                true => low = high,
                false => low.1 /= 2.0,
            }
            high = (new, value);
            if value.abs() <= 1e-15 * (1.0 + new.abs()) {
                break;
            }
        }
        add(fields, a * (m - new), &centre.v);
    }

    /// The bias that the square loss wants.
    fn bias(&self, omega: &[f64]) -> f64 {
        let wanted = self.centre.as_ref().is_some_and(|centre| centre.bias);
        let rest = self.y.iter().zip(omega).map(|(y, p)| y - p).sum::<f64>();
        if wanted { rest / self.y.len() as f64 } else { 0.0 }
    }

    /// w with its certificate: predictions h without the bias, dual variables g, and u = Xᵀg.
    fn judged(&self, iterations: usize, w: &[f64], h: &[f64], g: &[f64], u: &[f64]) -> Solution {
        let bias = self.bias(h);
        // Without l2 the dual energy is finite where |u| ≤ l1 only.
        let out =
            u.iter().zip(self.l1).zip(self.l2).filter(|(_, l2)| **l2 == 0.0).map(|((u, l1), _)| u.abs() / l1);
        let shrink = 1.0 / out.fold(1.0, f64::max);
        let (mut loss, mut penalty, mut gap) = (0.0, 0.0, 0.0);
        for ((y, h), g) in self.y.iter().zip(h).zip(g) {
            loss += self.loss.value(*y, h + bias);
            gap += self.loss.gap(*y, h + bias, shrink * g);
        }
        for (((w, u), l1), l2) in w.iter().zip(u).zip(self.l1).zip(self.l2) {
            let (own, u) = (l1 * w.abs() + l2 * w * w / 2.0, shrink * u);
            penalty += own;
            let beyond = shrunk(u, *l1);
            gap += match *l2 > 0.0 {
                // Both parts are squares or products of one sign: nothing cancels.
                true => (l2 * w - beyond).powi(2) / (2.0 * l2) + l1 * w.abs() - w * (u - beyond),
                false => own - w * u,
            };
        }
        let energy = loss + penalty;
        let gap = if energy.is_finite() && gap.is_finite() { (gap / energy).max(0.0) } else { f64::INFINITY };
        let (w, loss) = (w.to_vec(), loss / self.y.len() as f64);
        Solution { w, bias, loss, gap, iterations, converged: gap <= GAP }
    }
}
