//! The denoisers of theory, in the coordinates μ, Σ₊ z, Σ₋ z, Σ₊ x₀, Σ₋ x₀ (unit vectors; sums over the samples of a class).

use crate::mixture::generate::denoiser::{Projected, exact, half_log_odds};
use crate::mixture::generate::error::GenerateError;
use crate::mixture::{Coefficients, Noise, Schedule, Setting};
use overlaps::solve::{Job, Settings};
use overlaps::system::Theory;
use overlaps::value::{Given, Value};

use super::Dimension;

/// Coordinates: μ, Σ z over class +, Σ z over class −, and the same sums of the fixed noise x₀.
pub const COORDINATES: usize = 5;

/// Whose samples are predicted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Source {
    /// The exact denoiser's.
    Exact,
    /// Those of denoisers learnt on n₊ and n₋ samples.
    Learnt {
        /// Training samples of modes + and −.
        n: [usize; 2],
    },
}

/// The systems of equations that predictions are made from.
pub struct Theories {
    finite: Theory,
    first: Theory,
    second: Theory,
}

/// Where in the two limits a time lies as d → ∞.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Phase {
    /// √d τ in the limit.
    First(f64),
    /// τ in the limit.
    Second(f64),
}

impl Phase {
    /// Of a time of the schedule.
    pub fn of(setting: &Setting, t: f64) -> Phase {
        match setting.schedule {
            Schedule::Dilated if t <= 1.0 => Phase::First(setting.kappa * t),
            Schedule::Dilated => Phase::Second(t - 1.0),
            Schedule::Uniform if t == 0.0 => Phase::First(0.0),
            Schedule::Uniform => Phase::Second(0.5 * t),
        }
    }
}

/// Overlaps that make a denoiser.
#[derive(Debug, Clone, Copy)]
struct Found {
    omega: f64,
    b: f64,
    c: f64,
    m: f64,
    q_eta: [f64; 2],
    p_eta: [f64; 2],
    q_xi: f64,
}

impl Theories {
    /// Loads the built-in systems.
    ///
    /// # Errors
    /// None that a user can cause: the files are part of the program.
    pub fn load() -> Result<Theories, GenerateError> {
        Ok(Theories {
            finite: Theory::load("finite-d")?,
            first: Theory::load("first-phase")?,
            second: Theory::load("second-phase")?,
        })
    }

    /// The denoisers at some times, rising.
    ///
    /// # Errors
    /// A theory that does not converge.
    pub fn networks(
        &self,
        setting: &Setting,
        source: Source,
        dimension: Dimension,
        times: &[f64],
    ) -> Result<Vec<Projected>, GenerateError> {
        let n = match source {
            Source::Exact => return Ok(times.iter().map(|t| exact_at(setting, dimension, *t)).collect()),
            Source::Learnt { n } => n,
        };
        if dimension == Dimension::Finite {
            let found = self.solve(&self.finite, "finite-d", setting, n, times)?;
            return Ok(found.into_iter().map(|f| learnt(&f, setting, n)).collect());
        }
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for t in times {
            match Phase::of(setting, *t) {
                // The file's own time is κt; τ of the second phase is its t − 1.
                Phase::First(scale) => {
                    first.push(if setting.kappa > 0.0 { scale / setting.kappa } else { 0.0 })
                }
                Phase::Second(tau) => second.push(1.0 + tau),
            }
        }
        // In the time of these files, which is dilated.
        let setting = &Setting { schedule: Schedule::Dilated, ..*setting };
        let found = self.solve(&self.first, "first-phase", setting, n, &first)?;
        let mut networks: Vec<Projected> = found.into_iter().map(|f| learnt(&f, setting, n)).collect();
        let found = self.solve(&self.second, "second-phase", setting, n, &second)?;
        for (found, t) in found.into_iter().zip(&second) {
            let mut network = learnt(&found, setting, n);
            let tau = t - 1.0;
            (network.w, network.b) = margin(setting, n, setting.interpolant.alpha(tau), tau);
            networks.push(network);
        }
        Ok(networks)
    }

    /// Where in the first phase the global solution jumps, in the dilated time of the setting.
    ///
    /// # Errors
    /// A theory that does not converge.
    pub fn jumps(&self, setting: &Setting, n: [usize; 2]) -> Result<Vec<f64>, GenerateError> {
        let parameters = parameters(&self.first, setting, n);
        self.first.check_values(&parameters)?;
        let curves = Job { parameters, controls: None }.solve(&self.first, Settings::default())?;
        Ok(curves.iter().flat_map(|piece| piece.curve.changes.iter().map(|change| change.control)).collect())
    }

    /// The overlaps of a system at some of its times.
    fn solve(
        &self,
        theory: &Theory,
        name: &'static str,
        setting: &Setting,
        n: [usize; 2],
        times: &[f64],
    ) -> Result<Vec<Found>, GenerateError> {
        if times.is_empty() {
            return Ok(Vec::new());
        }
        let parameters = parameters(theory, setting, n);
        theory.check_values(&parameters)?;
        // Near the end of the second phase the energy is so flat that a search may stop before it has finished.
        let settings = Settings { doubt: false, ..Settings::default() };
        let curves = Job { parameters, controls: Some(times.to_vec()) }.solve(theory, settings)?;
        let mut found = Vec::new();
        for t in times {
            let solution = curves.iter().find_map(|piece| {
                let place = piece.curve.controls.iter().position(|c| c == t)?;
                piece.curve.solution(place).map(|(_, solution)| (piece, solution))
            });
            let Some((piece, solution)) = solution else {
                return Err(GenerateError::NoPrediction { theory: name, t: *t });
            };
            let value = |column: &str| {
                let outputs = &piece.piece.system.outputs;
                let place = outputs.iter().position(|o| o.column == column);
                place.map_or(0.0, |place| solution.certified.outputs[place])
            };
            found.push(Found {
                omega: value("omega"),
                b: value("b"),
                c: value("c"),
                m: value("m"),
                q_eta: [value("q_eta_plus"), value("q_eta_minus")],
                p_eta: [value("p_eta_plus"), value("p_eta_minus")],
                q_xi: value("q_xi"),
            });
        }
        Ok(found)
    }
}

/// The parameters that a system has, with the values of a setting.
fn parameters(theory: &Theory, setting: &Setting, n: [usize; 2]) -> Given {
    let total = (n[0] + n[1]) as f64;
    let known = theory.parameter_names();
    [
        ("n", Value::Number(total)),
        ("p", Value::Number(n[0] as f64 / total)),
        ("sigma", Value::Number(setting.sigma)),
        ("kappa", Value::Number(setting.kappa)),
        ("lambda", Value::Number(setting.lambda)),
        ("ell", Value::Number(setting.ell)),
        ("k", Value::Number(per_datum(setting))),
        ("d", Value::Number(setting.d as f64)),
        ("interpolant", setting.interpolant.name().into()),
        ("schedule", setting.schedule.name().into()),
    ]
    .into_iter()
    .filter(|(name, _)| known.contains(name))
    .map(|(name, value)| (name.to_string(), value))
    .collect()
}

/// Noise samples per datum; infinite for fresh noise.
fn per_datum(setting: &Setting) -> f64 {
    match setting.noise {
        Noise::Fresh => f64::INFINITY,
        Noise::Fixed(k) => k as f64,
    }
}

/// A learnt denoiser in the coordinates: z·w/d is the same for all samples of a class, so that the component of w along the
/// unit vector of Σ z over n_s of them is √n_s times that, and likewise for u; along the k n_s noise samples of a class
/// x₀·u/d = s q_ξ.
fn learnt(found: &Found, setting: &Setting, n: [usize; 2]) -> Projected {
    let root = n.map(|n| (n as f64).sqrt());
    let noise = match setting.noise {
        Noise::Fresh => 0.0,
        Noise::Fixed(k) => (k as f64).sqrt() * found.q_xi,
    };
    Projected {
        c: found.c,
        u: vec![
            found.m,
            root[0] * found.q_eta[0],
            root[1] * found.q_eta[1],
            root[0] * noise,
            -root[1] * noise,
        ],
        w: vec![found.omega, root[0] * found.p_eta[0], root[1] * found.p_eta[1], 0.0, 0.0],
        b: found.b,
    }
}

/// w and b of the second phase as d → ∞, up to a common factor, for x in units of √d: of all (w, b) that saturate the
/// activations of the training samples with their noise, at the same margin, those of least |w|. With L_i the multipliers,
/// w = Σ L_i sⁱ x_tⁱ, and stationarity in b gives both classes the same sum of L: ω = 2β, z·w/d = sβσ/n_s,
/// x₀·w/d = sα/(k n_s), and the margins are equal for b = (α²/k + β²σ²)(1/n₋ − 1/n₊)/2.
fn margin(setting: &Setting, n: [usize; 2], alpha: f64, beta: f64) -> (Vec<f64>, f64) {
    let k = per_datum(setting);
    let [plus, minus] = n.map(|n| n as f64);
    let (of_z, of_noise) = (beta * setting.sigma, alpha / k.sqrt());
    let w = vec![
        2.0 * beta,
        of_z / plus.sqrt(),
        -of_z / minus.sqrt(),
        of_noise / plus.sqrt(),
        -of_noise / minus.sqrt(),
    ];
    (w, 0.5 * (of_noise * of_noise + of_z * of_z) * (1.0 / minus - 1.0 / plus))
}

/// The exact denoiser, which knows μ only.
fn exact_at(setting: &Setting, dimension: Dimension, t: f64) -> Projected {
    let mut one = match (dimension, Phase::of(setting, t)) {
        (Dimension::Finite, _) => exact(setting, setting.path().at(t)),
        (Dimension::Infinite, Phase::First(scale)) => {
            Projected { c: 0.0, u: vec![1.0], w: vec![scale], b: half_log_odds(setting.p) }
        }
        (Dimension::Infinite, Phase::Second(tau)) => {
            let alpha = setting.interpolant.alpha(tau);
            // In units of √d the bias is nothing against w·x.
            Projected { b: 0.0, ..exact(setting, Coefficients { alpha, beta: tau, scale: 1.0 }) }
        }
    };
    one.u.resize(COORDINATES, 0.0);
    one.w.resize(COORDINATES, 0.0);
    one
}
