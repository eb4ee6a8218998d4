//! Ising spins that are all coupled, in a field: Curie–Weiss, and random fields of two values or normal. Drawn from the Gibbs law itself:
//! e^(JM²/2NT) = ∫ dx e^(−NJx²/2T + JxM/T) makes spins independent given x, whose density in one dimension is tabulated
//! (Hubbard–Stratonovich). Of the two states the one with x ≥ 0 is meant, that of magnetisation m ≥ 0.

use std::sync::LazyLock;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};

use crate::along::{each, normals};
use crate::{Purpose, stream};
use overlaps::model::{
    Control, Description, Measured, Model, ModelError, Parameter, Point, Quantity, ROOTS, Running, number,
};
use overlaps::output::Status;

/// Which fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    CurieWeiss,
    TwoValues,
    Normal,
}

/// Spins that are all coupled.
#[derive(Debug, Clone, Copy)]
pub struct MeanField(Kind);

/// All of them.
pub const MEAN_FIELD: [MeanField; 3] =
    [MeanField(Kind::CurieWeiss), MeanField(Kind::TwoValues), MeanField(Kind::Normal)];

const M: Quantity = Quantity { name: "m", meaning: "magnetisation" };
const FREE_ENERGY: Quantity =
    Quantity { name: "free_energy", meaning: "free energy per spin, of the fields as drawn" };
const TEMPERATURE: Control = Control { name: "T", meaning: "temperature", from: 0.01, to: 10.0 };

/// What a model of this kind declares.
fn described(kind: Kind) -> Description {
    let (name, title, describes, control, quantities, own): (_, _, &[&str], _, &[Quantity], Vec<Parameter>) =
        match kind {
            Kind::CurieWeiss => (
                "curie-weiss",
                "Ising spins that are all coupled, from their Gibbs law",
                &["curie-weiss"],
                TEMPERATURE,
                &[M, FREE_ENERGY],
                vec![
                    number("J", 1.0, "coupling")
                        .if_(|x| x > 0.0 && x < 100.0, "it is a coupling, 0 < J < 100"),
                    number("h", 0.0, "field")
                        .if_(|x| (0.0..100.0).contains(&x), "it is a field, 0 ≤ h < 100"),
                ],
            ),
            Kind::TwoValues => (
                "random-field-ising",
                "Ising spins that are all coupled, in random fields of two values",
                &["ising spins in a random field of two values"],
                TEMPERATURE,
                &[M, FREE_ENERGY],
                vec![
                    number("h0", 0.45, "strength of the field")
                        .if_(|x| (0.0..100.0).contains(&x), "it is a field, 0 ≤ h0 < 100"),
                ],
            ),
            Kind::Normal => (
                "random-field-ising-gaussian",
                "Ising spins that are all coupled, in normal random fields",
                &["ising spins in a gaussian random field"],
                Control { name: "delta", meaning: "standard deviation of the field", from: 0.0, to: 10.0 },
                &[
                    M,
                    Quantity { name: "q", meaning: "overlap of two copies in the same fields" },
                    FREE_ENERGY,
                ],
                vec![
                    number("T", 0.3, "temperature")
                        .if_(|x| (0.01..10.0).contains(&x), "it is a temperature, 0.01 ≤ T < 10"),
                ],
            ),
        };
    let d = number("d", 10_000.0, "number of spins").whole(
        100.0,
        1e7,
        "d is a whole number of spins from 100 to 10⁷",
    );
    Description {
        name,
        title,
        describes,
        control,
        parameters: own.into_iter().chain([d]).collect(),
        labels: &[],
        quantities,
        certificates: &[],
        // Without magnetisation |m| is of order 1/√N.
        corrections: ROOTS,
    }
}

/// What they declare.
static DESCRIBED: LazyLock<Vec<Description>> =
    LazyLock::new(|| MEAN_FIELD.map(|model| described(model.0)).into());

/// Spins in fields h, each so many times.
struct Spins {
    size: f64,
    temperature: f64,
    coupling: f64,
    fields: Vec<(f64, u64)>,
}

impl Spins {
    fn new(kind: Kind, at: &Point, control: f64, seed: u64) -> Spins {
        let d = at.number("d");
        let half = (d / 2.0).floor();
        let (temperature, coupling, fields) = match kind {
            Kind::CurieWeiss => (control, at.number("J"), vec![(at.number("h"), d as u64)]),
            Kind::TwoValues => {
                let h = at.number("h0");
                (control, 1.0, vec![(h, half as u64), (-h, (d - half) as u64)])
            }
            Kind::Normal => {
                let fields = normals(seed, d as usize, Purpose::Vector, 0).take(d as usize);
                (at.number("T"), 1.0, fields.map(|z| (control * z, 1)).collect())
            }
        };
        Spins { size: d, temperature, coupling, fields }
    }

    /// The log of the density of x, without its norm.
    fn log_density(&self, x: f64) -> f64 {
        let log_cosh = |y: f64| y.abs() + libm::log1p(libm::exp(-2.0 * y.abs())) - std::f64::consts::LN_2;
        let (j, t) = (self.coupling, self.temperature);
        let sum: f64 = self.fields.iter().map(|(h, count)| *count as f64 * log_cosh((j * x + h) / t)).sum();
        sum - self.size * j * x * x / (2.0 * t)
    }

    /// Places x ≥ 0, an eighth of the smallest width apart, with their weights; and the free energy per spin of x ≥ 0.
    fn places(&self) -> (f64, Vec<f64>, f64) {
        // Nowhere is the density narrower than the normal factor; x beyond 1 weighs nothing.
        let width = (self.temperature / (self.coupling * self.size)).sqrt();
        let step = width / 8.0;
        let count = ((1.0 + 12.0 * width) / step).ceil() as usize;
        let logs: Vec<f64> = (0..=count).map(|i| self.log_density(i as f64 * step)).collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut weights: Vec<f64> = logs.iter().map(|log| libm::exp(log - most)).collect();
        weights[0] /= 2.0;
        let sum: f64 = weights.iter().sum();
        let norm = libm::log(sum * step / (width * (2.0 * std::f64::consts::PI).sqrt()));
        let log_z = most + norm + self.size * std::f64::consts::LN_2;
        (step, weights.iter().map(|w| w / sum).collect(), -self.temperature * log_z / self.size)
    }

    /// The numbers of spins up in each field.
    fn draw(&self, (step, weights): (f64, &[f64]), rng: &mut ChaCha8Rng) -> Result<Vec<u64>, ModelError> {
        let (mut left, mut place) = (rng.random::<f64>(), 0);
        while place + 1 < weights.len() && left > weights[place] {
            left -= weights[place];
            place += 1;
        }
        // Evenly within the step about the place: it is an eighth of the width or less.
        let x = (place as f64 + rng.random::<f64>() - 0.5).abs() * step;
        let up = |(h, count): &(f64, u64)| -> Result<u64, ModelError> {
            let chance = 1.0 / (1.0 + libm::exp(-2.0 * (self.coupling * x + h) / self.temperature));
            Ok(match count {
                1 => u64::from(rng.random::<f64>() < chance),
                count => Binomial::new(*count, chance)?.sample(rng),
            })
        };
        self.fields.iter().map(up).collect()
    }
}

impl Model for MeanField {
    fn description(&self) -> &'static Description {
        &DESCRIBED[MEAN_FIELD.iter().position(|model| model.0 == self.0).unwrap_or(0)]
    }

    fn run(
        &self,
        at: &Point,
        seed: u64,
        controls: &[f64],
        running: &Running,
    ) -> Result<Option<Vec<Measured>>, ModelError> {
        each(controls, running, |control| {
            let spins = Spins::new(self.0, at, control, seed);
            let (step, weights, free_energy) = spins.places();
            let mut rng = stream(seed, at.number("d") as u64, Purpose::Generate, 0);
            let up = spins.draw((step, &weights), &mut rng)?;
            let m = 2.0 * up.iter().sum::<u64>() as f64 / spins.size - 1.0;
            let quantities = match self.0 {
                Kind::Normal => {
                    let again = spins.draw((step, &weights), &mut rng)?;
                    let same = up.iter().zip(&again).filter(|(a, b)| a == b).count() as f64;
                    vec![m, 2.0 * same / spins.size - 1.0, free_energy]
                }
                _ => vec![m, free_energy],
            };
            Ok(Measured::new(quantities, Status::Converged))
        })
    }

    fn controls(&self, _: &[Point]) -> Vec<f64> {
        (1..=15).map(|i| f64::from(i) / 10.0).collect()
    }

    fn dimensions(&self, _: &[Point]) -> Result<Vec<f64>, ModelError> {
        let smallest = if self.0 == Kind::Normal { 500.0 } else { 1e5 };
        Ok([1.0, 2.0, 4.0, 8.0].map(|x| x * smallest).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::{agrees_and_planted_do_not, wanted};

    /// ⟨m⟩ of x ≥ 0 and the free energy of all states, by counting them.
    fn counted(spins: &Spins) -> (f64, f64) {
        let n = spins.size as usize;
        let logs: Vec<f64> = (0..=n)
            .map(|up| {
                let choose = libm::lgamma(n as f64 + 1.0)
                    - libm::lgamma(up as f64 + 1.0)
                    - libm::lgamma((n - up) as f64 + 1.0);
                let m = 2.0 * up as f64 - n as f64;
                choose
                    + (spins.coupling * m * m / (2.0 * n as f64) + spins.fields[0].0 * m) / spins.temperature
            })
            .collect();
        let z: f64 = logs.iter().map(|log| log.exp()).sum();
        let m = logs
            .iter()
            .enumerate()
            .map(|(up, log)| log.exp() * (2.0 * up as f64 / n as f64 - 1.0))
            .sum::<f64>();
        (m / z, -spins.temperature * z.ln() / n as f64)
    }

    #[test]
    fn the_law_is_that_of_the_states() {
        // In a field that leaves no weight to x < 0.
        let at = MEAN_FIELD[0].description().known().at([("d", 100.into()), ("h", 0.6.into())]).unwrap();
        let spins = Spins::new(Kind::CurieWeiss, &at, 0.9, 0);
        let (m, free_energy) = counted(&spins);
        let (step, weights, own) = spins.places();
        assert!((own - free_energy).abs() < 1e-10, "{own} and {free_energy}");
        let mut rng = stream(0, 100, Purpose::Generate, 0);
        let draws: Vec<f64> = (0..20_000)
            .map(|_| 2.0 * spins.draw((step, &weights), &mut rng).unwrap()[0] as f64 / 100.0 - 1.0)
            .collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let error = (draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0 / 20_000.0).sqrt();
        assert!((mean - m).abs() < 4.0 * error, "{mean} ± {error} and {m}");
    }

    #[test]
    fn the_theories_agree_and_planted_errors_are_found() {
        let sizes: (&str, &[f64]) = ("d", &[500.0, 1000.0, 2000.0]);
        let far: &[f64] = &[0.5, 1.3];
        let planted = [("tanh(x)", "tanh(1.05*x)"), ("J*m^2/2 -", "1.05*J*m^2/2 -")];
        agrees_and_planted_do_not(MEAN_FIELD[0], "curie-weiss", &planted, wanted(&[], &[("T", far)]), 0..16);
        let planted = [("m^2/2", "0.97*m^2/2")];
        agrees_and_planted_do_not(
            MEAN_FIELD[1],
            "random-field-ising",
            &planted,
            wanted(&[], &[("T", &[0.4, 1.1])]),
            0..16,
        );
        let planted = [("delta*z", "1.25*delta*z")];
        let at = wanted(&[], &[("delta", &[0.4, 1.1]), sizes]);
        agrees_and_planted_do_not(MEAN_FIELD[2], "random-field-ising-gaussian", &planted, at, 0..48);
    }
}
