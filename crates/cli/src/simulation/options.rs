//! The options of a simulation.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum, ValueHint};

use crate::arguments::{defaults, named};
use overlaps::model::{Description, Model};
use overlaps_models::mixture::DENOISER;
use overlaps_models::mixture::simulate::{DataRule, Decay, Denoiser, LabelRule, Method, Search, Training};

/// Options of a simulation.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "Simulation")]
pub struct SimulationOptions {
    /// Data sets per combination of parameters: seeds 0, 1, …
    #[arg(long, value_name = "COUNT", default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub seeds: u64,
    /// The first seed.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub first_seed: u64,
    /// How a denoiser is learnt: the noise integrated out and the loss minimised, or the network itself trained.
    #[arg(long, value_enum, default_value_t = MethodName::Integrated)]
    pub method: MethodName,
    /// The Gram matrix of the data drawn exactly in law, or the data themselves [default: gram; trained networks always
    /// see explicit data].
    #[arg(long, value_parser = named(&[
        (DataRule::Gram, "The Gram matrix in law; the cost does not depend on d"),
        (DataRule::Explicit, "The n×d matrix"),
    ], DataRule::name))]
    pub data: Option<DataRule>,
    /// The classes of the samples: round(np) of mode +, or every sample drawn.
    #[arg(long, default_value = "fixed", value_parser = named(&[
        (LabelRule::Fixed, "round(np) of mode +"),
        (LabelRule::Drawn, "Every sample of mode + with probability p"),
    ], LabelRule::name))]
    pub labels: LabelRule,
    /// Fixed noise samples per datum, for the second phase [default: fresh noise at every step]; the same as --set k=K.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub noise_samples: Option<u16>,
    /// integrated: starts beside those found with one coefficient per class [default: 160/n, from 2 to 20].
    #[arg(long, value_name = "COUNT")]
    pub starts: Option<u16>,
    #[command(flatten)]
    pub training: TrainingOptions,
}

/// Options of `--method trained`.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "Options of --method trained")]
pub struct TrainingOptions {
    /// Epochs, one step of Adam each.
    #[arg(long, value_name = "COUNT", default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub epochs: u64,
    /// Learning rate.
    #[arg(long, value_name = "RATE", default_value_t = 0.01, value_parser = positive)]
    pub learning_rate: f64,
    /// How the learning rate falls over the epochs.
    #[arg(long, default_value = "none", value_parser = named(&[
        (Decay::None, "It does not"),
        (Decay::Cosine, "Half a cosine, to 0 at the last epoch"),
        (Decay::Exponential, "By the same factor at every epoch, to a thousandth at the last"),
    ], Decay::name))]
    pub decay: Decay,
    /// Samples of fresh noise per datum and epoch, over which the gradient is averaged.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub noise_per_epoch: u32,
    /// Adam: averaging rate of the gradient.
    #[arg(long, value_name = "RATE", default_value_t = 0.9, value_parser = averaging)]
    pub beta1: f64,
    /// Adam: averaging rate of the squared gradient.
    #[arg(long, value_name = "RATE", default_value_t = 0.999, value_parser = averaging)]
    pub beta2: f64,
    /// Adam: added to the root of the averaged square.
    #[arg(long, value_name = "NUMBER", default_value_t = 1e-8, value_parser = positive)]
    pub epsilon: f64,
    /// Standard deviation of the coordinates of u and w before training.
    #[arg(long, value_name = "NUMBER", default_value_t = 1.0, value_parser = not_negative)]
    pub initial_scale: f64,
    /// Keep networks in this folder; an interrupted run continues from there [default with --output FILE.csv: a folder
    /// FILE.checkpoints, removed at the end].
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub checkpoints: Option<PathBuf>,
}

/// `--method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MethodName {
    /// The noise integrated out, the loss minimised.
    Integrated,
    /// The network itself, trained.
    Trained,
}

fn parsed(text: &str, accept: impl Fn(f64) -> bool, accepted: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|x: &f64| x.is_finite() && accept(*x))
        .ok_or_else(|| format!("expected {accepted}"))
}

fn positive(text: &str) -> Result<f64, String> {
    parsed(text, |x| x > 0.0, "a number above 0")
}

fn not_negative(text: &str) -> Result<f64, String> {
    parsed(text, |x| x >= 0.0, "a number, 0 or more")
}

fn averaging(text: &str) -> Result<f64, String> {
    parsed(text, |x| (0.0..1.0).contains(&x), "a number from 0 to below 1")
}

impl SimulationOptions {
    /// Whether nothing is said of data sets; a first seed keys random numbers of any kind.
    pub fn is_plain(&self) -> bool {
        *self == SimulationOptions { first_seed: self.first_seed, ..defaults() }
    }

    /// Whether nothing is said but which data sets.
    pub fn is_seeds_alone(&self) -> bool {
        *self == SimulationOptions { seeds: self.seeds, first_seed: self.first_seed, ..defaults() }
    }

    /// Whether explicit data were asked for by name.
    pub fn explicit_asked(&self) -> bool {
        self.data == Some(DataRule::Explicit)
    }

    /// The model of this name with these options; `csv` is the output, beside which checkpoints are kept.
    ///
    /// # Errors
    /// Options of denoisers together with another model.
    pub fn model(
        &self,
        description: &Description,
        tolerance: f64,
        csv: Option<&Path>,
    ) -> anyhow::Result<Arc<dyn Model>> {
        if description.name == DENOISER.name {
            return Ok(Arc::new(self.denoiser(tolerance, csv)?));
        }
        let SimulationOptions { seeds, first_seed, .. } = *self;
        if *self != (SimulationOptions { seeds, first_seed, ..defaults() }) {
            bail!(
                "--method, --data, --labels, --noise-samples, --starts and those of training are for denoisers; what `{}` has are its parameters, {}",
                description.name,
                description.parameters.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ")
            );
        }
        let model = overlaps_models::all().into_iter().find(|m| m.description().name == description.name);
        model.with_context(|| format!("`{}` cannot be simulated", description.name))
    }

    /// Denoisers with these options; `csv` is the output, beside which checkpoints are kept.
    ///
    /// # Errors
    /// Options of one method together with the other.
    pub fn denoiser(&self, tolerance: f64, csv: Option<&Path>) -> anyhow::Result<Denoiser> {
        Ok(Denoiser {
            method: self.method(tolerance, csv)?,
            labels: self.labels,
            tidy: self.training.checkpoints.is_none(),
        })
    }

    fn method(&self, tolerance: f64, csv: Option<&Path>) -> anyhow::Result<Method> {
        let t = &self.training;
        match self.method {
            MethodName::Integrated => {
                if *t != defaults::<TrainingOptions>() {
                    bail!(
                        "--epochs, --learning-rate, --checkpoints and the like are for --method trained; add it, or leave them out"
                    );
                }
                let data = self.data.unwrap_or(DataRule::Gram);
                let search = Search { more_starts: self.starts.map(usize::from), tolerance };
                Ok(Method::Integrated { data, search })
            }
            MethodName::Trained => {
                if self.starts.is_some() {
                    bail!(
                        "--starts is for --method integrated; a network has one start, its initial weights"
                    );
                }
                if self.data == Some(DataRule::Gram) {
                    bail!(
                        "a network is trained on the data themselves: leave --data out, or use --data explicit"
                    );
                }
                let training = Training {
                    epochs: t.epochs,
                    noise_per_epoch: t.noise_per_epoch as usize,
                    learning_rate: t.learning_rate,
                    decay: t.decay,
                    beta1: t.beta1,
                    beta2: t.beta2,
                    epsilon: t.epsilon,
                    initial_scale: t.initial_scale,
                };
                let checkpoints =
                    t.checkpoints.clone().or_else(|| csv.map(|csv| csv.with_extension("checkpoints")));
                Ok(Method::Trained { training, checkpoints })
            }
        }
    }
}
