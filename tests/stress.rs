//! Random parameters over many orders of magnitude: every row is the global minimum, to round-off, or says that
//! it is not converged.
//!
//! The check shares nothing with the engine: energy, gradient and outputs of `first-phase` are written out below,
//! averages are integrated by a tanh-sinh rule on both sides of the step of tanh(a + ρz), and the global minimum
//! comes from a scan over all scales of the slope ρ and the bias with Nelder–Mead from its best points.
//!
//! Ordinary runs take 100 of the points, `tests/thorough` 1000; all 10 000 by
//! `OVERLAPS_STRESS=10000 cargo test --release --test stress -- --ignored --nocapture`.

mod support;

use std::f64::consts::PI;
use std::sync::OnceLock;

use overlaps::solve::Settings;
use overlaps::system::Theory;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use support::{Row, global_rows, job, theory};

const SEED: u64 = 1981;
/// Points of an ordinary run, and of a thorough one.
const SHARE: usize = 100;
const THOROUGH: usize = 1000;

fn points() -> usize {
    std::env::var("OVERLAPS_STRESS").ok().and_then(|n| n.parse().ok()).unwrap_or(THOROUGH)
}

/// Parameters of the first phase, and its time.
#[derive(Debug, Clone, Copy)]
struct Point {
    n: f64,
    p: f64,
    sigma: f64,
    kappa: f64,
    t: f64,
    lambda: f64,
    ell: f64,
}

impl Point {
    fn random(rng: &mut ChaCha8Rng) -> Point {
        fn log(rng: &mut ChaCha8Rng, from: f64, to: f64) -> f64 {
            10f64.powf(rng.random_range(from.log10()..to.log10()))
        }
        let n = log(rng, 2.0, 1e6);
        // Half of the weights are near an end, half anywhere.
        let small = log(rng, 1e-3, 0.5);
        let p = match rng.random_range(0..4) {
            0 => small,
            1 => 1.0 - small,
            _ => rng.random_range(1e-3..1.0 - 1e-3),
        };
        let kt = log(rng, 1e-3, 1e2);
        let t = if rng.random_range(0..2) == 0 { 1.0 } else { rng.random_range(0.05..1.0) };
        Point {
            n,
            p,
            sigma: log(rng, 1e-3, 1e3),
            kappa: kt / t,
            t,
            lambda: log(rng, 1e-8, 1e3),
            ell: log(rng, 1e-8, 1e3),
        }
    }

    fn given(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("n", self.n),
            ("p", self.p),
            ("sigma", self.sigma),
            ("kappa", self.kappa),
            ("lambda", self.lambda),
            ("ell", self.ell),
        ]
    }
}

/// E over z ~ N(0, 1) of functions of t = tanh(a + ρz) and s = 1 − t², times powers of z.
#[derive(Debug, Clone, Copy, Default)]
struct Averages {
    t: f64,
    tt: f64,
    /// z^k s, k = 0, 1.
    s: [f64; 2],
    /// z^k t s, k = 0, 1, 2: half the slope of t², minus half the second derivative of t.
    ts: [f64; 3],
    /// z^k s (s − 2t²), k = 0, 1, 2: half the second derivative of t².
    ss: [f64; 3],
    /// |z| s, for the scale of the gradient.
    abs_zs: f64,
}

/// Nodes of the tanh-sinh rule on [0, 1], as distances from the end, and weights: ∫₀¹ f ≈ Σ w f(x).
fn tanh_sinh(spacing: f64) -> Vec<(f64, f64)> {
    let mut nodes = Vec::new();
    let steps = (4.2 / spacing) as i64;
    for i in -steps..=steps {
        let u = i as f64 * spacing;
        // x = 1/(1 + e^(−π sinh u)), to full relative accuracy also near 0.
        let x = 1.0 / (1.0 + (-PI * u.sinh()).exp());
        let rest = 1.0 / (1.0 + (PI * u.sinh()).exp());
        let w = spacing * PI * u.cosh() * x * rest;
        if w > 1e-40 {
            nodes.push((x, w));
        }
    }
    nodes
}

fn fine() -> &'static [(f64, f64)] {
    static NODES: OnceLock<Vec<(f64, f64)>> = OnceLock::new();
    NODES.get_or_init(|| tanh_sinh(1.0 / 64.0))
}

fn coarse() -> &'static [(f64, f64)] {
    static NODES: OnceLock<Vec<(f64, f64)>> = OnceLock::new();
    NODES.get_or_init(|| tanh_sinh(1.0 / 12.0))
}

const EDGE: f64 = 11.0;

impl Averages {
    fn saturated(sign: f64) -> Averages {
        Averages { t: sign, tt: 1.0, ..Averages::default() }
    }

    fn new(a: f64, rho: f64, rule: &[(f64, f64)]) -> Averages {
        let mut sum = Averages::default();
        let step = if rho > 0.0 { (-a / rho).clamp(-EDGE, EDGE) } else { 0.0 };
        // tanh(a + ρ(step + y)) from the distance y to the step, which a subtraction would spoil.
        let rest = if step.abs() < EDGE && rho > 0.0 { 0.0 } else { a + rho * step };
        let density = 1.0 / (2.0 * PI).sqrt();
        for side in [-1.0, 1.0] {
            let length = EDGE - side * step;
            if length <= 0.0 {
                continue;
            }
            for (x, w) in rule {
                let y = side * length * x;
                let z = step + y;
                let weight = w * length * (-0.5 * z * z).exp() * density;
                if weight < 1e-30 {
                    continue;
                }
                let h = rest + rho * y;
                let em1 = (-2.0 * h.abs()).exp_m1();
                let e = em1 + 1.0;
                let inverse = 1.0 / (1.0 + e);
                let t = (-em1 * inverse).copysign(h);
                // From 1 + e^(−2|h|) − 1 nothing is left of s where it is small.
                let s = if h.abs() > 2.0 { (-2.0 * h.abs()).exp() } else { e } * 4.0 * inverse * inverse;
                sum.t += weight * t;
                sum.tt += weight * t * t;
                let (mut zk, ss) = (weight, s * (s - 2.0 * t * t));
                for k in 0..3 {
                    if k < 2 {
                        sum.s[k] += zk * s;
                    }
                    sum.ts[k] += zk * t * s;
                    sum.ss[k] += zk * ss;
                    zk *= z;
                }
                sum.abs_zs += weight * z.abs() * s;
            }
        }
        sum
    }

    /// E t and E t² alone.
    fn of_energy(a: f64, rho: f64, rule: &[(f64, f64)]) -> (f64, f64) {
        let (mut first, mut second) = (0.0, 0.0);
        let step = if rho > 0.0 { (-a / rho).clamp(-EDGE, EDGE) } else { 0.0 };
        let rest = if step.abs() < EDGE && rho > 0.0 { 0.0 } else { a + rho * step };
        for side in [-1.0, 1.0] {
            let length = EDGE - side * step;
            for (x, w) in rule {
                let y = side * length * x;
                let z = step + y;
                let weight = w * length;
                if z * z > 80.0 || weight < 1e-18 {
                    continue;
                }
                let weight = weight * (-0.5 * z * z).exp();
                let em1 = (-2.0 * (rest + rho * y).abs()).exp_m1();
                let t = (-em1 / (2.0 + em1)).copysign(rest + rho * y);
                first += weight * t;
                second += weight * t * t;
            }
        }
        let density = 1.0 / (2.0 * PI).sqrt();
        (density * first, density * second)
    }
}

/// Energy and its derivatives at a point, in the variables b and ρ = √r.
#[derive(Debug, Clone, Copy)]
struct Energy {
    value: f64,
    gradient: [f64; 2],
    /// Sums of the absolute values of all that the gradient consists of.
    scale: [f64; 2],
    hessian: [[f64; 2]; 2],
}

/// The model with its constants: h_s = s g_s ρ + b + ρ z.
struct Model {
    at: Point,
    n: [f64; 2],
    g: [f64; 2],
    width: f64,
}

const SIGNS: [f64; 2] = [1.0, -1.0];

impl Model {
    fn new(at: Point) -> Model {
        let n = [at.n * at.p, at.n * (1.0 - at.p)];
        let v = at.sigma * at.sigma;
        let width = (1.0 + v / 4.0 * (1.0 / n[0] + 1.0 / n[1])).sqrt();
        let g = n.map(|n| at.kappa * at.t * (1.0 + v / (2.0 * n)) / width);
        Model { at, n, g, width }
    }

    fn averages(&self, rho: f64, b: f64) -> [Averages; 2] {
        [0, 1].map(|i| Averages::new(SIGNS[i] * self.g[i] * rho + b, rho, fine()))
    }

    /// −N/D + ℓρ².
    fn value(&self, rho: f64, b: f64, rule: &[(f64, f64)]) -> f64 {
        let Point { sigma, lambda, ell, .. } = self.at;
        let n = self.n;
        let [e0, e1] = [0, 1].map(|i| Averages::of_energy(SIGNS[i] * self.g[i] * rho + b, rho, rule));
        let signal = n[0] * e0.0 - n[1] * e1.0;
        let numerator = signal * signal + sigma * sigma * (n[0] * e0.0 * e0.0 + n[1] * e1.0 * e1.0);
        -numerator / (lambda + n[0] * e0.1 + n[1] * e1.1) + ell * rho * rho
    }

    fn energy(&self, rho: f64, b: f64) -> Energy {
        let Point { sigma, lambda, ell, .. } = self.at;
        let v = sigma * sigma;
        let e = self.averages(rho, b);
        let n = self.n;
        let signal = n[0] * e[0].t - n[1] * e[1].t;
        let numerator = signal * signal + v * (n[0] * e[0].t * e[0].t + n[1] * e[1].t * e[1].t);
        let d = lambda + n[0] * e[0].tt + n[1] * e[1].tt;
        let value = -numerator / d + ell * rho * rho;
        let mut scale = [0.0, 2.0 * ell * rho];
        // Derivatives of S, N and D; u = (1, s g + z) is the slope of the pre-activation.
        let (mut s1, mut n1, mut d1) = ([0.0; 2], [0.0; 2], [0.0; 2]);
        let (mut s2, mut n2, mut d2) = ([[0.0; 2]; 2], [[0.0; 2]; 2], [[0.0; 2]; 2]);
        for i in 0..2 {
            let (sign, g) = (SIGNS[i], SIGNS[i] * self.g[i]);
            let phi1 = [e[i].s[0], g * e[i].s[0] + e[i].s[1]];
            let size = [e[i].s[0], self.g[i] * e[i].s[0] + e[i].abs_zs];
            let cross = |m: [f64; 3]| {
                let mixed = g * m[0] + m[1];
                [[m[0], mixed], [mixed, g * g * m[0] + 2.0 * g * m[1] + m[2]]]
            };
            let (phi2, phi_squared2) = (cross(e[i].ts), cross(e[i].ss));
            for j in 0..2 {
                s1[j] += sign * n[i] * phi1[j];
                n1[j] += 2.0 * v * n[i] * e[i].t * phi1[j];
                d1[j] += 2.0 * n[i] * if j == 0 { e[i].ts[0] } else { g * e[i].ts[0] + e[i].ts[1] };
                let sizes = (n[0] * e[0].t).abs() + (n[1] * e[1].t).abs() + v * e[i].t.abs();
                scale[j] += 2.0 * n[i] * size[j] / d * (sizes + numerator / d);
                for k in 0..2 {
                    s2[j][k] -= 2.0 * sign * n[i] * phi2[j][k];
                    n2[j][k] += 2.0 * v * n[i] * (phi1[j] * phi1[k] - 2.0 * e[i].t * phi2[j][k]);
                    d2[j][k] += 2.0 * n[i] * phi_squared2[j][k];
                }
            }
        }
        let mut gradient = [0.0, 2.0 * ell * rho];
        let mut hessian = [[0.0, 0.0], [0.0, 2.0 * ell]];
        for j in 0..2 {
            n1[j] += 2.0 * signal * s1[j];
            gradient[j] -= (n1[j] - numerator / d * d1[j]) / d;
        }
        for j in 0..2 {
            for k in 0..2 {
                let n2 = n2[j][k] + 2.0 * (s1[j] * s1[k] + signal * s2[j][k]);
                let mixed = (n1[j] * d1[k] + n1[k] * d1[j]) / d;
                let last = numerator / d * (2.0 * d1[j] * d1[k] / d - d2[j][k]);
                hessian[j][k] -= (n2 - mixed + last) / d;
            }
        }
        Energy { value, gradient, scale, hessian }
    }

    /// Energy of the constant answer.
    fn constant(&self) -> f64 {
        let Point { n, p, sigma, lambda, .. } = self.at;
        -((n * (2.0 * p - 1.0)).powi(2) + n * sigma * sigma) / (lambda + n)
    }

    /// The lowest energy that a scan finds, and where (ρ, b); the constant answer has ρ = 0 and b = ∞.
    fn lowest(&self) -> (f64, f64, f64) {
        let [right, left] = self.g;
        let mut grid: Vec<(f64, f64, f64)> = Vec::new();
        let mut best: Vec<(f64, f64, f64)> = Vec::new();
        let largest = self.g[0].max(self.g[1]);
        let bottom = (1e-4 / largest.max(1.0)).log10();
        let slopes = ((7.0 - bottom) * 4.0) as usize;
        for i in 0..=slopes {
            let rho = 10f64.powf(bottom + (7.0 - bottom) * i as f64 / slopes as f64);
            let mut biases: Vec<f64> = (-9..=9).map(f64::from).collect();
            // Steps at every place of either class; for small slopes these are the same as those above.
            let places = if rho > 0.3 { -7..=7 } else { 0..=0 };
            for k in places {
                let x = 0.8 * f64::from(k);
                biases.extend([rho * (x - right), rho * (left + x)]);
            }
            for k in 1..8 {
                biases.push(rho * (left * f64::from(k) / 8.0 - right * (1.0 - f64::from(k) / 8.0)));
            }
            let row = biases.into_iter().map(|b| (self.value(rho, b, coarse()), rho, b));
            let row: Vec<_> = row.filter(|p| p.0.is_finite()).collect();
            grid.extend(row.iter().copied());
            best.extend(row.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)));
        }
        grid.sort_by(|a, b| a.0.total_cmp(&b.0));
        grid.truncate(1);
        // The best of each slope that is lower than its neighbours; and the best of all.
        let minima = (0..best.len()).filter(|i| {
            (*i == 0 || best[i - 1].0 >= best[*i].0) && (*i + 1 == best.len() || best[i + 1].0 >= best[*i].0)
        });
        let mut starts: Vec<_> = minima.map(|i| best[i]).collect();
        starts.sort_by(|a, b| a.0.total_cmp(&b.0));
        starts.truncate(4);
        starts.extend(grid);
        let refined = starts.into_iter().map(|(_, rho, b)| self.refine(rho, b));
        let constant = (self.constant(), 0.0, f64::INFINITY);
        refined.fold(constant, |a, b| if b.0 < a.0 { b } else { a })
    }

    /// Nelder–Mead in (log ρ, b/(1 + ρ)).
    fn refine(&self, rho: f64, b: f64) -> (f64, f64, f64) {
        let back = |x: [f64; 2]| (x[0].exp(), x[1] * (1.0 + x[0].exp()));
        let f = |x: [f64; 2]| {
            let (rho, b) = back(x);
            let value = self.value(rho, b, fine());
            if value.is_finite() { value } else { f64::INFINITY }
        };
        let x = [rho.ln(), b / (1.0 + rho)];
        let (value, x) = nelder_mead(f, x, 0.2, 120);
        let (rho, b) = back(x);
        (value, rho, b)
    }
}

fn nelder_mead(f: impl Fn([f64; 2]) -> f64, start: [f64; 2], size: f64, steps: usize) -> (f64, [f64; 2]) {
    let mut simplex = [[0.0, 0.0], [size, 0.0], [0.0, size]].map(|d| {
        let x = [start[0] + d[0], start[1] + d[1]];
        (f(x), x)
    });
    for _ in 0..steps {
        simplex.sort_by(|a, b| a.0.total_cmp(&b.0));
        let [best, middle, worst] = simplex;
        if (worst.0 - best.0).abs() <= 1e-16 * best.0.abs() {
            break;
        }
        let along = |k: f64| {
            let x = [0, 1].map(|j| {
                let centre = 0.5 * (best.1[j] + middle.1[j]);
                centre + k * (centre - worst.1[j])
            });
            (f(x), x)
        };
        let reflected = along(1.0);
        simplex[2] = if reflected.0 < best.0 {
            let expanded = along(2.0);
            if expanded.0 < reflected.0 { expanded } else { reflected }
        } else if reflected.0 < middle.0 {
            reflected
        } else {
            let contracted = along(if reflected.0 < worst.0 { 0.5 } else { -0.5 });
            if contracted.0 < worst.0 {
                contracted
            } else {
                simplex[1].1 = [0, 1].map(|j| 0.5 * (best.1[j] + middle.1[j]));
                simplex[1].0 = f(simplex[1].1);
                let x = [0, 1].map(|j| 0.5 * (best.1[j] + worst.1[j]));
                (f(x), x)
            }
        };
    }
    simplex.sort_by(|a, b| a.0.total_cmp(&b.0));
    (simplex[0].0, simplex[0].1)
}

/// What the check of a row found.
#[derive(Debug, Clone, Default)]
struct Outcome {
    /// None for a row that says it is not converged.
    converged: bool,
    gradient: f64,
    step: f64,
    minimum: bool,
    outputs: f64,
    output: String,
    energy: f64,
    /// How far the energy lies above the lowest that the scan found, relative to it.
    above: f64,
    about: String,
}

fn check(system: &Theory, at: Point) -> Outcome {
    let curves = job(&at.given(), &[at.t]).solve(system, Settings::default());
    let model = Model::new(at);
    let rows = global_rows(&curves[0]);
    let Some(row) = rows.first().filter(|r| r.converged) else {
        let lowest = model.lowest();
        let about = format!(
            "{at:?} g {:?}: not converged {:?}, lowest {lowest:?}, constant {}",
            model.g,
            rows.first().map(|r| (r.branch.clone(), r.quadrature_error, r.get("omega"), r.get("b"))),
            model.constant()
        );
        return Outcome { about, ..Outcome::default() };
    };
    compare(&model, row)
}

fn compare(model: &Model, row: &Row) -> Outcome {
    let Point { n: all, p, sigma, lambda, .. } = model.at;
    let v = sigma * sigma;
    let (omega, b) = (row.get("omega"), row.get("b"));
    let rho = omega * model.width;
    let constant = b.is_infinite();
    let mut outcome = Outcome { converged: true, minimum: true, ..Outcome::default() };
    let (energy, e) = if constant {
        (model.constant(), [Averages::saturated(b.signum()); 2])
    } else {
        let energy = model.energy(rho, b);
        let (g, h) = (energy.gradient, energy.hessian);
        outcome.gradient = (0..2).map(|i| (g[i] / energy.scale[i]).abs()).fold(0.0, f64::max);
        // The Newton step that remains: how far the unknowns are from where they should be.
        let determinant = h[0][0] * h[1][1] - h[0][1] * h[1][0];
        let step = [
            (h[1][1] * g[0] - h[0][1] * g[1]) / determinant / b.abs().max(1.0),
            (h[0][0] * g[1] - h[1][0] * g[0]) / determinant / rho,
        ];
        outcome.step = step[0].abs().max(step[1].abs());
        outcome.minimum = h[0][0] > 0.0 && determinant > 0.0;
        (energy.value, model.averages(rho, b))
    };
    outcome.energy = ((row.energy - energy) / energy).abs();
    let lowest = model.lowest();
    // By the rule of the scan.
    let same_rule = if constant { energy } else { model.value(rho, b, fine()) };
    // What rounding makes of S² in both, where the classes cancel: the scan takes the lowest of it.
    let [x, y] = [0, 1].map(|i| model.n[i] * e[i].t);
    let noise = 16.0 * f64::EPSILON * (x.abs() + y.abs()) / (x - y).abs();
    outcome.above = (same_rule - lowest.0) / lowest.0.abs() - noise;
    // Outputs, each with the sum of the absolute values of its terms.
    let n = model.n;
    let phi = [e[0].t, e[1].t];
    let phi2 = [e[0].tt, e[1].tt];
    let d = lambda + n[0] * phi2[0] + n[1] * phi2[1];
    let signal = n[0] * phi[0] - n[1] * phi[1];
    let m = signal / d;
    let m_scale = (n[0] * phi[0].abs() + n[1] * phi[1].abs()) / d;
    let q_eta = [sigma * phi[0] / d, sigma * phi[1] / d];
    let q = m * m + n[0] * q_eta[0] * q_eta[0] + n[1] * q_eta[1] * q_eta[1];
    let q_scale = q + m_scale * m_scale;
    let loss = q * (d - lambda)
        - 2.0 * m * signal
        - 2.0 * sigma * (n[0] * q_eta[0] * phi[0] + n[1] * q_eta[1] * phi[1]);
    let loss_scale = q_scale * d + 2.0 * m_scale * m_scale * d + v;
    let kt = model.at.kappa * model.at.t;
    let [mut square, mut with_class] = [0.0, 0.0];
    for (s, weight) in [(1.0, p), (-1.0, 1.0 - p)] {
        let test = if constant {
            Averages::saturated(b.signum())
        } else {
            Averages::new(kt * s * omega + b, rho, fine())
        };
        square += weight * test.tt;
        with_class += weight * s * test.t;
    }
    let half = |n: f64| if constant { 0.0 } else { sigma * omega / (2.0 * n) };
    for (column, value, scale) in [
        ("m", m, m_scale),
        ("q_eta_plus", q_eta[0], sigma / d),
        ("q_eta_minus", q_eta[1], sigma / d),
        ("p_eta_plus", half(n[0]), half(n[0])),
        ("p_eta_minus", -half(n[1]), half(n[1])),
        ("q", q, q_scale),
        ("r", rho * rho, rho * rho),
        ("mse_train", 1.0 + v + loss / all, 1.0 + v + loss_scale / all),
        ("mse_test", 1.0 + v + q * square - 2.0 * m * with_class, 1.0 + v + q_scale + 2.0 * m_scale),
    ] {
        let found = row.get(column);
        let difference = if found == value { 0.0 } else { (found - value).abs() / scale };
        if difference.is_nan() || difference > outcome.outputs {
            outcome.outputs = difference;
            outcome.output = column.to_string();
        }
    }
    outcome.about = format!("{:?} g {:?} rho {rho:e} lowest {lowest:?} {row:?}", model.at, model.g);
    outcome
}

#[test]
fn first_phase_rows_are_the_global_minimum_or_say_that_they_are_not_converged() {
    global_minima(SHARE);
}

#[test]
#[ignore = "half a minute; tests/thorough"]
fn first_phase_rows_in_large_numbers_are_the_global_minimum() {
    global_minima(points());
}

fn global_minima(points: usize) {
    let system = theory("first-phase");
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let all: Vec<Point> = (0..points).map(|_| Point::random(&mut rng)).collect();
    // Every tenth as a row of the composite.
    let composite = theory("two-phase");
    let system_of = |i: usize| if i.is_multiple_of(10) { &composite } else { &system };
    let outcomes: Vec<Outcome> = all.par_iter().enumerate().map(|(i, at)| check(system_of(i), *at)).collect();
    println!("{} points", all.len());
    let failed: Vec<&Outcome> = outcomes.iter().filter(|o| !o.converged).collect();
    for o in failed.iter().take(60) {
        println!("  {}", o.about);
    }
    println!("not converged: {}", failed.len());
    let worst = |name: &str, value: fn(&Outcome) -> f64, limit: f64| {
        let above =
            outcomes.iter().filter(|o| o.converged && (value(o).is_nan() || value(o) > limit)).count();
        let mut sorted: Vec<&Outcome> = outcomes.iter().filter(|o| o.converged).collect();
        sorted.sort_by(|a, b| value(b).total_cmp(&value(a)));
        println!("{name}: {above} above {limit:e}; largest:");
        for o in sorted.iter().take(if above > 0 { 12 } else { 3 }) {
            println!("    {:e} {} {}", value(o), o.output, o.about);
        }
        above
    };
    let saddles = outcomes.iter().filter(|o| o.converged && !o.minimum);
    let saddles_count = saddles.clone().count();
    println!("not a minimum: {saddles_count}");
    for o in saddles.take(5) {
        println!("    {}", o.about);
    }
    // The gradient to round-off leaves the unknowns free where the energy is nearly flat; this is how far.
    worst("step", |o| o.step, 1e-8);
    let bad = saddles_count
        + worst("gradient", |o| o.gradient, 1e-11)
        + worst("outputs", |o| o.outputs, 1e-11)
        + worst("energy", |o| o.energy, 1e-12)
        + worst("above the lowest", |o| o.above, 3e-13);
    assert_eq!(bad, 0);
    assert!(failed.len() * 100 <= all.len(), "{} of {} rows not converged", failed.len(), all.len());
}

#[test]
fn printed_first_phase_rows_are_roots_of_the_printed_equations() {
    printed_roots(SHARE / 5);
}

#[test]
#[ignore = "half a minute; tests/thorough"]
fn printed_first_phase_rows_in_large_numbers_are_roots_of_the_printed_equations() {
    printed_roots(points() / 10);
}

fn printed_roots(points: usize) {
    let system = theory("first-phase-printed");
    let mut rng = ChaCha8Rng::seed_from_u64(SEED + 1);
    let all: Vec<Point> = (0..points).map(|_| Point::random(&mut rng)).collect();
    let worst: Vec<Option<(f64, Point)>> = all
        .par_iter()
        .map(|at| {
            let curves = job(&at.given(), &[at.t]).solve(&system, Settings::default());
            let rows = global_rows(&curves[0]);
            let row = rows.first().filter(|r| r.converged)?;
            Some((printed_residual(*at, row), *at))
        })
        .collect();
    let failed = worst.iter().filter(|w| w.is_none()).count();
    for (at, _) in all.iter().zip(&worst).filter(|(_, w)| w.is_none()).take(10) {
        println!("  not converged: {at:?}");
    }
    let largest = worst.into_iter().flatten().max_by(|a, b| a.0.total_cmp(&b.0));
    println!("printed: {} points, {failed} not converged, largest residual {largest:?}", all.len());
    assert!(largest.is_none_or(|w| w.0 < 1e-11) && failed == 0);
}

/// The printed equations at a row, the larger relative to the sum of the absolute values of its terms; and the
/// constant answer is not lower.
fn printed_residual(at: Point, row: &Row) -> f64 {
    let Point { n, p, sigma, lambda, ell, .. } = at;
    let (omega, b) = (row.get("omega"), row.get("b"));
    let constant = -((n * (2.0 * p - 1.0)).powi(2) + n * sigma * sigma) / (lambda + n);
    assert!(row.energy <= constant + 3e-13 * constant.abs(), "{at:?}: {} above {constant}", row.energy);
    if b.is_infinite() {
        return 0.0;
    }
    let kt = at.kappa * at.t;
    let e = SIGNS.map(|s| Averages::new(kt * s * omega + b, omega, fine()));
    let mean = |f: fn(&Averages) -> f64| p * f(&e[0]) + (1.0 - p) * f(&e[1]);
    let difference = |f: fn(&Averages) -> f64| p * f(&e[0]) - (1.0 - p) * f(&e[1]);
    let (f, fs) = (mean(|e| e.t), difference(|e| e.t));
    let d = lambda + n * mean(|e| e.tt);
    let numerator = n * n * fs * fs + n * sigma * sigma * f * f;
    let (df, dfs) = (mean(|e| e.s[0]), difference(|e| e.s[0]));
    let (ts, tss) = (mean(|e| e.ts[0]), difference(|e| e.ts[0]));
    let of_b = [d * sigma * df * f, d * n * dfs * fs, -numerator * ts];
    // φ″ = −2φφ′
    let r_hat =
        [2.0 * n / d * sigma * ts * f, 2.0 * n / d * n * tss * fs, n / d * numerator / d * mean(|e| e.ss[0])];
    let scale = n * kt / d;
    let of_omega = [
        omega * ell,
        omega * r_hat[0],
        omega * r_hat[1],
        omega * r_hat[2],
        -scale * sigma * dfs * f,
        -scale * n * df * fs,
        scale * numerator / d * tss,
    ];
    let relative = |terms: &[f64], size: f64| terms.iter().sum::<f64>().abs() / size;
    // Differences of the classes are made of both.
    let size_b =
        d * sigma * df * f.abs() + d * n * df * mean(|e| e.t.abs()) + numerator * mean(|e| e.ts[0].abs());
    let sizes =
        of_omega.iter().map(|x| x.abs()).sum::<f64>() + scale * (sigma * df * f.abs() + n * df * fs.abs());
    relative(&of_b, size_b).max(relative(&of_omega, sizes))
}

#[test]
fn second_phase_rows_are_the_closed_form() {
    closed_forms(SHARE);
}

#[test]
#[ignore = "some seconds; tests/thorough"]
fn second_phase_rows_in_large_numbers_are_the_closed_form() {
    closed_forms(points());
}

fn closed_forms(points: usize) {
    let system = theory("second-phase");
    let mut rng = ChaCha8Rng::seed_from_u64(SEED + 2);
    let mut largest = 0.0f64;
    for _ in 0..points {
        let at = Point::random(&mut rng);
        let Point { n, sigma, lambda, .. } = at;
        let (tau, k) = (rng.random_range(0.0..1.0), rng.random_range(1..5) as f64);
        let mut given = at.given();
        given.retain(|(name, _)| !["kappa", "ell"].contains(name));
        given.push(("k", k));
        let curves = job(&given, &[1.0 + tau]).solve(&system, Settings::default());
        let row = &global_rows(&curves[0])[0];
        // Section "second phase" of the derivation, with the time τ of the row.
        let (beta, v) = (row.control - 1.0, sigma * sigma);
        let alpha = 1.0 - beta;
        let a = (lambda * (1.0 + v) + (n - 1.0) * v) / (lambda + n);
        let noise = 1.0 - 1.0 / (k * (lambda + n));
        let c = beta * a / (beta * beta * a + alpha * alpha * noise);
        // 1 − cβ without cancellation.
        let rest = alpha * alpha * noise / (beta * beta * a + alpha * alpha * noise);
        let m = n * rest / (lambda + n);
        let q_eta = sigma * rest / (lambda + n);
        let xi = c * alpha / (lambda + n);
        let q = m * m + n * q_eta * q_eta + n * xi * xi / k;
        for (column, value, scale) in [
            ("c", c, c),
            ("m", m, n / (lambda + n)),
            ("q_eta_plus", q_eta, sigma / (lambda + n)),
            ("q_eta_minus", -q_eta, sigma / (lambda + n)),
            ("q_xi", -xi / k, xi / k),
            ("q", q, q + m),
            (
                "mse_train",
                (1.0 + v) * rest * rest + c * c * alpha * alpha + q
                    - 2.0 * rest * (m + sigma * q_eta)
                    - 2.0 * c * c * alpha * alpha / (k * (lambda + n)),
                (1.0 + v) * (1.0 + c * c),
            ),
        ] {
            let found = row.get(column);
            let relative = if found == value { 0.0 } else { (found - value).abs() / scale };
            assert!(relative < 1e-13, "{column} at {given:?}, τ = {beta}: {found} {value}");
            largest = largest.max(relative);
        }
    }
    println!("second phase: {points} points, largest difference {largest:e}");
}
