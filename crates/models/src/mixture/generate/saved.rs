//! Denoisers in a file: one JSON document with the setting that they were learnt in, and for every data set its basis and
//! one denoiser per time step. Numbers are written so that they read back as the same bits.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::basis::Basis;
use super::denoiser::Projected;
use super::error::GenerateError;
use super::flow::times;
use super::run::Networks;
use crate::mixture::{DENOISER, Noise, Setting};
use overlaps::input::text_of_file;
use overlaps::output::json::{number, of_value};
use overlaps::output::{OutputError, write_atomically};
use overlaps::value::Value;

/// What the file says it is.
const FORMAT: &str = "overlaps denoisers 1";
/// The largest file that is read, in bytes.
const LARGEST_FILE: u64 = 1 << 30;
/// Larger numbers are those of no denoiser.
const LARGEST: f64 = 1e12;

/// Denoisers of several data sets in one setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    file: File,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    /// How they were learnt, in words for a reader; it has to be the same for the file to be used.
    learning: serde_json::Value,
    parameters: indexmap::IndexMap<String, serde_json::Value>,
    steps: usize,
    data_sets: Vec<DataSet>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DataSet {
    seed: u64,
    /// Samples of mode +, which come first.
    n_plus: usize,
    converged: bool,
    size: usize,
    z: Vec<Vec<f64>>,
    denoisers: Vec<One>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    t: f64,
    c: f64,
    /// A number, or `inf` and `-inf`.
    b: serde_json::Value,
    u: Vec<f64>,
    w: Vec<f64>,
}

/// The parameters of a setting by name, as they stand in the file.
fn parameters(setting: &Setting) -> indexmap::IndexMap<String, serde_json::Value> {
    let k = match setting.noise {
        Noise::Fresh => f64::INFINITY,
        Noise::Fixed(k) => k as f64,
    };
    let value = |name: &str| match name {
        "n" => Value::Number(setting.n as f64),
        "p" => Value::Number(setting.p),
        "sigma" => Value::Number(setting.sigma),
        "kappa" => Value::Number(setting.kappa),
        "lambda" => Value::Number(setting.lambda),
        "ell" => Value::Number(setting.ell),
        "k" => Value::Number(k),
        "d" => Value::Number(setting.d as f64),
        "interpolant" => Value::from(setting.interpolant.name()),
        "schedule" => Value::from(setting.schedule.name()),
        _ => Value::Number(f64::NAN),
    };
    // Test data do not change what is learnt.
    let names = DENOISER.parameters.iter().map(|p| p.name.as_str()).filter(|name| *name != "p_test");
    names.map(|name| (name.to_string(), of_value(&value(name)))).collect()
}

impl Saved {
    /// A file without data sets yet.
    pub fn new(setting: &Setting, steps: usize, learning: serde_json::Value) -> Saved {
        let parameters = parameters(setting);
        Saved { file: File { format: FORMAT.into(), learning, parameters, steps, data_sets: Vec::new() } }
    }

    /// Adds the denoisers of one data set.
    pub fn add(&mut self, seed: u64, times: &[f64], networks: &Networks) {
        let one = |(t, denoiser): (&f64, &Projected)| One {
            t: *t,
            c: denoiser.c,
            b: number(denoiser.b),
            u: denoiser.u.clone(),
            w: denoiser.w.clone(),
        };
        self.file.data_sets.push(DataSet {
            seed,
            n_plus: networks.labels.iter().filter(|s| **s > 0.0).count(),
            converged: networks.converged,
            size: networks.basis.size,
            z: networks.basis.z.clone(),
            denoisers: times.iter().zip(&networks.denoisers).map(one).collect(),
        });
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// A path that cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), OutputError> {
        write_atomically(path, |w| {
            serde_json::to_writer(&mut *w, &self.file).map_err(std::io::Error::from)?;
            w.write_all(b"\n")
        })
    }

    /// Reads a file and makes sure that it is for this setting, number of steps and way of learning.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged, or does not fit; the message says what differs.
    pub fn read(
        path: &Path,
        setting: &Setting,
        steps: usize,
        learning: &serde_json::Value,
    ) -> Result<Saved, GenerateError> {
        let bad = |reason: String| GenerateError::Saved { path: path.to_path_buf(), reason };
        let text = text_of_file(path, LARGEST_FILE).map_err(|e| bad(e.to_string()))?;
        let file: File = serde_json::from_str(&text).map_err(|e| {
            bad(format!(
                "this is not a file of denoisers, or it is damaged ({e}); give the name of a new file"
            ))
        })?;
        if file.format != FORMAT {
            return Err(bad(format!(
                "its format is `{}`, this program reads `{FORMAT}`; give the name of a new file",
                file.format
            )));
        }
        for (name, value) in parameters(setting) {
            let there = file.parameters.get(&name).cloned().unwrap_or_default();
            if there != value {
                return Err(bad(format!(
                    "they were learnt with {name} = {}, not {}; give the same value, or the name of a new file",
                    plain(&there),
                    plain(&value)
                )));
            }
        }
        if file.steps != steps {
            return Err(bad(format!(
                "they are for --steps {}, not {steps}; give the same number, or the name of a new file",
                file.steps
            )));
        }
        if file.learning != *learning {
            return Err(bad(format!(
                "they were learnt otherwise: {}, not {learning}; give the same options, or the name of a new file",
                file.learning
            )));
        }
        for (index, set) in file.data_sets.iter().enumerate() {
            if file.data_sets[..index].iter().any(|other| other.seed == set.seed) {
                return Err(bad(format!(
                    "seed {} stands there twice; give the name of a new file",
                    set.seed
                )));
            }
            set.check(setting, steps).map_err(|what| {
                bad(format!(
                    "the data set of seed {} is damaged: {what}; give the name of a new file",
                    set.seed
                ))
            })?;
        }
        Ok(Saved { file })
    }

    /// The denoisers of one data set.
    ///
    /// # Errors
    /// A data set that is not in the file.
    pub fn networks(&self, seed: u64, path: &Path) -> Result<Networks, GenerateError> {
        let sets = &self.file.data_sets;
        let Some(set) = sets.iter().find(|set| set.seed == seed) else {
            let known: Vec<String> = sets.iter().map(|set| set.seed.to_string()).collect();
            let reason = format!(
                "there is no data set of seed {seed}, only {}; use --seeds and --first-seed for these, or the name of a new file",
                known.join(", ")
            );
            return Err(GenerateError::Saved { path: path.to_path_buf(), reason });
        };
        let n = set.z.len().min(self.samples());
        let labels = (0..n).map(|i| if i < set.n_plus { 1.0 } else { -1.0 }).collect();
        let denoisers = set
            .denoisers
            .iter()
            .map(|one| Projected { c: one.c, u: one.u.clone(), w: one.w.clone(), b: bias(&one.b) })
            .collect();
        let basis = Basis { size: set.size, z: set.z.clone() };
        Ok(Networks { labels, basis, denoisers, converged: set.converged })
    }

    fn samples(&self) -> usize {
        self.file.parameters.get("n").and_then(serde_json::Value::as_u64).unwrap_or(0) as usize
    }
}

impl DataSet {
    /// Whether everything in it belongs together.
    fn check(&self, setting: &Setting, steps: usize) -> Result<(), String> {
        let (z, size) = (self.z.len(), self.size);
        if z != setting.vectors() || self.n_plus > setting.n {
            return Err(format!("{z} vectors, {} samples of mode +", self.n_plus));
        }
        if size as u64 > setting.d {
            return Err(format!("a basis of {size} vectors"));
        }
        let bounded = |x: &[f64]| x.iter().all(|x| x.abs() <= LARGEST);
        if !self.z.iter().all(|z| bounded(z)) {
            return Err("a coordinate of the data".into());
        }
        if self.z.iter().any(|z| z.is_empty() || z.len() > size) {
            return Err("a vector outside the basis".into());
        }
        if self.denoisers.len() != steps {
            return Err(format!("{} denoisers for {steps} steps", self.denoisers.len()));
        }
        for (one, t) in self.denoisers.iter().zip(times(steps)) {
            if one.t != t {
                return Err(format!("a denoiser at t = {} where t = {t} is needed", one.t));
            }
            let lengths = one.u.len() == size && one.w.len() == size && !bias(&one.b).is_nan();
            if !(lengths && bounded(&one.u) && bounded(&one.w) && bounded(&[one.c])) {
                return Err(format!("the denoiser at t = {}", one.t));
            }
        }
        Ok(())
    }
}

/// A bias as it stands in the file; NaN if it is none.
fn bias(value: &serde_json::Value) -> f64 {
    match value.as_str() {
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        _ => value.as_f64().unwrap_or(f64::NAN),
    }
}

/// A value without the quotes of a string.
fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}
