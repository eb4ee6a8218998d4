//! Random rows of every theory: the built-in systems and the files of `tests/theories`, at random parameters inside
//! their domains.

use overlaps::solve::Job;
use overlaps::system::Theory;
use overlaps::value::{Given, Value};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

const BUILT_IN: [&str; 39] = [
    "curie-weiss",
    "hopfield",
    "first-phase",
    "first-phase-limit",
    "first-phase-printed",
    "second-phase",
    "second-phase-limit",
    "second-phase-limit-printed",
    "second-phase-printed",
    "two-phase",
    "two-phase-limit",
    "two-phase-printed",
    "finite-d",
    "bcs-gap",
    "blume-capel",
    "compressed-sensing",
    "de-almeida-thouless",
    "dense-associative-memory",
    "donoho-tanner",
    "edge-of-chaos",
    "gardner",
    "gardner-capacity",
    "gaussian-mixture-lasso",
    "gaussian-mixture-square",
    "hopfield-zero-temperature",
    "huber",
    "ising-capacity",
    "lasso",
    "maximum-average-submatrix",
    "p-spin-static",
    "phase-retrieval",
    "potts",
    "random-field-ising",
    "sherrington-kirkpatrick-1rsb",
    "spherical-p-spin",
    "spiked-wigner",
    "spiked-wigner-gaussian",
    "support-vector-machine",
    "three-clusters",
];

/// Theories whose rows take long (several normal variables, unrolled iterations), and how many rows of the others come for
/// one of theirs.
const SLOW: [(&str, u32); 11] = [
    ("compressed-sensing", 200),
    ("ising-capacity", 20),
    ("finite-d", 20),
    ("three-clusters", 200),
    ("clusters-4", 2000),
    ("maximum-average-submatrix", 200),
    ("phase-retrieval", 200),
    ("gmm-logistic", 50),
    ("depth-map-c", 50),
    ("gcm-ridge", 10),
    ("gardner", 5),
];

/// A theory, and how often it comes.
pub struct Drawn {
    pub name: String,
    pub theory: Theory,
    share: f64,
}

/// All theories, or those whose name holds the word in `OVERLAPS_THEORY`.
pub fn theories() -> Vec<Drawn> {
    let folder = format!("{}/tests/theories", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    let wanted = std::env::var("OVERLAPS_THEORY").unwrap_or_default();
    let load = |given: String| {
        let theory = Theory::load(&given).unwrap_or_else(|e| panic!("{e}"));
        let name = theory.name().to_string();
        let slow = SLOW.iter().find(|(slow, _)| *slow == name).map_or(1, |(_, rows)| *rows);
        Drawn { name, theory, share: 1.0 / f64::from(slow) }
    };
    let all =
        BUILT_IN.iter().map(|name| name.to_string()).chain(files.iter().map(|p| p.display().to_string()));
    all.map(load).filter(|drawn| drawn.name.contains(&wanted)).collect()
}

/// One of the theories.
pub fn draw<'d>(rng: &mut ChaCha8Rng, theories: &'d [Drawn]) -> &'d Drawn {
    let whole: f64 = theories.iter().map(|drawn| drawn.share).sum();
    let mut place = rng.random_range(0.0..whole);
    let chosen = theories.iter().find(|drawn| {
        place -= drawn.share;
        place < 0.0
    });
    chosen.unwrap_or(&theories[0])
}

/// Values of the parameters: each number times a power of ten between −`decades` and `decades`, or for numbers in (0, 1)
/// its odds; a third stay at their defaults.
pub fn parameters(rng: &mut ChaCha8Rng, theory: &Theory, decades: f64) -> Given {
    let mut given = Given::new();
    for system in theory.pieces.iter().map(|piece| &piece.system) {
        let defaults = system.parameter_values(&[]);
        for (parameter, default) in system.parameters.iter().zip(defaults) {
            let fixed = !parameter.words.is_empty() || parameter.follows() || !default.is_finite();
            let known = given.iter().any(|(name, _)| *name == parameter.name);
            if fixed || known || rng.random_range(0..3) == 0 {
                continue;
            }
            for _ in 0..20 {
                let factor = 10f64.powf(rng.random_range(-decades..decades));
                let value = match default {
                    0.0 => rng.random_range(-1.0..1.0),
                    d if 0.0 < d && d < 1.0 => d * factor / (1.0 - d + d * factor),
                    d => d * factor,
                };
                // As a user would give it.
                let value: f64 = format!("{value:.4e}").parse().unwrap_or(value);
                given.push((parameter.name.clone(), value.into()));
                if theory.check_values(&given).is_ok() {
                    break;
                }
                given.pop();
            }
        }
    }
    given
}

/// Values of the control, in order: of the default grid, or anywhere.
pub fn controls(rng: &mut ChaCha8Rng, theory: &Theory, count: usize) -> Vec<f64> {
    let grid = theory.control.grid();
    let control = &theory.control;
    let mut values: Vec<f64> = (0..count)
        .map(|_| match rng.random_range(0..3) {
            0 => grid[rng.random_range(0..grid.len())],
            _ => {
                let value = rng.random_range(control.from.min(control.to)..control.from.max(control.to));
                format!("{value:.5}").parse::<f64>().unwrap_or(value).clamp(control.from, control.to)
            }
        })
        .collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

/// The job of these values.
pub fn job_of(given: &[(String, Value)], controls: &[f64]) -> Job {
    Job { parameters: given.to_vec(), controls: Some(controls.to_vec()) }
}
