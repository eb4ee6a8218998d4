//! A denoiser with K softmax units of data of three classes, f(x) = c x + Σ_k u_k softmax_k(w·x/√d + b), learnt with as many noise samples for each datum as
//! one likes: the lowest minimum of the loss that `loss` has, for the Gram matrix of the data that `data` draws.

mod data;
mod flow;
mod generated;
mod loss;
mod minimum;

#[cfg(test)]
mod tests;

pub use generated::{Compared, Flowing, UnitsFlow};

use std::sync::LazyLock;

use nalgebra::{DMatrix, DVector};

use crate::along::each;
use data::{CLASSES, Classes, Data};
use loss::{MOST_UNITS, Setting};
use minimum::{Minimum, lowest, of_classes};
use overlaps::model::{
    Control, Description, Following, Measured, Model, ModelError, Parameter, Point, Quantity, ROOTS, Running,
    following, like, number, words,
};
use overlaps::output::{Cell, Status};

/// Quantities of every class and unit.
macro_rules! of_classes_and_units {
    ($name:literal, $meaning:literal) => {
        [
            concat!($name, "_1_1"),
            concat!($name, "_1_2"),
            concat!($name, "_1_3"),
            concat!($name, "_2_1"),
            concat!($name, "_2_2"),
            concat!($name, "_2_3"),
            concat!($name, "_3_1"),
            concat!($name, "_3_2"),
            concat!($name, "_3_3"),
        ]
        .map(|name| Quantity { name, meaning: $meaning })
    };
}

/// What is measured, in the order of `measured`.
static QUANTITIES: LazyLock<Vec<Quantity>> = LazyLock::new(|| {
    let one = |name, meaning| [Quantity { name, meaning }];
    let mut all = Vec::new();
    all.extend(one("loss", "loss on the training data, up to a constant"));
    all.extend(one("c", "coefficient of the linear part"));
    all.extend(of_classes_and_units!("m", "overlap of u_k with the mean of a class"));
    all.extend(one("q", "squared norm of the u, over d"));
    all.extend(of_classes_and_units!("omega", "overlap of w_k with the mean of a class"));
    all.extend(of_classes_and_units!("q_eta", "mean overlap of u_k with the noise of a datum of a class"));
    all.extend(of_classes_and_units!("p_eta", "mean overlap of w_k with the noise of a datum of a class"));
    all.extend(
        ["bias_1", "bias_2", "bias_3"]
            .map(|name| Quantity { name, meaning: "bias of a unit, against the mean of all" }),
    );
    all.extend(one("mse_train", "error of the denoiser on the training data, over d"));
    all.extend(one("mse_test", "error of the denoiser on test data, over d"));
    all
});

/// What it declares.
static UNITS: LazyLock<Description> = LazyLock::new(|| Description {
    name: "denoiser-units",
    title: "denoiser of three classes with K softmax units, first phase",
    describes: &["denoiser of softmax units"],
    control: Control { name: "t", meaning: "time, τ = κt/√d", from: 0.0, to: 100.0 },
    parameters: parameters(),
    labels: &[],
    quantities: &QUANTITIES,
    certificates: &[
        Quantity { name: "units", meaning: "units in use: of the others the bias is −∞" },
        Quantity { name: "gradient_norm", meaning: "norm of the gradient of the loss" },
        Quantity { name: "quadrature_error", meaning: "what the gradient changes by with half the nodes" },
        Quantity { name: "curvature", meaning: "smallest curvature of the loss" },
        Quantity { name: "iterations", meaning: "steps of Newton's method" },
    ],
    corrections: ROOTS,
});

/// The most data, and the most numbers that explicit ones may have.
const MOST_DATA: usize = 100;
const MOST_NUMBERS: f64 = 5e7;
/// A unit is in use for every data set if it lowers the loss by more than this part of it, over √d: several times the scatter of the difference.
const CLEAR: f64 = 0.1;

/// Its parameters, by the names of the theory.
fn parameters() -> Vec<Parameter> {
    let above_0 = |name: &str, default: f64, meaning: &str| {
        number(name, default, meaning).if_(|x| x > 0.0 && x.is_finite(), "it is a finite number above 0")
    };
    let weight = |name: &str, formula: &str, value: Following| {
        following(name, formula, value, "weight of a class in test data")
            .if_(|x| x >= 0.0 && x.is_finite(), "it is a weight, 0 or more")
    };
    let mut all = vec![
        number("C", CLASSES as f64, "classes")
            .if_(|x| x == CLASSES as f64, "this model has three classes, C = 3"),
        number("K", 2.0, "units").whole(2.0, MOST_UNITS as f64, "K = 2 or 3"),
    ];
    for (name, default) in [("n_1", 6.0), ("n_2", 4.0), ("n_3", 2.0)] {
        all.push(number(name, default, "data of a class").whole(
            1.0,
            MOST_DATA as f64,
            "it is a whole number from 1 to 100",
        ));
    }
    for c in 1..=CLASSES {
        for k in 1..=CLASSES {
            let (name, meaning) = (format!("G_{c}_{k}"), "product of class means, over d");
            let default = if c == k { 1.0 } else { 0.0 };
            let own = match (c, k) {
                (2, 1) => like(&name, "G_1_2", meaning),
                (3, 1) => like(&name, "G_1_3", meaning),
                (3, 2) => like(&name, "G_2_3", meaning),
                _ => number(&name, default, meaning),
            };
            all.push(own.if_(f64::is_finite, "it is a finite number"));
        }
    }
    all.extend([
        above_0("sigma", 1.0, "width of a class"),
        above_0("lambda", 0.1, "weight decay of u"),
        above_0("ell", 0.01, "weight decay of w"),
        weight("p_test_1", "n_1/(n_1 + n_2 + n_3)", |x| fraction(x, "n_1")),
        weight("p_test_2", "n_2/(n_1 + n_2 + n_3)", |x| fraction(x, "n_2")),
        weight("p_test_3", "n_3/(n_1 + n_2 + n_3)", |x| fraction(x, "n_3")),
        above_0("kappa", 1.0, "dilation of time in the first phase"),
        number("d", 16000.0, "dimension").whole(
            10.0,
            1e15,
            "d is a whole number of dimensions from 10 to 10¹⁵",
        ),
        words("interpolant", &["linear", "trigonometric"], "interpolant between noise and data"),
        words("data", &["reduced", "explicit"], "scalar products of the data in law, or the data themselves"),
    ]);
    all
}

/// The fraction of a class among the data.
fn fraction(value: &dyn Fn(&str) -> f64, name: &str) -> f64 {
    value(name) / (value("n_1") + value("n_2") + value("n_3"))
}

/// A denoiser of several units.
#[derive(Debug, Clone, Copy)]
pub struct Units;

/// β and α at a time.
fn setting(at: &Point, t: f64) -> Setting {
    let d = at.number("d");
    let beta = at.number("kappa") * t / d.sqrt();
    let alpha = match at.word("interpolant") {
        "trigonometric" => ((1.0 - beta) * (1.0 + beta)).sqrt(),
        _ => 1.0 - beta,
    };
    Setting { d, alpha, beta, lambda: at.number("lambda"), ell: at.number("ell") }
}

/// The classes of the data.
fn classes(at: &Point) -> Classes {
    let means = DMatrix::from_fn(CLASSES, CLASSES, |c, k| at.number(&format!("G_{}_{}", c + 1, k + 1)));
    Classes {
        sigma: at.number("sigma"),
        counts: ["n_1", "n_2", "n_3"].map(|name| at.number(name) as usize),
        means,
    }
}

/// The data set of a seed.
fn drawn(at: &Point, seed: u64) -> Result<Data, ModelError> {
    Data::draw(classes(at), at.number("d") as usize, seed, at.word("data") == "explicit")
}

/// The units in the order of tables: the first is that whose w has the largest overlap with the first class, the second of the others that with the second
/// class, and so on.
fn order(omega: &DMatrix<f64>) -> Vec<usize> {
    let mut left: Vec<usize> = (0..omega.ncols()).collect();
    let mut order = Vec::new();
    for c in 0..omega.ncols() {
        let row = |k: &usize| omega[(c, *k)];
        let Some(place) = (0..left.len()).max_by(|i, j| row(&left[*i]).total_cmp(&row(&left[*j]))) else {
            break;
        };
        order.push(left.remove(place));
    }
    order
}

/// What is measured of a minimum, units out of use as those of no weights and of bias −∞.
fn measured(at: &Point, data: &Data, found: &Minimum) -> Measured {
    let (units, used) = (at.number("K") as usize, found.loss.units);
    let order = order(&data.products(&found.at.a).means);
    let in_order = |x: &DMatrix<f64>| DMatrix::from_fn(x.nrows(), used, |i, k| x[(i, order[k])]);
    let (of_w, of_u) = (data.products(&in_order(&found.at.a)), data.products(&in_order(&found.at.e)));
    let each = |of: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
        let place = |j: usize| (j / MOST_UNITS, j % MOST_UNITS);
        let value = |(c, k): (usize, usize)| match k {
            k if k < used => of(c, k),
            k if k < units => 0.0,
            _ => f64::NAN,
        };
        (0..CLASSES * MOST_UNITS).map(place).map(value).collect()
    };
    let noise = |x: &DMatrix<f64>, c: usize, k: usize| data.mean(c, &x.column(k).into_owned());
    let squared = |x: &DMatrix<f64>| (x.tr_mul(&(&data.gram * x))).trace();
    let (q, r) = (squared(&found.at.e), squared(&found.at.a));
    let Setting { lambda, ell, .. } = found.loss.setting;
    let mean = found.at.b.mean();
    let bias = |k: usize| match k {
        k if k >= units => f64::NAN,
        k if k >= used => f64::NEG_INFINITY,
        // Against a mean of −∞.
        _ if used < units => f64::INFINITY,
        k => found.at.b[order[k]] - mean,
    };
    let mut quantities = vec![found.at.loss, found.at.c];
    quantities.extend(each(&|c, k| of_u.means[(c, k)]));
    quantities.push(q);
    quantities.extend(each(&|c, k| of_w.means[(c, k)]));
    quantities.extend(each(&|c, k| noise(&of_u.noise, c, k)));
    quantities.extend(each(&|c, k| noise(&of_w.noise, c, k)));
    quantities.extend((0..MOST_UNITS).map(bias));
    quantities.push((data.gram.trace() + found.at.loss - lambda * q - ell * r) / data.class.len() as f64);
    quantities.push(test_error(at, data, found));
    let status = if found.converged() { Status::Converged } else { Status::NotConverged };
    let certificates = vec![
        Cell::Integer(used as u64),
        Cell::Number(found.gradient_norm),
        Cell::Number(found.quadrature_error),
        Cell::Number(found.curvature),
        Cell::Integer(found.steps as u64),
    ];
    Measured { certificates, ..Measured::new(quantities, status) }
}

/// E|f(x_t) − x₁|²/d on new data x₁ = μ_c + σz and new noise: by Stein's lemma E[φ_k u·ξ]/d = α/√d Σ_l (u·w_l/d) E ∂φ_k/∂h_l, and
/// E[φ_k u·z]/d likewise with βσ for α.
fn test_error(at: &Point, data: &Data, found: &Minimum) -> f64 {
    let (Setting { alpha, beta, d, .. }, c) = (found.loss.setting, found.at.c);
    let (of_w, of_u) = (data.products(&found.at.a).means, data.products(&found.at.e).means);
    let uu = found.at.e.tr_mul(&(&data.gram * &found.at.e));
    let uw = found.at.e.tr_mul(&(&data.gram * &found.at.a));
    let variance = data.of.sigma * data.of.sigma;
    let fields = found.loss.fields(&found.at, &of_w, alpha * alpha + beta * beta * variance, found.rung);
    let errors = fields.iter().enumerate().map(|(class, (first, second))| {
        let jacobian = DMatrix::from_diagonal(first) - second;
        let turned = uw.dot(&jacobian) / d.sqrt();
        let with_data = of_u.row(class).transpose().dot(first) + variance * beta * turned;
        let whole = data.of.means[(class, class)] + variance;
        let kept = 1.0 - c * beta;
        kept * kept * whole + c * c * alpha * alpha + uu.dot(second) + 2.0 * c * alpha * alpha * turned
            - 2.0 * kept * with_data
    });
    let weights = DVector::from_fn(CLASSES, |c, _| at.number(&format!("p_test_{}", c + 1)));
    errors.zip(weights.iter()).map(|(error, weight)| error * weight).sum::<f64>() / weights.sum()
}

/// Whether every data set has all units in use at a time: their minimum of the mean Gram matrix is clearly below those of fewer units.
fn in_use(at: &Point, classes: &Classes, t: f64) -> Result<(), ModelError> {
    let (units, setting) = (at.number("K") as usize, setting(at, t));
    let lowest = |units: usize| {
        of_classes(setting, classes, units).into_iter().map(|(loss, ..)| loss).fold(f64::INFINITY, f64::min)
    };
    let fewer = (1..units).map(lowest).fold(f64::INFINITY, f64::min);
    let gain = (fewer - lowest(units)) / fewer.abs();
    if gain > CLEAR / setting.d.sqrt() {
        return Ok(());
    }
    let what = match gain.is_finite() && gain > 0.0 {
        true => format!(
            "{units} units lower the loss by {gain:.1e} of it only, and whether a data set has all of them in use is decided by chance"
        ),
        false => format!("{units} units do not lower the loss: fewer are in use"),
    };
    Err(format!("t = {t} at d = {}: {what}; take a larger t or kappa, or fewer units", setting.d).into())
}

/// Whether there are such data, and all units of their denoisers in use.
fn check_data(at: &Point, times: &[f64]) -> Result<(), ModelError> {
    let (d, classes) = (at.number("d"), classes(at));
    let n = classes.counts.iter().sum::<usize>();
    if n > MOST_DATA || d < (n + CLASSES + 1) as f64 {
        return Err(format!(
            "{n} data in d = {d} dimensions: take at most {MOST_DATA}, and d = {} or more",
            n + CLASSES + 1
        )
        .into());
    }
    if at.word("data") == "explicit" && n as f64 * d > MOST_NUMBERS {
        return Err(format!("data = explicit: {n} data in d = {d} dimensions do not fit; lower d, or use data=reduced, whose cost does not depend on d").into());
    }
    if classes.means != classes.means.transpose() {
        return Err("G is not symmetric: set G_1_2, G_1_3 and G_2_3, which the others follow".into());
    }
    if data::root(&classes.means).is_none() {
        return Err("G is not a matrix of scalar products: it has a negative eigenvalue".into());
    }
    for t in times {
        if at.number("kappa") * t >= d.sqrt() {
            return Err(format!(
                "t = {t}: τ = κt/√d is less than 1; take t below {}",
                d.sqrt() / at.number("kappa")
            )
            .into());
        }
        in_use(at, &classes, *t)?;
    }
    Ok(())
}

impl Model for Units {
    fn description(&self) -> &'static Description {
        &UNITS
    }

    fn check(&self, at: &Point, times: &[f64]) -> Result<(), ModelError> {
        if (1..=CLASSES).all(|c| at.number(&format!("p_test_{c}")) == 0.0) {
            return Err("p_test_1, p_test_2 and p_test_3 are all 0: a class has to have a weight".into());
        }
        check_data(at, times)
    }

    fn run(
        &self,
        at: &Point,
        seed: u64,
        times: &[f64],
        running: &Running,
    ) -> Result<Option<Vec<Measured>>, ModelError> {
        let data = drawn(at, seed)?;
        each(times, running, |t| {
            let found = lowest(setting(at, t), &data, at.number("K") as usize, seed);
            Ok(measured(at, &data, &found.ok_or("the Gram matrix of the data is singular to rounding")?))
        })
    }

    fn controls(&self, _: &[Point]) -> Vec<f64> {
        vec![0.2, 0.3, 0.4, 0.5]
    }

    fn dimensions(&self, at: &[Point]) -> Result<Vec<f64>, ModelError> {
        let explicit = at.iter().any(|point| point.word("data") == "explicit");
        let smallest = if explicit { 1000.0 } else { 4000.0 };
        Ok([1.0, 4.0, 16.0, 64.0].map(|x| x * smallest).into())
    }
}
