//! Labels of a teacher w*, |w*|² = ρd: their signs, with logistic probabilities, or w*·x/√d with noise.

use std::sync::LazyLock;

use rand::RngExt;

use super::loss::Loss;
use super::solve::Problem;
use super::{CERTIFICATES, data, fits, measured, penalty, size};
use crate::along::{add, dot, each, normals, whole};
use crate::{Purpose, stream};
use overlaps::model::{
    Control, Description, INVERSE, Measured, Model, ModelError, Parameter, Point, Quantity, Running, number,
};

/// What is learnt from a teacher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Square,
    Hinge,
    Logistic,
    Huber,
    Absolute,
    ElasticNet,
    Lasso,
}

/// Learning from a teacher by empirical risk.
#[derive(Debug, Clone, Copy)]
pub struct Teacher(Kind);

/// All of them.
pub const TEACHERS: [Teacher; 7] = [
    Teacher(Kind::Square),
    Teacher(Kind::Hinge),
    Teacher(Kind::Logistic),
    Teacher(Kind::Huber),
    Teacher(Kind::Absolute),
    Teacher(Kind::ElasticNet),
    Teacher(Kind::Lasso),
];

/// Weights over their root mean square below which they are taken for 0: far above the errors that a gap of 10⁻¹⁰ leaves, and far below
/// all but one in a thousand of those that are not.
const UNCERTAIN: f64 = 1e-3;

const ALPHA: Control = Control { name: "alpha", meaning: "samples per dimension", from: 1e-2, to: 1e3 };
const M: Quantity = Quantity { name: "m", meaning: "overlap with the teacher w·w*/d" };
const Q: Quantity = Quantity { name: "q", meaning: "|w|²/d" };
const GEN_ERROR: Quantity =
    Quantity { name: "gen_error", meaning: "probability of another sign than the teacher's" };
const TRAIN_LOSS: Quantity = Quantity { name: "train_loss", meaning: "mean loss of the samples" };
const ACTIVE: Quantity = Quantity { name: "active", meaning: "fraction of non-zero weights" };
const CLASSIFIED: &[Quantity] = &[M, Q, GEN_ERROR, TRAIN_LOSS];
const ROBUST: &[Quantity] = &[M, Q, Quantity { name: "error", meaning: "error of the weights |w − w*|²/d" }];
const NET: &[Quantity] = &[
    M,
    Q,
    Quantity { name: "gen_error", meaning: "test error without the noise of the label, |w − w*|²/d" },
    Quantity { name: "train_error", meaning: "mean squared training error" },
    ACTIVE,
];
const SPARSE: &[Quantity] = &[Quantity { name: "mse", meaning: "mean squared error |x − x*|²/d" }, ACTIVE];

fn not_negative(name: &str, default: f64, meaning: &str) -> Parameter {
    number(name, default, meaning).if_(|x| x >= 0.0 && x.is_finite(), "it is a finite number, 0 or more")
}

fn positive(name: &str, default: f64, meaning: &str) -> Parameter {
    number(name, default, meaning).if_(|x| x > 0.0 && x.is_finite(), "it is a finite number above 0")
}

fn fraction(default: f64, meaning: &str) -> Parameter {
    number("eps", default, meaning).if_(|x| (0.0..1.0).contains(&x), "it is a fraction, 0 ≤ ε < 1")
}

/// What a model of this kind declares.
fn described(kind: Kind) -> Description {
    let ridge = |default: f64| penalty(default, "ridge penalty, (λ/2)|w|²");
    let outliers = |lambda: f64, noise: f64| {
        let mut parameters = vec![ridge(lambda), fraction(0.3, "fraction of outliers")];
        parameters.push(not_negative("Din", noise, "variance of the noise"));
        parameters.push(not_negative("Dout", 5.0, "variance of the noise of outliers"));
        parameters
    };
    let (name, title, word, own, quantities): (_, _, _, Vec<Parameter>, _) = match kind {
        Kind::Square => (
            "square-loss",
            "classification by least squares, labels of a teacher",
            "least squares of a teacher's signs",
            vec![ridge(0.01)],
            CLASSIFIED,
        ),
        Kind::Hinge => (
            "support-vector-machine",
            "support vector machine (hinge loss), labels of a teacher",
            "support vector machine",
            vec![ridge(1.0)],
            CLASSIFIED,
        ),
        Kind::Logistic => (
            "logistic-teacher",
            "logistic regression of a logistic teacher",
            "logistic teacher",
            vec![ridge(0.1), positive("rho", 1.0, "norm of the teacher |w*|²/d")],
            CLASSIFIED,
        ),
        Kind::Huber => {
            let mut own = outliers(0.1, 1.0);
            own.insert(1, positive("a", 1.0, "where the loss turns linear"));
            own.push(
                number("beta", 0.0, "what outliers know of the teacher").if_(f64::is_finite, "β is finite"),
            );
            ("huber", "regression by the Huber loss, labels with outliers", "huber", own, ROBUST)
        }
        Kind::Absolute => (
            "least-absolute-deviation",
            "regression by absolute deviations, labels with outliers",
            "absolute loss",
            outliers(1.0, 0.1),
            ROBUST,
        ),
        Kind::ElasticNet => (
            "elastic-net",
            "regression by least squares with l1 and l2 penalties, sparse teacher",
            "elastic net",
            vec![
                not_negative("lambda1", 0.2, "penalty λ₁|w|₁"),
                positive("lambda2", 0.1, "penalty (λ₂/2)|w|²"),
                fraction(0.2, "fraction of non-zeros of the teacher, ±1"),
                not_negative("Delta", 0.05, "variance of the label noise"),
            ],
            NET,
        ),
        Kind::Lasso => (
            "lasso",
            "LASSO of a sparse signal",
            "lasso of a sparse signal",
            vec![
                fraction(0.1, "fraction of non-zeros, ±1"),
                not_negative("sigma", 0.2, "standard deviation of the noise"),
                penalty(0.3, "penalty λ|x|₁"),
            ],
            SPARSE,
        ),
    };
    let control = match kind {
        Kind::Lasso => Control { name: "delta", meaning: "measurements per unknown", from: 1e-2, to: 1e2 },
        _ => ALPHA,
    };
    let describes: &'static [&'static str] = Box::leak(Box::new([word]));
    let parameters = own.into_iter().chain(size()).collect();
    let (labels, certificates, corrections): (&[_], _, _) = (&[], CERTIFICATES, INVERSE);
    Description { name, title, describes, control, parameters, labels, quantities, certificates, corrections }
}

/// What they declare.
static DESCRIBED: LazyLock<Vec<Description>> =
    LazyLock::new(|| TEACHERS.map(|teacher| described(teacher.0)).into());

impl Teacher {
    fn loss(self, at: &Point) -> Loss {
        match self.0 {
            Kind::Square | Kind::ElasticNet | Kind::Lasso => Loss::Square,
            Kind::Hinge => Loss::Hinge,
            Kind::Logistic => Loss::Logistic,
            Kind::Huber => Loss::Huber(at.number("a")),
            Kind::Absolute => Loss::Absolute,
        }
    }

    /// w*: normal, or of round(εd) signs; the samples and coordinates are exchangeable.
    fn teacher(self, at: &Point, d: usize, seed: u64) -> Vec<f64> {
        let normal = normals(seed, d, Purpose::Weights, 0).take(d);
        match self.0 {
            Kind::ElasticNet | Kind::Lasso => {
                let some = (at.number("eps") * d as f64).round() as usize;
                normal.enumerate().map(|(i, z)| if i < some { 1f64.copysign(z) } else { 0.0 }).collect()
            }
            _ => {
                let rho = if self.0 == Kind::Logistic { at.number("rho") } else { 1.0 };
                let normal: Vec<f64> = normal.collect();
                let scale = (rho * d as f64 / dot(&normal, &normal)).sqrt();
                normal.iter().map(|z| z * scale).collect()
            }
        }
    }

    /// Labels of samples, from the fields of the teacher.
    fn labels(self, at: &Point, fields: &[f64], d: usize, seed: u64) -> Vec<f64> {
        let noise = normals(seed, d, Purpose::Labels, 0);
        let mut chance = stream(seed, d as u64, Purpose::Labels, 1);
        let label = |(u, z): (&f64, f64)| match self.0 {
            Kind::Square | Kind::Hinge => 1f64.copysign(*u),
            Kind::Logistic => match chance.random::<f64>() * (1.0 + libm::exp(-u)) < 1.0 {
                true => 1.0,
                false => -1.0,
            },
            Kind::Huber | Kind::Absolute => match chance.random::<f64>() < at.number("eps") {
                true => {
                    let knows = if self.0 == Kind::Huber { at.number("beta") } else { 1.0 };
                    knows * u + at.number("Dout").sqrt() * z
                }
                false => u + at.number("Din").sqrt() * z,
            },
            Kind::ElasticNet => u + at.number("Delta").sqrt() * z,
            Kind::Lasso => u + at.number("sigma") * z,
        };
        fields.iter().zip(noise).map(label).collect()
    }

    fn measure(self, at: &Point, alpha: f64, seed: u64) -> Result<Measured, ModelError> {
        let d = at.number("d") as usize;
        let n = whole(self.description().control, alpha, d as f64, 1.0)?;
        let x = data(at, seed, n, d);
        // The matrix of the LASSO has columns of norm 1: w = x √(d/n) stands for its unknowns.
        let unit = if self.0 == Kind::Lasso { (n as f64 / d as f64).sqrt() } else { 1.0 };
        let mut teacher = self.teacher(at, d, seed);
        teacher.iter_mut().for_each(|w| *w /= unit);
        let y = self.labels(at, &x.times(&teacher), d, seed);
        let (l1, l2) = match self.0 {
            Kind::Lasso => (at.number("lambda") * unit, 0.0),
            Kind::ElasticNet => (at.number("lambda1"), at.number("lambda2")),
            _ => (0.0, at.number("lambda")),
        };
        let (l1, l2) = (vec![l1; d], vec![l2; d]);
        let problem = Problem { x: x.as_ref(), y: &y, loss: self.loss(at), l1: &l1, l2: &l2, centre: None };
        let solution = problem.solve();
        let w = &solution.w;
        let per = |sum: f64| sum / d as f64;
        let (m, q, rho) = (per(dot(w, &teacher)), per(dot(w, w)), per(dot(&teacher, &teacher)));
        let mut rest = w.clone();
        add(&mut rest, -1.0, &teacher);
        let error = per(dot(&rest, &rest)) * unit * unit;
        // What the iteration has not brought to 0 yet is no weight: it is as small as the solution is uncertain.
        let active = per(w.iter().filter(|w| w.abs() > UNCERTAIN * q.sqrt()).count() as f64);
        let quantities = match self.0 {
            Kind::Square | Kind::Hinge | Kind::Logistic => {
                let angle = libm::acos((m / (q * rho).sqrt()).clamp(-1.0, 1.0));
                vec![m, q, angle / std::f64::consts::PI, solution.loss]
            }
            Kind::Huber | Kind::Absolute => vec![m, q, error],
            Kind::ElasticNet => vec![m, q, error, 2.0 * solution.loss, active],
            Kind::Lasso => vec![error, active],
        };
        Ok(measured(quantities, &solution))
    }
}

impl Model for Teacher {
    fn description(&self) -> &'static Description {
        &DESCRIBED[TEACHERS.iter().position(|t| t.0 == self.0).unwrap_or(0)]
    }

    fn check(&self, at: &Point, alphas: &[f64]) -> Result<(), ModelError> {
        let control = self.description().control;
        alphas.iter().try_for_each(|alpha| fits(at, whole(control, *alpha, at.number("d"), 1.0)?))
    }

    fn run(
        &self,
        at: &Point,
        seed: u64,
        alphas: &[f64],
        running: &Running,
    ) -> Result<Option<Vec<Measured>>, ModelError> {
        each(alphas, running, |alpha| self.measure(at, alpha, seed))
    }

    fn controls(&self, _: &[Point]) -> Vec<f64> {
        match self.0 {
            Kind::Lasso => (1..=5).map(|i| f64::from(i) / 5.0).collect(),
            _ => (1..=10).map(|i| f64::from(i) / 2.0).collect(),
        }
    }

    fn dimensions(&self, _: &[Point]) -> Result<Vec<f64>, ModelError> {
        let smallest = match self.0 {
            // Many iterations, that do not become fewer.
            Kind::Hinge | Kind::Absolute => 50.0,
            Kind::Lasso => 250.0,
            _ => 100.0,
        };
        Ok([1.0, 2.0, 4.0, 8.0].map(|x| x * smallest).into())
    }
}
