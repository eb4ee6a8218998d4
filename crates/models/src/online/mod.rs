//! Online learning, every example used once: soft committee machines, a perceptron, a linear unit, and two clusters by logistic
//! regression. What is simulated is the law of the overlaps at N dimensions (`chain`).

mod chain;

#[cfg(test)]
mod tests;

use std::f64::consts::{PI, SQRT_2};
use std::sync::LazyLock;

use crate::along::whole;
use chain::{Chain, Rule};
use overlaps::model::{
    Control, Description, INVERSE, Measured, Model, ModelError, Parameter, Point, Quantity, Running, number,
    words,
};
use overlaps::output::Status;

/// What learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Committee,
    Perceptron,
    Regression,
    Clusters,
}

/// Online learning.
#[derive(Debug, Clone, Copy)]
pub struct Online(Kind);

/// All of them.
pub const ONLINE: [Online; 4] =
    [Online(Kind::Committee), Online(Kind::Perceptron), Online(Kind::Regression), Online(Kind::Clusters)];

const R: Quantity = Quantity { name: "R", meaning: "overlap with the teacher" };
const Q: Quantity = Quantity { name: "Q", meaning: "norm of the weights" };
const ERROR: Quantity = Quantity { name: "error", meaning: "generalisation error" };

fn positive(name: &str, default: f64, meaning: &str) -> Parameter {
    number(name, default, meaning).if_(|x| x > 0.0 && x.is_finite(), "it is a finite number above 0")
}

fn not_negative(name: &str, default: f64, meaning: &str) -> Parameter {
    number(name, default, meaning).if_(|x| x >= 0.0 && x.is_finite(), "it is a finite number, 0 or more")
}

fn overlap(name: &str, default: f64, meaning: &str) -> Parameter {
    number(name, default, meaning).if_(|x| x.abs() < 1.0, "it is an overlap between −1 and 1")
}

/// What a model of this kind declares.
fn described(kind: Kind) -> Description {
    let rate = |default: f64| positive("eta", default, "learning rate, in units of 1/N");
    let units = |name: &str, meaning: &str| {
        number(name, 2.0, meaning).whole(1.0, 8.0, "it is a whole number of units from 1 to 8")
    };
    let (name, title, describes, quantities, own): (_, _, &[&str], &[Quantity], _) = match kind {
        Kind::Committee => (
            "soft-committee",
            "online learning in soft committee machines (erf units)",
            &["online soft committee"],
            &[
                Quantity { name: "R_1_1", meaning: "overlap of the first unit with its own of the teacher" },
                Quantity { name: "R_1_2", meaning: "overlap of the first unit with another of the teacher" },
                Quantity { name: "Q_1_1", meaning: "norm of the first unit" },
                Quantity { name: "Q_1_2", meaning: "overlap of two units" },
                ERROR,
            ],
            vec![
                units("K", "units of the student"),
                units("M", "units of the teacher, orthogonal and of norm 1"),
                rate(0.8),
                not_negative("sigma", 0.0, "noise of the labels"),
                overlap("R_0", 0.2, "overlap of a unit with its own of the teacher at the start"),
                positive("Q_0", 0.5, "norm of the weights of a unit at the start"),
            ],
        ),
        Kind::Perceptron => (
            "perceptron-online",
            "online learning of a perceptron with a teacher",
            &["online perceptron"],
            &[R, Q, Quantity { name: "rho", meaning: "angle to the teacher, as cosine" }, ERROR],
            vec![
                words("algorithm", &["perceptron", "hebb", "adatron"], "what a weight moves by"),
                positive("eta", 1.0, "learning rate"),
                overlap("rho_0", 0.0, "overlap at the start"),
            ],
        ),
        Kind::Regression => (
            "online-regression",
            "online learning of a linear unit by gradient descent",
            &["online linear unit"],
            &[R, Q, ERROR],
            vec![
                rate(0.5),
                not_negative("sigma", 0.3, "noise of the labels"),
                not_negative("Q_0", 0.5, "norm of the initial weights"),
            ],
        ),
        Kind::Clusters => (
            "gaussian-mixture-online",
            "online learning of two clusters by logistic regression",
            &["online clusters"],
            &[Quantity { name: "m", meaning: "overlap of the weights with the centre" }, Q, ERROR],
            vec![
                rate(1.0),
                positive("sigma", 0.8, "width of the clusters, whose centres are ±v with |v| = 1"),
                positive("Q_0", 0.1, "norm of the initial weights"),
            ],
        ),
    };
    let d = number("d", 1000.0, "dimension N").whole(
        32.0,
        1e8,
        "d is a whole number of dimensions from 32 to 10⁸",
    );
    Description {
        name,
        title,
        describes,
        control: Control { name: "alpha", meaning: "examples per weight: time", from: 0.0, to: 1e4 },
        parameters: own.into_iter().chain([d]).collect(),
        labels: &[],
        quantities,
        certificates: &[],
        corrections: INVERSE,
    }
}

/// What they declare.
static DESCRIBED: LazyLock<Vec<Description>> =
    LazyLock::new(|| ONLINE.map(|online| described(online.0)).into());

/// g(x) = erf(x/√2), the activation of a unit.
fn activation(x: f64) -> f64 {
    libm::erf(x / SQRT_2)
}

impl Online {
    /// Students, and the overlaps at the start.
    fn start(self, at: &Point) -> (usize, Vec<f64>) {
        let pair = |q: f64, r: f64| (1, vec![q, r, r, 1.0]);
        match self.0 {
            Kind::Committee => {
                let (k, m) = (at.number("K") as usize, at.number("M") as usize);
                let (size, mut overlaps) = (k + m, vec![0.0; (k + m) * (k + m)]);
                (0..size).for_each(|i| overlaps[i * size + i] = if i < k { at.number("Q_0") } else { 1.0 });
                for i in 0..k.min(m) {
                    overlaps[i * size + k + i] = at.number("R_0");
                    overlaps[(k + i) * size + i] = at.number("R_0");
                }
                (k, overlaps)
            }
            Kind::Perceptron => pair(1.0, at.number("rho_0")),
            Kind::Regression | Kind::Clusters => pair(at.number("Q_0"), 0.0),
        }
    }

    /// What an example does to the weights.
    fn rule(self, at: &Point) -> Rule {
        let eta = at.number("eta");
        let sigma = if self.0 == Kind::Perceptron { 0.0 } else { at.number("sigma") };
        match self.0 {
            Kind::Committee => {
                let students = at.number("K") as usize;
                Box::new(move |example, _, by| {
                    let output = |fields: &[f64]| fields.iter().map(|x| activation(*x)).sum::<f64>();
                    let (own, teacher) = example.fields.split_at(students);
                    let rest = output(teacher) + sigma * example.noise - output(own);
                    let slope = |x: f64| (2.0 / PI).sqrt() * libm::exp(-x * x / 2.0);
                    by.moves.iter_mut().zip(own).for_each(|(by, x)| *by = eta * slope(*x) * rest);
                })
            }
            Kind::Perceptron => {
                let algorithm = at.word("algorithm").to_string();
                Box::new(move |example, _, by| {
                    let (x, y) = (example.fields[0], example.fields[1]);
                    let size = match algorithm.as_str() {
                        "hebb" => 1.0,
                        _ if x * y > 0.0 => 0.0,
                        "adatron" => x.abs(),
                        _ => 1.0,
                    };
                    by.moves[0] = eta * size * 1f64.copysign(y);
                })
            }
            Kind::Regression => Box::new(move |example, _, by| {
                by.moves[0] = eta * (example.fields[1] + sigma * example.noise - example.fields[0]);
            }),
            Kind::Clusters => {
                let n = at.number("d");
                // ζ = √N (label × input) = v + σξ, of which h = m + σx is the margin.
                Box::new(move |example, overlaps, by| {
                    let margin = overlaps[1] + sigma * example.fields[0];
                    by.moves[0] = eta / (1.0 + libm::exp(margin));
                    by.fields[0] = margin;
                    by.fields[1] = 1.0 + sigma * example.fields[1];
                    by.square = sigma * sigma * example.square + (1.0 + 2.0 * sigma * example.fields[1]) / n;
                })
            }
        }
    }

    fn measured(self, at: &Point, chain: &Chain) -> Measured {
        let (q, r) = (chain.overlap(0, 0), chain.overlap(0, chain.students));
        let quantities = match self.0 {
            Kind::Committee => {
                let (k, size) = (chain.students, chain.vectors);
                let sign = |f: usize| if f < k { -1.0 } else { 1.0 };
                let unit = |f: usize| 1.0 + chain.overlap(f, f);
                let part = |f: usize, g: usize| {
                    let angle = chain.overlap(f, g) / (unit(f) * unit(g)).sqrt();
                    sign(f) * sign(g) * libm::asin(angle) / PI
                };
                let error = (0..size).map(|f| (0..size).map(|g| part(f, g)).sum::<f64>()).sum();
                let other = if size > k + 1 { chain.overlap(0, k + 1) } else { f64::NAN };
                let both = if k > 1 { chain.overlap(0, 1) } else { f64::NAN };
                vec![r, other, q, both, error]
            }
            Kind::Perceptron => {
                let rho = r / q.sqrt();
                vec![r, q, rho, libm::acos(rho.clamp(-1.0, 1.0)) / PI]
            }
            Kind::Regression => vec![r, q, (1.0 - 2.0 * r + q) / 2.0],
            Kind::Clusters => vec![r, q, 0.5 * libm::erfc(r / (at.number("sigma") * (2.0 * q).sqrt()))],
        };
        Measured::new(quantities, Status::Converged)
    }
}

impl Model for Online {
    fn description(&self) -> &'static Description {
        &DESCRIBED[ONLINE.iter().position(|online| online.0 == self.0).unwrap_or(0)]
    }

    fn check(&self, at: &Point, alphas: &[f64]) -> Result<(), ModelError> {
        let control = self.description().control;
        alphas.iter().try_for_each(|alpha| whole(control, *alpha, at.number("d"), 0.0).map(drop))
    }

    fn run(
        &self,
        at: &Point,
        seed: u64,
        alphas: &[f64],
        running: &Running,
    ) -> Result<Option<Vec<Measured>>, ModelError> {
        let (d, control) = (at.number("d"), self.description().control);
        let (students, overlaps) = self.start(at);
        let mut chain = Chain::new(students, overlaps, d as u64, seed)?;
        let rule = self.rule(at);
        let mut order: Vec<usize> = (0..alphas.len()).collect();
        order.sort_by(|a, b| alphas[*a].total_cmp(&alphas[*b]));
        let mut measured = vec![None; alphas.len()];
        for place in order {
            if !chain.learn(whole(control, alphas[place], d, 0.0)? as u64, running, &rule) {
                return Ok(None);
            }
            measured[place] = Some(self.measured(at, &chain));
            (running.progress)();
        }
        Ok(measured.into_iter().collect())
    }

    fn controls(&self, _: &[Point]) -> Vec<f64> {
        let longest = if self.0 == Kind::Committee { 200.0 } else { 20.0 };
        (0..=20).map(|i| f64::from(i) / 20.0 * longest).collect()
    }

    fn dimensions(&self, _: &[Point]) -> Result<Vec<f64>, ModelError> {
        let smallest = if self.0 == Kind::Committee { 250.0 } else { 1000.0 };
        Ok([1.0, 2.0, 4.0, 8.0].map(|x| x * smallest).into())
    }
}
