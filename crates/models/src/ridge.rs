//! Ridge regression, teacher and student: y = w*·x/√d + √Δ ε for n = αd samples x ~ N(0, I), |w*|² = d, and the w that
//! minimises ½ Σ (y − w·x/√d)² + (λ/2)|w|².
//!
//! Explicit, the n×d matrix X is drawn. Reduced in law, it is brought to its bidiagonal form X = U B Vᵀ by reflections, of
//! which only the lengths of Gaussian vectors remain (Golub and Kahan; Dumitriu and Edelman, J. Math. Phys. 43, 5830 (2002)):
//! entries χ_n, χ_{n−1}, … on the diagonal and χ_{d−1}, χ_{d−2}, … beside it. Teacher and noise are rotated into themselves in
//! law, so that a data set costs O(d).

use std::sync::LazyLock;

use nalgebra::{Cholesky, DMatrix, DVector};
use rand_distr::{ChiSquared, Distribution, StandardNormal};

use crate::{Purpose, stream};
use overlaps::model::{
    Control, Description, Measured, Model, ModelError, Point, Quantity, ROOTS, Running, number, words,
};
use overlaps::output::Status;

/// What it declares.
static RIDGE: LazyLock<Description> = LazyLock::new(|| Description {
    name: "ridge",
    title: "ridge regression, teacher and student, along the samples per dimension",
    describes: &["ridge"],
    control: Control { name: "alpha", meaning: "samples per dimension n/d", from: 1e-3, to: 1e3 },
    parameters: vec![
        number("lambda", 0.1, "ridge penalty, (λ/2)|w|²")
            .if_(|x| x > 0.0 && x.is_finite(), "λ is a finite penalty, λ > 0"),
        number("Delta", 0.1, "variance of the label noise")
            .if_(|x| x >= 0.0 && x.is_finite(), "Δ is a finite variance, Δ ≥ 0"),
        number("d", 1000.0, "dimension").whole(2.0, 1e8, "d is a whole number of dimensions from 2 to 10⁸"),
        words(
            "data",
            &["reduced", "explicit"],
            "the bidiagonal form of the data in law, or the n×d matrix itself",
        ),
    ],
    labels: &[],
    quantities: &[
        Quantity { name: "m", meaning: "overlap with the teacher w·w*/d" },
        Quantity { name: "q", meaning: "|w|²/d" },
        Quantity { name: "gen_error", meaning: "test error without the noise of the label, |w − w*|²/d" },
        Quantity { name: "train_error", meaning: "mean squared training error" },
    ],
    certificates: &[],
    corrections: ROOTS,
});

/// The most numbers that explicit data, and the matrix of their scalar products, may have.
const MOST: f64 = 5e7;

/// Ridge regression.
#[derive(Debug, Clone, Copy)]
pub struct Ridge;

/// One data set.
struct Task {
    n: usize,
    d: usize,
    lambda: f64,
    /// √Δ.
    noise: f64,
    seed: u64,
}

impl Task {
    fn new(at: &Point, alpha: f64, seed: u64) -> Task {
        let d = at.number("d");
        let n = (alpha * d).round() as usize;
        Task { n, d: d as usize, lambda: at.number("lambda"), noise: at.number("Delta").sqrt(), seed }
    }

    /// Numbers of the normal distribution that are the same whatever n; `index` tells vectors of one purpose apart.
    fn normal(&self, purpose: Purpose, index: u64) -> impl Iterator<Item = f64> {
        let rng = stream(self.seed, self.d as u64, purpose, index);
        Distribution::<f64>::sample_iter(StandardNormal, rng)
    }

    fn measured(&self, m: f64, q: f64, training: f64) -> Vec<f64> {
        let (d, n) = (self.d as f64, self.n as f64);
        vec![m / d, q / d, 1.0 + (q - 2.0 * m) / d, training / n]
    }

    /// The data themselves.
    fn explicit(&self) -> Result<Vec<f64>, ModelError> {
        let (n, d, root_d) = (self.n, self.d, (self.d as f64).sqrt());
        let mut x = DMatrix::<f64>::zeros(n, d);
        for (i, mut row) in x.row_iter_mut().enumerate() {
            row.iter_mut().zip(self.normal(Purpose::Vector, i as u64)).for_each(|(x, z)| *x = z / root_d);
        }
        let teacher = DVector::from_iterator(d, self.normal(Purpose::Weights, 0).take(d));
        let teacher = &teacher * (root_d / teacher.norm());
        let noise = DVector::from_iterator(n, self.normal(Purpose::Labels, 0).take(n));
        let y = &x * &teacher + noise * self.noise;
        // w = Xᵀ(XXᵀ + λ)⁻¹y = (XᵀX + λ)⁻¹Xᵀy, the smaller matrix of both.
        let transposed = x.transpose();
        let square = if n < d { &x * &transposed } else { &transposed * &x };
        let size = square.nrows();
        let factors = Cholesky::new(square + DMatrix::identity(size, size) * self.lambda)
            .ok_or("the matrix of scalar products is singular to rounding; use a larger lambda")?;
        let w = if n < d { &transposed * factors.solve(&y) } else { factors.solve(&(&transposed * &y)) };
        let rest = (y - &x * &w).norm_squared();
        Ok(self.measured(w.dot(&teacher), w.norm_squared(), rest))
    }

    /// The bidiagonal form, in law.
    fn reduced(&self) -> Result<Vec<f64>, ModelError> {
        let (n, d, root_d) = (self.n, self.d, (self.d as f64).sqrt());
        let rows = n.min(d);
        let columns = d.min(n + 1);
        let mut rng = stream(self.seed, self.d as u64, Purpose::GramRow, n as u64);
        let mut chi_squared = |freedom: usize| -> Result<f64, ModelError> {
            Ok(if freedom == 0 { 0.0 } else { ChiSquared::new(freedom as f64)?.sample(&mut rng) })
        };
        let mut diagonal = Vec::with_capacity(rows);
        let mut beside = Vec::with_capacity(rows);
        for i in 0..rows {
            diagonal.push(chi_squared(n - i)?.sqrt() / root_d);
            beside.push(chi_squared(d - 1 - i)?.sqrt() / root_d);
        }
        // The teacher on the coordinates that the data see, uniform on the sphere together with the others.
        let seen: Vec<f64> = self.normal(Purpose::Weights, 0).take(columns).collect();
        let others = chi_squared(d - columns)?;
        let scale = root_d / (seen.iter().map(|x| x * x).sum::<f64>() + others).sqrt();
        let teacher: Vec<f64> = seen.iter().map(|x| x * scale).collect();
        let unseen_rows = chi_squared(n - rows)? * self.noise * self.noise;
        let of = |vector: &[f64], i: usize| vector.get(i).copied().unwrap_or(0.0);
        let times = |w: &[f64], i: usize| diagonal[i] * w[i] + beside[i] * of(w, i + 1);
        let noise = self.normal(Purpose::Labels, 0);
        let y: Vec<f64> = (0..rows).zip(noise).map(|(i, z)| times(&teacher, i) + self.noise * z).collect();
        // (BᵀB + λ) w = Bᵀy is tridiagonal and positive; elimination needs no exchange of rows.
        let (mut pivots, mut right) = (Vec::with_capacity(columns), Vec::with_capacity(columns));
        for j in 0..columns {
            let before = j.checked_sub(1);
            let (own, side) = (of(&diagonal, j), before.map_or(0.0, |i| beside[i]));
            let mut pivot = own * own + side * side + self.lambda;
            let mut value = own * of(&y, j) + side * before.map_or(0.0, |i| y[i]);
            if let Some(i) = before {
                let factor = diagonal[i] * beside[i] / pivots[i];
                pivot -= factor * diagonal[i] * beside[i];
                value -= factor * right[i];
            }
            pivots.push(pivot);
            right.push(value);
        }
        let mut w = right;
        for j in (0..columns).rev() {
            let above = if j + 1 < columns { diagonal[j] * beside[j] * w[j + 1] } else { 0.0 };
            w[j] = (w[j] - above) / pivots[j];
        }
        let rest: f64 = (0..rows).map(|i| (y[i] - times(&w, i)).powi(2)).sum();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        Ok(self.measured(dot(&w, &teacher), dot(&w, &w), rest + unseen_rows))
    }
}

impl Model for Ridge {
    fn description(&self) -> &'static Description {
        &RIDGE
    }

    fn check(&self, at: &Point, alphas: &[f64]) -> Result<(), ModelError> {
        let d = at.number("d");
        for alpha in alphas {
            let n = alpha * d;
            if n.round() < 1.0 || (n - n.round()).abs() > 1e-9 * n {
                return Err(format!(
                    "alpha = {alpha} at d = {d} makes {n} samples; choose d and alpha so that αd is a whole number, 1 or more"
                )
                .into());
            }
            let most = if at.word("data") == "explicit" { MOST / d.min(n) } else { 1e9 };
            if n.max(d) > most {
                return Err(format!(
                    "data = {}: {n} samples in d = {d} dimensions do not fit; lower d or alpha, or use data=reduced, whose cost is O(d)",
                    at.word("data")
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
        alphas: &[f64],
        running: &Running,
    ) -> Result<Option<Vec<Measured>>, ModelError> {
        let mut measured = Vec::with_capacity(alphas.len());
        for alpha in alphas {
            if (running.interrupted)() {
                return Ok(None);
            }
            let task = Task::new(at, *alpha, seed);
            let values = if at.word("data") == "explicit" { task.explicit()? } else { task.reduced()? };
            measured.push(Measured::new(values, Status::Converged));
            (running.progress)();
        }
        Ok(Some(measured))
    }

    fn controls(&self, _: &[Point]) -> Vec<f64> {
        (1..=15).map(|i| f64::from(i) / 5.0).collect()
    }

    fn dimensions(&self, at: &[Point]) -> Result<Vec<f64>, ModelError> {
        let explicit = at.iter().any(|point| point.word("data") == "explicit");
        let smallest = if explicit { 50.0 } else { 1000.0 };
        Ok([1.0, 2.0, 4.0, 8.0].map(|x| x * smallest).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use overlaps::compare::Verdict;
    use overlaps::experiment::{Check, Simulate};
    use overlaps::study::Wanted;
    use overlaps::system::Theory;

    /// Means over data sets with their standard errors.
    fn means(data: &str, alpha: f64) -> Vec<(f64, f64)> {
        let simulate = Simulate::new(Ridge).unwrap().set("data", data).unwrap().set("d", 40).unwrap();
        let table = simulate.set("lambda", 0.05).unwrap().along([alpha]).unwrap().seeds(0..2000).unwrap();
        let table = table.table().unwrap();
        let mean = |quantity: &Quantity| {
            let values: Vec<f64> = table.numbers(quantity.name).unwrap().into_iter().flatten().collect();
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            (mean, (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count / (count - 1.0)).sqrt())
        };
        RIDGE.quantities.iter().map(mean).collect()
    }

    #[test]
    fn the_bidiagonal_form_has_the_law_of_the_data() {
        for alpha in [0.5, 1.0, 2.0] {
            for ((a, error_a), (b, error_b)) in means("reduced", alpha).iter().zip(means("explicit", alpha)) {
                let z = (a - b) / error_a.hypot(error_b);
                assert!(z.abs() < 4.0 && *error_a < 0.02, "alpha = {alpha}: {a} and {b}, z = {z}");
            }
        }
    }

    #[test]
    fn the_theory_agrees_and_one_with_another_penalty_does_not() {
        let check = Check::new(Theory::load("ridge").unwrap()).unwrap();
        for (theory, verdict) in [(0.1, Verdict::Agrees), (0.105, Verdict::Disagrees)] {
            let ridge = std::sync::Arc::new(Ridge);
            let (simulate, given) = check.simulate(ridge, Vec::new(), Wanted::default(), 0..32).unwrap();
            let mut table = simulate.table().unwrap();
            let lambda = table.column("lambda").unwrap();
            table.rows.iter_mut().for_each(|row| row[lambda] = theory.into());
            let measurements = check.measurements(&table, &RIDGE, "the simulation").unwrap();
            let answers = check.answers(&measurements, &given).unwrap();
            assert_eq!(answers.all[0].judged.verdict, verdict, "{:?}", answers.all[0].judged.worst());
        }
    }

    #[test]
    fn samples_are_whole_and_fit() {
        let with = |d: f64, data: &str, alpha: f64| {
            let point = RIDGE.known().at([("d", d.into()), ("data", data.into())]).unwrap();
            Ridge.check(&point, &[alpha]).map_err(|error| error.to_string())
        };
        assert!(with(1000.0, "reduced", 0.1).is_ok());
        assert!(with(1000.0, "reduced", 0.1234567).unwrap_err().contains("whole number"));
        assert!(with(1e5, "explicit", 1.0).unwrap_err().contains("data=reduced"));
    }
}
