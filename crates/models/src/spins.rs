//! Glauber dynamics (heat bath, one spin after another in random order) of networks with quenched couplings: the Hopfield model from a pattern, and
//! Sherrington and Kirkpatrick's above the line of de Almeida and Thouless. Two copies with the same couplings give q as their overlap.

use std::sync::LazyLock;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::along::{add, dot, each, normals, whole};
use crate::{Purpose, stream};
use overlaps::model::{
    Control, Description, INVERSE, Measured, Model, ModelError, Point, Quantity, Running, number,
};
use overlaps::output::{Cell, Status};

/// Which couplings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Hopfield,
    SherringtonKirkpatrick,
}

/// Spins with quenched couplings.
#[derive(Debug, Clone, Copy)]
pub struct Glauber(Kind);

/// All of them.
pub const SPINS: [Glauber; 2] = [Glauber(Kind::Hopfield), Glauber(Kind::SherringtonKirkpatrick)];

/// Up to this load the retrieval state is that of lowest free energy for T up to 0.3 (Amit, Gutfreund and Sompolinsky 1987; 0.051 at T = 0).
const LOAD: f64 = 0.03;
/// How far from instability against replica-symmetry breaking: nearer by, relaxation is slow and corrections are no powers of 1/N.
const STABILITY: f64 = 0.1;
/// The sweeps that are measured are to be so many autocorrelation times.
const LONG: f64 = 20.0;

const CERTIFICATES: &[Quantity] = &[
    Quantity {
        name: "autocorrelation",
        meaning: "integrated autocorrelation time of what is measured, in sweeps",
    },
    Quantity { name: "thermal_error", meaning: "standard error of q from its fluctuations in time" },
];
const Q: Quantity = Quantity { name: "q", meaning: "overlap of two copies" };

/// What a model of this kind declares.
fn described(kind: Kind) -> Description {
    let sweeps = number("sweeps", 400.0, "sweeps that are measured, after half as many that are not").whole(
        20.0,
        1e7,
        "it is a whole number of sweeps from 20 to 10⁷",
    );
    let size = |default: f64| {
        number("d", default, "number of spins").whole(
            10.0,
            1e5,
            "d is a whole number of spins from 10 to 100000",
        )
    };
    match kind {
        Kind::Hopfield => Description {
            name: "hopfield",
            title: "Hopfield model, Glauber dynamics from a pattern",
            describes: &["retrieval of a pattern"],
            control: Control { name: "alpha", meaning: "load, patterns per spin", from: 0.0, to: LOAD },
            parameters: vec![
                number("T", 0.3, "temperature")
                    .if_(|t| (0.01..=0.3).contains(&t), "it is a temperature, 0.01 ≤ T ≤ 0.3"),
                sweeps,
                size(1000.0),
            ],
            labels: &[],
            quantities: &[
                Quantity { name: "m", meaning: "overlap with the retrieved pattern" },
                Q,
                Quantity { name: "r", meaning: "noise of the other patterns" },
            ],
            certificates: CERTIFICATES,
            corrections: INVERSE,
        },
        Kind::SherringtonKirkpatrick => Description {
            name: "sherrington-kirkpatrick",
            title: "Sherrington–Kirkpatrick model in a field, Glauber dynamics, where replica symmetry holds",
            describes: &["replica-symmetric spin glass"],
            control: Control { name: "T", meaning: "temperature", from: 0.01, to: 100.0 },
            parameters: vec![
                number("H", 0.8, "field").if_(|x| x.abs() < 100.0, "it is a field, |H| < 100"),
                sweeps,
                size(500.0),
            ],
            labels: &[],
            quantities: &[Q],
            certificates: CERTIFICATES,
            corrections: INVERSE,
        },
    }
}

/// What they declare.
static DESCRIBED: LazyLock<Vec<Description>> = LazyLock::new(|| SPINS.map(|spins| described(spins.0)).into());

/// Couplings, with what is kept of the spins to know the fields at once.
enum Couplings {
    /// Patterns ξ_i of each spin, and Σ ξ_i s_i.
    Patterns { own: Vec<Vec<f64>>, overlaps: Vec<f64> },
    /// Couplings, row by row; the field from outside, and the fields.
    Matrix { rows: std::sync::Arc<Vec<Vec<f64>>>, fields: Vec<f64> },
}

/// Spins that move.
struct Replica {
    spins: Vec<f64>,
    couplings: Couplings,
    rng: ChaCha8Rng,
}

impl Replica {
    fn field(&self, i: usize) -> f64 {
        match &self.couplings {
            Couplings::Patterns { own, overlaps } => {
                let all = dot(&own[i], overlaps);
                (all - own[i].len() as f64 * self.spins[i]) / self.spins.len() as f64
            }
            Couplings::Matrix { fields, .. } => fields[i],
        }
    }

    fn flip(&mut self, i: usize) {
        let change = -2.0 * self.spins[i];
        self.spins[i] += change;
        match &mut self.couplings {
            Couplings::Patterns { own, overlaps } => add(overlaps, change, &own[i]),
            Couplings::Matrix { rows, fields } => add(fields, change, &rows[i]),
        }
    }

    /// As many heat-bath updates as there are spins.
    fn sweep(&mut self, temperature: f64) {
        for _ in 0..self.spins.len() {
            let i = self.rng.random_range(0..self.spins.len());
            let up = 1.0 / (1.0 + libm::exp(-2.0 * self.field(i) / temperature));
            if (self.rng.random::<f64>() < up) != (self.spins[i] > 0.0) {
                self.flip(i);
            }
        }
    }
}

/// Mean, integrated autocorrelation time and standard error of a series; the sum over times ends at five autocorrelation times (Sokal).
fn averaged(series: &[f64]) -> (f64, f64, f64) {
    let count = series.len() as f64;
    let mean = series.iter().sum::<f64>() / count;
    let at = |lag: usize| {
        let pairs = series.iter().zip(&series[lag..]);
        pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / (count - lag as f64)
    };
    let variance = at(0);
    if variance <= 0.0 {
        return (mean, 0.5, 0.0);
    }
    let mut time = 0.5;
    for lag in 1..series.len() / 2 {
        time += at(lag) / variance;
        if lag as f64 >= 5.0 * time {
            break;
        }
    }
    let time = time.max(0.5);
    (mean, time, (2.0 * time * variance / count).sqrt())
}

/// 1 − E sech⁴(h/T)/T² of replica symmetry, h = H + √q z: negative below the line of de Almeida and Thouless.
fn stability(temperature: f64, field: f64) -> f64 {
    let average = |q: f64, f: &dyn Fn(f64) -> f64| {
        let nodes = (-160..=160).map(|i| f64::from(i) / 20.0);
        let terms = nodes.map(|z| libm::exp(-z * z / 2.0) * f((field + q.sqrt() * z) / temperature));
        terms.sum::<f64>() / 20.0 / (2.0 * std::f64::consts::PI).sqrt()
    };
    let mut q = 1.0;
    for _ in 0..2000 {
        let next = average(q, &|h| libm::tanh(h).powi(2));
        let done = (next - q).abs() < 1e-10;
        q = next;
        if done {
            break;
        }
    }
    1.0 - average(q, &|h| (1.0 - libm::tanh(h).powi(2)).powi(2)) / (temperature * temperature)
}

impl Glauber {
    /// Two copies; of the Hopfield model in the first pattern.
    fn replicas(self, at: &Point, control: f64, seed: u64) -> Result<[Replica; 2], ModelError> {
        let d = at.number("d") as usize;
        let rng = |copy: u64| stream(seed, d as u64, Purpose::Step, copy);
        match self.0 {
            Kind::Hopfield => {
                let count = whole(self.description().control, control, d as f64, 1.0)?;
                let pattern = |i: usize| -> Vec<f64> {
                    let signs = normals(seed, d, Purpose::Vector, i as u64).take(count);
                    signs.map(|z| 1f64.copysign(z)).collect()
                };
                let own: Vec<Vec<f64>> = (0..d).map(pattern).collect();
                let spins: Vec<f64> = own.iter().map(|own| own[0]).collect();
                let mut overlaps = vec![0.0; count];
                own.iter().zip(&spins).for_each(|(own, s)| add(&mut overlaps, *s, own));
                Ok([0, 1].map(|copy| {
                    let couplings = Couplings::Patterns { own: own.clone(), overlaps: overlaps.clone() };
                    Replica { spins: spins.clone(), couplings, rng: rng(copy) }
                }))
            }
            Kind::SherringtonKirkpatrick => {
                let scale = 1.0 / (d as f64).sqrt();
                let mut rows = vec![vec![0.0; d]; d];
                #[expect(clippy::needless_range_loop, reason = "both halves are written")]
                for i in 0..d {
                    for (j, z) in normals(seed, d, Purpose::Vector, i as u64).take(i).enumerate() {
                        rows[i][j] = z * scale;
                        rows[j][i] = z * scale;
                    }
                }
                let rows = std::sync::Arc::new(rows);
                Ok([0, 1].map(|copy| {
                    let starts = normals(seed, d, Purpose::Start, copy).take(d);
                    let spins: Vec<f64> = starts.map(|z| 1f64.copysign(z)).collect();
                    let fields = rows.iter().map(|row| at.number("H") + dot(row, &spins)).collect();
                    let couplings = Couplings::Matrix { rows: rows.clone(), fields };
                    Replica { spins, couplings, rng: rng(copy) }
                }))
            }
        }
    }

    /// What is measured of two copies.
    fn look(self, [a, b]: &[Replica; 2]) -> Vec<f64> {
        let size = a.spins.len() as f64;
        let q = dot(&a.spins, &b.spins) / size;
        match (&a.couplings, &b.couplings) {
            (Couplings::Patterns { overlaps: a, .. }, Couplings::Patterns { overlaps: b, .. }) => {
                let others = dot(&a[1..], &b[1..]) / (size * size);
                vec![(a[0] + b[0]) / (2.0 * size), q, others * size / a.len() as f64]
            }
            _ => vec![q],
        }
    }
}

impl Model for Glauber {
    fn description(&self) -> &'static Description {
        &DESCRIBED[SPINS.iter().position(|spins| spins.0 == self.0).unwrap_or(0)]
    }

    fn check(&self, at: &Point, controls: &[f64]) -> Result<(), ModelError> {
        let d = at.number("d");
        for control in controls {
            match self.0 {
                Kind::Hopfield => {
                    let patterns = whole(self.description().control, *control, d, 1.0)?;
                    if *control > LOAD {
                        return Err(format!("alpha = {control}: above {LOAD} the retrieval state is not that of lowest free energy").into());
                    }
                    if patterns as f64 * d > 1e8 {
                        return Err(format!("{patterns} patterns of {d} spins do not fit; take fewer").into());
                    }
                }
                Kind::SherringtonKirkpatrick => {
                    let (h, most) = (at.number("H"), 2e4);
                    if d > most {
                        return Err(format!(
                            "{d} spins have {} couplings, which do not fit; take at most {most}",
                            d * d
                        )
                        .into());
                    }
                    if *control < 0.05 || stability(*control, h) < STABILITY {
                        return Err(format!(
                            "T = {control} in a field H = {h} is below or too near the line of de Almeida and Thouless, where dynamics does not come to rest; take another T, or a larger field"
                        )
                        .into());
                    }
                }
            }
        }
        Ok(())
    }

    fn run(
        &self,
        at: &Point,
        seed: u64,
        controls: &[f64],
        running: &Running,
    ) -> Result<Option<Vec<Measured>>, ModelError> {
        let sweeps = at.number("sweeps") as usize;
        each(controls, running, |control| {
            let temperature = if self.0 == Kind::Hopfield { at.number("T") } else { control };
            let mut replicas = self.replicas(at, control, seed)?;
            let quantities = self.description().quantities;
            let mut series = vec![Vec::with_capacity(sweeps); quantities.len()];
            for sweep in 0..sweeps + sweeps / 2 {
                if (running.interrupted)() {
                    break;
                }
                replicas.iter_mut().for_each(|replica| replica.sweep(temperature));
                if sweep >= sweeps / 2 {
                    series.iter_mut().zip(self.look(&replicas)).for_each(|(series, x)| series.push(x));
                }
            }
            let averages: Vec<(f64, f64, f64)> = series.iter().map(|series| averaged(series)).collect();
            let time = averages.iter().map(|(_, time, _)| *time).fold(0.0, f64::max);
            let error = quantities.iter().position(|q| *q == Q).map_or(f64::NAN, |q| averages[q].2);
            let long = sweeps as f64 >= LONG * time;
            let status = if long { Status::Converged } else { Status::NotConverged };
            let quantities = averages.iter().map(|(mean, _, _)| *mean).collect();
            let certificates = vec![Cell::Number(time), Cell::Number(error)];
            Ok(Measured { certificates, ..Measured::new(quantities, status) })
        })
    }

    fn controls(&self, _: &[Point]) -> Vec<f64> {
        match self.0 {
            Kind::Hopfield => (1..=5).map(|i| f64::from(i) / 100.0).collect(),
            Kind::SherringtonKirkpatrick => (0..=5).map(|i| 1.0 + f64::from(i) / 5.0).collect(),
        }
    }

    fn dimensions(&self, _: &[Point]) -> Result<Vec<f64>, ModelError> {
        Ok(match self.0 {
            Kind::Hopfield => vec![1000.0, 2000.0, 4000.0],
            Kind::SherringtonKirkpatrick => vec![125.0, 250.0, 500.0, 1000.0],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::{agrees_and_planted_do_not, wanted};

    /// Gibbs averages of a few spins by counting their states, against those of long dynamics.
    fn has_the_law_of_gibbs(glauber: Glauber, temperature: f64, given: &[(&str, f64)], control: f64) {
        let known = glauber.description().known();
        let at = known.at(given.iter().map(|(name, value)| (*name, (*value).into()))).unwrap();
        let mut replicas = glauber.replicas(&at, control, 3).unwrap();
        let size = replicas[0].spins.len();
        // The energy changes by 2 s_i h_i when a spin turns: Gray's code visits every state by turning one spin.
        let (mut energy, mut sums, mut z) = (0.0, vec![0.0; size], 0.0);
        for state in 0..1u64 << size {
            if state > 0 {
                let i = state.trailing_zeros() as usize;
                energy += 2.0 * replicas[0].spins[i] * replicas[0].field(i);
                replicas[0].flip(i);
            }
            let weight = libm::exp(-energy / temperature);
            z += weight;
            sums.iter_mut().zip(&replicas[0].spins).for_each(|(sum, s)| *sum += weight * s);
        }
        let (mut means, sweeps) = (vec![0.0; size], 200_000);
        for _ in 0..sweeps {
            replicas[1].sweep(temperature);
            means.iter_mut().zip(&replicas[1].spins).for_each(|(mean, s)| *mean += s / f64::from(sweeps));
        }
        for (own, sum) in means.iter().zip(&sums) {
            assert!((own - sum / z).abs() < 0.015, "{own} and {}", sum / z);
        }
    }

    #[test]
    fn dynamics_comes_to_the_law_of_gibbs() {
        has_the_law_of_gibbs(SPINS[1], 1.2, &[("d", 12.0), ("H", 0.5)], 1.2);
    }

    #[test]
    fn the_autocorrelation_time_is_that_of_a_process() {
        // x ← a x + noise has the autocorrelation time ½ (1 + a)/(1 − a) = 2 at a = 3/5.
        let mut x = 0.0;
        let series: Vec<f64> = normals(0, 1, Purpose::Step, 0)
            .take(100_000)
            .map(|z| {
                x = 0.6 * x + z;
                x
            })
            .collect();
        let (mean, time, error) = averaged(&series);
        assert!((time - 2.0).abs() < 0.1 && (error - (2.0 * 2.0 / 0.64 / 1e5f64).sqrt()).abs() < 5e-4);
        assert!(mean.abs() < 4.0 * error);
    }

    #[test]
    fn the_line_of_de_almeida_and_thouless_is_where_it_was_found() {
        // H² ≈ (4/3)(1 − T)³ near T = 1, and T = 1 without field (de Almeida and Thouless, J. Phys. A 11, 983 (1978)).
        assert!((stability(1.2, 0.0) - (1.0 - 1.0 / 1.44)).abs() < 1e-6);
        let h = (4.0 / 3.0 * 0.1f64.powi(3)).sqrt();
        assert!(stability(0.9, 1.6 * h) > 0.0 && stability(0.9, 0.6 * h) < 0.0);
    }

    #[test]
    fn the_theories_agree_and_planted_errors_are_found() {
        let at = wanted(&[], &[("alpha", &[0.01, 0.03]), ("d", &[200.0, 400.0, 800.0])]);
        let planted = [("m = \"E[z](tanh(h))\"", "m = \"0.97*E[z](tanh(h))\"")];
        agrees_and_planted_do_not(SPINS[0], "hopfield", &planted, at, 0..16);
    }
}
