//! The printed formulas of Results 1 and 2 and Corollaries 1 to 4 of arXiv:2412.07972, and the simulations that each is
//! compared with.

use overlaps::compare::{Measurement, Measurements};
use overlaps_models::model::Setting;

/// One printed formula: where it stands, what it says, and the overlaps that it gives.
pub struct Formula {
    /// Result or corollary.
    pub place: &'static str,
    /// As printed.
    pub text: &'static str,
    /// The overlaps that it gives.
    pub overlaps: &'static [&'static str],
    /// Where it is tested.
    pub experiment: Experiment,
    /// The formula with the measured values of the overlaps on its right side, where it has nothing else there: whether
    /// it is wrong itself, or only what enters it.
    pub relation: Option<Relation>,
}

/// The right side of a formula for the overlap of this name, from the measured ones.
pub type Relation = fn(&Known, &str) -> f64;

/// What the right side of a formula may use.
pub struct Known<'m> {
    /// All measurements.
    pub measurements: &'m Measurements,
    /// One of them.
    pub row: &'m Measurement,
}

impl Known<'_> {
    fn overlap(&self, name: &str) -> f64 {
        let place = self.measurements.overlaps.iter().position(|o| o == name);
        place.map_or(f64::NAN, |place| self.row.overlaps[place])
    }

    fn parameter(&self, name: &str) -> f64 {
        let place = self.measurements.parameters.iter().position(|p| p == name);
        place.and_then(|place| self.row.parameters[place].number()).unwrap_or(f64::NAN)
    }

    /// τ of the second phase as d → ∞.
    fn tau(&self) -> f64 {
        self.row.control - 1.0
    }

    /// 1/(λ + n).
    fn ridge(&self) -> f64 {
        1.0 / (self.parameter("lambda") + self.parameter("n"))
    }

    /// Mean of q_η over the samples of both classes.
    fn q_eta(&self) -> f64 {
        let p = self.parameter("p");
        p * self.overlap("q_eta_plus") + (1.0 - p) * self.overlap("q_eta_minus")
    }
}

/// Which simulations a formula is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Experiment {
    /// First phase at finite n, d → ∞.
    FirstPhase,
    /// Second phase at finite n with fresh noise, d → ∞.
    SecondPhase,
    /// Second phase at finite n with one fixed noise sample per datum, d → ∞.
    SecondPhaseOneSample,
    /// First phase, n → ∞.
    FirstPhaseLimit,
    /// Second phase, n → ∞.
    SecondPhaseLimit,
}

pub const FORMULAS: [Formula; 19] = {
    use Experiment::{FirstPhase, FirstPhaseLimit, SecondPhase, SecondPhaseLimit, SecondPhaseOneSample};
    const fn formula(
        place: &'static str,
        text: &'static str,
        overlaps: &'static [&'static str],
        experiment: Experiment,
    ) -> Formula {
        Formula { place, text, overlaps, experiment, relation: None }
    }
    const fn relation(formula: Formula, relation: Relation) -> Formula {
        Formula { relation: Some(relation), ..formula }
    }
    [
        formula("Result 1", "equations for ω, b and r̂", &["omega", "b"], FirstPhase),
        formula("Result 1", "m = n⟨φs⟩/(λ + n⟨φ²⟩)", &["m"], FirstPhase),
        formula(
            "Result 1",
            "q_η = σ⟨φ⟩/(λ + n⟨φ²⟩), both classes",
            &["q_eta_plus", "q_eta_minus"],
            FirstPhase,
        ),
        formula("Result 1", "p_η = 0", &["p_eta_plus", "p_eta_minus"], FirstPhase),
        formula("Result 1", "c = 0", &["c"], FirstPhase),
        relation(formula("Result 1", "q = m² + n q_η²", &["q"], FirstPhase), |known, _| {
            known.overlap("m").powi(2) + known.parameter("n") * known.q_eta().powi(2)
        }),
        relation(formula("Result 1", "r = ω²", &["r"], FirstPhase), |known, _| {
            known.overlap("omega").powi(2)
        }),
        formula("Corollary 1", "ω = κt", &["omega"], FirstPhaseLimit),
        formula("Corollary 1", "tanh b = 2p − 1", &["b"], FirstPhaseLimit),
        formula(
            "Corollary 1",
            "m = 1, c = q_η = p_η = 0",
            &["m", "c", "q_eta_plus", "q_eta_minus", "p_eta_plus", "p_eta_minus"],
            FirstPhaseLimit,
        ),
        formula("Corollary 2", "error σ² + 1 − ⟨sφ⟩", &["mse_train", "mse_test"], FirstPhaseLimit),
        formula("Result 2", "c", &["c"], SecondPhase),
        relation(formula("Result 2", "m = n(1 − cτ)/(λ + n)", &["m"], SecondPhase), |known, _| {
            known.parameter("n") * known.ridge() * (1.0 - known.overlap("c") * known.tau())
        }),
        relation(
            formula("Result 2", "q_η = sσ(1 − cτ)/(λ + n)", &["q_eta_plus", "q_eta_minus"], SecondPhase),
            |known, overlap| {
                let s = if overlap == "q_eta_plus" { 1.0 } else { -1.0 };
                s * known.parameter("sigma") * known.ridge() * (1.0 - known.overlap("c") * known.tau())
            },
        ),
        // With fresh noise q_ξ = 0.
        relation(formula("Result 2", "q = m² + nσ²q_η² + n q_ξ²", &["q"], SecondPhase), |known, _| {
            let q_eta = known.parameter("sigma") * known.overlap("q_eta_plus");
            known.overlap("m").powi(2) + known.parameter("n") * q_eta * q_eta
        }),
        relation(
            formula(
                "Result 2",
                "q_ξ = c(1 − τ)/(λ + n), noise fixed, k = 1",
                &["q_xi"],
                SecondPhaseOneSample,
            ),
            |known, _| known.overlap("c") * (1.0 - known.tau()) * known.ridge(),
        ),
        formula("Corollary 3", "c = τσ²/(1 + (σ² − 1)τ²)", &["c"], SecondPhaseLimit),
        relation(formula("Corollary 3", "m = 1 − cτ", &["m"], SecondPhaseLimit), |known, _| {
            1.0 - known.overlap("c") * known.tau()
        }),
        formula(
            "Corollary 4",
            "error (1 + σ²)(1 − cτ)² + c²(1 − τ)²",
            &["mse_train", "mse_test"],
            SecondPhaseLimit,
        ),
    ]
};

/// Samples, weight of mode +, dilation of the simulations at finite n.
const FINITE: [(&str, f64); 3] = [("n", 8.0), ("p", 0.75), ("kappa", 2.0)];
/// Dimensions of the extrapolation d → ∞.
const DIMENSIONS: [f64; 4] = [131_072.0, 524_288.0, 2_097_152.0, 8_388_608.0];
/// Times in the two phases, and standard deviations within a mode.
const FIRST: [f64; 3] = [0.25, 0.5, 1.0];
const SECOND: [f64; 2] = [1.3, 1.6];
pub const SIGMAS: [f64; 2] = [1.0, 0.5];
/// Numbers of samples of the extrapolation n → ∞, at a dimension that is infinite for the purpose.
const SAMPLES: [f64; 5] = [48.0, 80.0, 128.0, 208.0, 336.0];
pub const FAR: f64 = 1e12;
/// Times in the first phase for n → ∞: at larger κt the limit is reached only at much larger n.
const FIRST_LIMIT: [f64; 2] = [0.25, 0.5];

impl Experiment {
    /// Names of the printed and the derived system.
    pub fn systems(self) -> [&'static str; 2] {
        match self {
            Experiment::FirstPhase => ["first-phase-printed", "first-phase"],
            Experiment::SecondPhase | Experiment::SecondPhaseOneSample => {
                ["second-phase-printed", "second-phase"]
            }
            Experiment::FirstPhaseLimit => ["first-phase-limit", "first-phase-limit"],
            Experiment::SecondPhaseLimit => ["second-phase-limit-printed", "second-phase-limit"],
        }
    }

    pub fn times(self) -> &'static [f64] {
        match self {
            Experiment::FirstPhase => &FIRST,
            Experiment::FirstPhaseLimit => &FIRST_LIMIT,
            _ => &SECOND,
        }
    }

    /// Whether n is extrapolated too.
    pub fn in_the_limit(self) -> bool {
        matches!(self, Experiment::FirstPhaseLimit | Experiment::SecondPhaseLimit)
    }

    /// The settings to simulate.
    pub fn settings(self) -> anyhow::Result<Vec<Setting>> {
        let mut settings = Vec::new();
        let k = if self == Experiment::SecondPhaseOneSample { 1.0 } else { f64::INFINITY };
        for sigma in SIGMAS {
            let sizes: Vec<(f64, f64)> = if self.in_the_limit() {
                SAMPLES.map(|n| (n, FAR)).to_vec()
            } else {
                DIMENSIONS.map(|d| (FINITE[0].1, d)).to_vec()
            };
            for (n, d) in sizes {
                settings.push(Setting::new(|name| match name {
                    "sigma" => Some(sigma),
                    "n" => Some(n),
                    "d" => Some(d),
                    "k" => Some(k),
                    name => FINITE.iter().find(|(known, _)| *known == name).map(|(_, value)| *value),
                })?);
            }
        }
        Ok(settings)
    }
}
