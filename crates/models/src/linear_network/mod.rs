//! Linear networks of two layers from a random start, A = W₂W₁ of width w with entries N(0, σ²), that learn B = A* + E, the entries of A* that are
//! observed, or random products with it.
//!
//! The scalar products of the layers obey equations of their own (`training`) and start as a Wishart matrix, which is drawn by
//! Bartlett's decomposition: the cost does not depend on the width. Of infinite width they start as T = σ²w times 1.

pub mod paper;
mod training;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use nalgebra::{DMatrix, DVector};
use rand_distr::{ChiSquared, Distribution, StandardNormal};

use crate::{Purpose, stream};
use overlaps::model::{
    Control, Description, INVERSE, Measured, Model, ModelError, Point, Quantity, Running, following,
    is_whole, number, words,
};
use overlaps::output::Status;
use training::{Flow, Loss, Network};

/// What it declares.
static LINEAR_NETWORK: LazyLock<Description> = LazyLock::new(|| Description {
    name: "linear-network",
    title: "linear network of two layers from a random start, in time",
    describes: &["linear network from a random start"],
    control: Control { name: "t", meaning: "time, in units of `units`", from: 0.0, to: 20.0 },
    parameters: vec![
        words(
            "units",
            &["relative", "entries"],
            "relative: A and T in units of d, t of 1/d; entries: E_ij ~ N(0, 1)",
        ),
        words(
            "loss",
            &["mse", "completion", "sensing"],
            "B = A* + E, entries of A*, or Gaussian products with A*",
        ),
        number("eta", 0.0, "step size of gradient descent; 0: gradient flow")
            .if_(|x| x >= 0.0 && x.is_finite(), "η ≥ 0 is finite"),
        number("d", 100.0, "dimension: A is d × d").whole(2.0, 2000.0, "d is a whole number from 2 to 2000"),
        number("r", 2.0, "rank of A*").whole(1.0, 1000.0, "r is a whole number, r ≥ 1"),
        number("s_1", 1.0, "largest singular value of A*, over d")
            .if_(|s| s > 0.0 && s.is_finite(), "s_1 > 0"),
        number("s_r", 0.8, "smallest one, over d; evenly between them")
            .if_(|s| s > 0.0 && s.is_finite(), "s_r > 0"),
        number("gamma_sigma2", -1.5, "exponent of the variance, σ² = d^γ").if_(f64::is_finite, "γ is finite"),
        number("gamma_w", 2.2, "exponent of the width, w = d^γ")
            .if_(|x| (0.0..20.0).contains(&x), "0 ≤ γ < 20"),
        following(
            "sigma2",
            "d^gamma_sigma2",
            |of| of("d").powf(of("gamma_sigma2")),
            "variance of the weights at the start",
        )
        .if_(|x| x >= 0.0, "σ² ≥ 0"),
        following(
            "w",
            "d^gamma_w, rounded",
            |of| of("d").powf(of("gamma_w")).round().max(1.0),
            "width; inf: Z starts as T",
        )
        .if_(|w| w == f64::INFINITY || is_whole(w, 1.0, 1e15), "w is a whole number, or inf"),
        following(
            "T",
            "σ²w, in units of `units`",
            |of| of("sigma2") * of("w") / (if of("units") == 0.0 { of("d") } else { 1.0 }),
            "σ²w",
        )
        .if_(|x| x > 0.0 && x.is_finite(), "T > 0 is finite"),
        number("observed", 0.4, "entries that are observed, or products, over d²")
            .if_(|x| x > 0.0 && x <= 1.0, "0 < x ≤ 1"),
        words(
            "data",
            &["reduced", "explicit"],
            "the scalar products of the layers in law, or the layers themselves",
        ),
    ],
    labels: &[],
    quantities: &[
        Quantity { name: "test", meaning: "test error |A − A*|²/d² (in units of entries)" },
        Quantity {
            name: "train",
            meaning: "train error |A − B|²/d²; over |A*|² of what is observed where that is not all",
        },
        Quantity { name: "a_1", meaning: "uᵀAv, of the first singular vectors of the data" },
        Quantity { name: "stable_rank", meaning: "|A|²_F/|A|²_op" },
        Quantity { name: "t_half", meaning: "time at which a_1 is half of its end" },
        Quantity {
            name: "t_half_variance",
            meaning: "squared distance of t_half from the mean of its law at these data, for T ≤ s_1/100",
        },
        Quantity { name: "t_fit", meaning: "time at which `train` is 10⁻⁴, with missing entries" },
        Quantity { name: "unseen", meaning: "|A − A*|²/|A*|² of what is not observed, at t_fit" },
    ],
    certificates: &[],
    corrections: INVERSE,
});

/// The most numbers that layers, or the products of a sensing problem, may have.
const MOST: f64 = 5e7;
/// The train error at which missing entries are looked at.
const FIT: f64 = 1e-4;

/// Linear networks of two layers.
#[derive(Debug, Clone, Copy)]
pub struct LinearNetwork;

/// A data set.
struct Task {
    /// d in the units that are used.
    scale: f64,
    t_0: f64,
    w: f64,
    teacher: DMatrix<f64>,
    data: DMatrix<f64>,
    loss: Loss,
    /// The first singular vectors of the data with their singular value.
    first: (DVector<f64>, DVector<f64>, f64),
    seed: u64,
}

impl Task {
    fn new(at: &Point, seed: u64) -> Task {
        let (d, r) = (at.number("d") as usize, at.number("r") as usize);
        let scale = if at.word("units") == "relative" { 1.0 } else { d as f64 };
        let normal = |index: u64, rows: usize, columns: usize| {
            let rng = stream(seed, d as u64, Purpose::Vector, index);
            let numbers = Distribution::<f64>::sample_iter(StandardNormal, rng);
            DMatrix::<f64>::from_iterator(rows, columns, numbers.take(rows * columns))
        };
        let (s_1, s_r) = (at.number("s_1") * scale, at.number("s_r") * scale);
        let values = DVector::from_fn(r, |i, _| s_1 + (s_r - s_1) * i as f64 / (r.max(2) - 1) as f64);
        let teacher =
            normal(0, d, r).qr().q() * DMatrix::from_diagonal(&values) * normal(1, d, r).qr().q().transpose();
        let observed = at.number("observed");
        let loss = match at.word("loss") {
            "mse" => Loss::Mse,
            "completion" => {
                let uniform = normal(2, d, d).map(|z| 0.5 * libm::erfc(z / std::f64::consts::SQRT_2));
                Loss::Completion(uniform.map(|u| f64::from(u < observed)))
            }
            _ => Loss::Sensing(normal(3, (observed * (d * d) as f64).round().max(1.0) as usize, d * d)),
        };
        let data = match loss {
            Loss::Mse => &teacher + normal(4, d, d) * (scale / d as f64),
            _ => teacher.clone(),
        };
        let svd = data.clone().svd(true, true);
        let first = match (&svd.u, &svd.v_t) {
            (Some(u), Some(v_t)) => {
                (u.column(0).into_owned(), v_t.row(0).transpose(), svd.singular_values[0])
            }
            _ => (DVector::zeros(d), DVector::zeros(d), f64::NAN),
        };
        Task { scale, t_0: at.number("T"), w: at.number("w"), teacher, data, loss, first, seed }
    }

    /// The network at the start.
    fn start(&self, explicit: bool) -> Result<Network, ModelError> {
        let (d, sigma2) = (self.data.nrows(), self.t_0 / self.w);
        if self.w.is_infinite() {
            let identity = DMatrix::identity(d, d) * self.t_0;
            return Ok(Network::Products(DMatrix::zeros(d, d), identity.clone(), identity));
        }
        let mut rng = stream(self.seed, d as u64, Purpose::Weights, self.w as u64);
        let bartlett = !explicit && self.w >= 2.0 * d as f64;
        let rows = if bartlett { 2 * d } else { self.w as usize };
        // The factor of Z: W itself, or Bartlett's, upper triangular.
        let mut factor = DMatrix::<f64>::zeros(rows, 2 * d);
        for (column, mut entries) in factor.column_iter_mut().enumerate() {
            for (row, entry) in entries.iter_mut().enumerate().take(if bartlett { column + 1 } else { rows })
            {
                *entry = if bartlett && row == column {
                    ChiSquared::new(self.w - row as f64)?.sample(&mut rng).sqrt()
                } else {
                    StandardNormal.sample(&mut rng)
                };
            }
        }
        factor *= sigma2.sqrt();
        let (first, second) = (factor.columns(0, d).into_owned(), factor.columns(d, d).into_owned());
        if explicit {
            return Ok(Network::Layers(first, second));
        }
        let (first_t, second_t) = (first.transpose(), second.transpose());
        Ok(Network::Products(&second_t * &first, first_t * first, second_t * second))
    }

    fn gradient(&self, network: &Network) -> DMatrix<f64> {
        self.loss.gradient(network.a() - &self.data)
    }

    /// uᵀAv.
    fn a_1(&self, a: &DMatrix<f64>) -> f64 {
        self.first.0.dot(&(a * &self.first.1))
    }

    fn train(&self, a: &DMatrix<f64>) -> f64 {
        let off = |x: DMatrix<f64>| match &self.loss {
            Loss::Mse => x.norm_squared() / self.scale.powi(2),
            Loss::Completion(observed) => x.component_mul(observed).norm_squared(),
            Loss::Sensing(rows) => (rows * DVector::from_column_slice(x.as_slice())).norm_squared(),
        };
        let rest = off(a - &self.data);
        if let Loss::Mse = self.loss { rest } else { rest / off(self.data.clone()) }
    }

    fn unseen(&self, a: &DMatrix<f64>) -> f64 {
        let missing = |x: DMatrix<f64>| match &self.loss {
            Loss::Completion(observed) => x.zip_map(observed, |x, seen| x * (1.0 - seen)).norm_squared(),
            _ => x.norm_squared(),
        };
        missing(a - &self.teacher) / missing(self.teacher.clone())
    }

    /// The mean of t_half in law: that of T with σ²χ²_w in its place, along the singular vectors.
    fn expected_half(&self) -> f64 {
        let b = self.first.2;
        let psi = if self.w.is_finite() {
            statrs::function::gamma::digamma(self.w / 2.0) - (self.w / 2.0).ln()
        } else {
            0.0
        };
        ((2.0 * b / self.t_0).ln() - psi) / (2.0 * b)
    }

    fn measured(&self, a: &DMatrix<f64>, [half, fit, unseen]: [f64; 3]) -> Measured {
        let law =
            if self.t_0 <= 0.01 * self.first.2 { (half - self.expected_half()).powi(2) } else { f64::NAN };
        let norm = a.clone().singular_values().max();
        let test = (a - &self.teacher).norm_squared() / self.scale.powi(2);
        let rank = a.norm_squared() / (norm * norm);
        let values = vec![test, self.train(a), self.a_1(a), rank, half, law, fit, unseen];
        let status = if test.is_finite() { Status::Converged } else { Status::NotConverged };
        Measured::new(values, status)
    }
}

impl LinearNetwork {
    /// The flow: at every control value, and to where a_1 is half way or the data are fitted.
    fn flow(task: &Task, start: Network, times: &[f64], running: &Running) -> Option<Vec<Measured>> {
        let gradient = |network: &Network| task.gradient(network);
        let past = |network: &Network| match task.loss {
            Loss::Mse => task.a_1(&network.a()) - 0.5 * task.first.2,
            _ => FIT - task.train(&network.a()),
        };
        let mut order: Vec<usize> = (0..times.len()).collect();
        order.sort_by(|a, b| times[*a].total_cmp(&times[*b]));
        let (mut flow, mut crossed, mut seen) = (Flow::new(start, &gradient), None, Vec::new());
        for place in order {
            crossed = crossed.or(flow.go(times[place], Some(&past)));
            seen.push((place, flow.network.a()));
            if (running.interrupted)() {
                return None;
            }
        }
        // As long as the slowest direction that is to be learnt may take.
        let rate = task.first.2.min(1e-2 * task.first.2 + task.t_0);
        let last = flow.t + 40.0 * (1.0 + (1.0 + task.first.2 / task.t_0).ln()) / rate;
        while crossed.is_none() && flow.t < last && flow.network.is_finite() {
            crossed = flow.go((flow.t + last / 200.0).min(last), Some(&past));
            if (running.interrupted)() {
                return None;
            }
        }
        let events = match (crossed, &task.loss) {
            (Some((t, _)), Loss::Mse) => [t, f64::NAN, f64::NAN],
            (Some((t, network)), _) => [f64::NAN, t, task.unseen(&network.a())],
            (None, _) => [f64::NAN; 3],
        };
        seen.sort_by_key(|(place, _)| *place);
        Some(seen.iter().map(|(_, a)| task.measured(a, events)).collect())
    }
}

impl Model for LinearNetwork {
    fn description(&self) -> &'static Description {
        &LINEAR_NETWORK
    }

    fn check(&self, at: &Point, times: &[f64]) -> Result<(), ModelError> {
        let (d, w, eta) = (at.number("d"), at.number("w"), at.number("eta"));
        if at.number("r") > d {
            return Err(format!("r = {} is a rank beyond d = {d}", at.number("r")).into());
        }
        if at.word("data") == "explicit" && 2.0 * d * w > MOST {
            return Err(format!("data = explicit: w = {w} in d = {d} dimensions does not fit; lower w, or use data=reduced, whose cost does not depend on w").into());
        }
        if at.word("loss") == "sensing" && at.number("observed") * d.powi(4) > MOST {
            return Err(format!(
                "loss = sensing: {} products in d = {d} dimensions do not fit; lower d or observed",
                at.number("observed") * d * d
            )
            .into());
        }
        for t in times.iter().filter(|_| eta > 0.0) {
            let steps = t / eta;
            if (steps - steps.round()).abs() > 1e-6 || steps > 1e7 {
                return Err(format!(
                    "t = {t} is {steps} steps of eta = {eta}; choose a whole number of them, 10⁷ or fewer"
                )
                .into());
            }
        }
        Ok(())
    }

    fn run(
        &self,
        at: &Point,
        seed: u64,
        times: &[f64],
        running: &Running,
    ) -> Result<Option<Vec<Measured>>, ModelError> {
        let task = Task::new(at, seed);
        let (eta, mut network) = (at.number("eta"), task.start(at.word("data") == "explicit")?);
        let measured = if eta == 0.0 {
            LinearNetwork::flow(&task, network, times, running)
        } else {
            let mut order: Vec<usize> = (0..times.len()).collect();
            order.sort_by(|a, b| times[*a].total_cmp(&times[*b]));
            let (mut done, mut seen) = (0, Vec::new());
            for place in order {
                while done < (times[place] / eta).round() as u64 {
                    if (running.interrupted)() {
                        return Ok(None);
                    }
                    network.descend(eta, &|network| task.gradient(network));
                    done += 1;
                }
                seen.push((place, task.measured(&network.a(), [f64::NAN; 3])));
            }
            seen.sort_by_key(|(place, _)| *place);
            Some(seen.into_iter().map(|(_, measured)| measured).collect())
        };
        times.iter().for_each(|_| (running.progress)());
        Ok(measured)
    }

    fn controls(&self, _: &[Point]) -> Vec<f64> {
        (1..=10).map(f64::from).collect()
    }

    fn dimensions(&self, _: &[Point]) -> Result<Vec<f64>, ModelError> {
        Ok([50.0, 100.0].into())
    }
}
