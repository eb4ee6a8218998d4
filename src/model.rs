//! What can be simulated: the [`Model`] trait, and what a model declares ([`Description`]): its parameters, what it measures,
//! the theories of it. A model is simulated by [`Simulate`](crate::experiment::Simulate) and compared with theories by
//! [`Check`](crate::experiment::Check); those that come with the project are in `overlaps-models`.
//!
//! The mean of d normal numbers, of variance v, is a model in twenty lines:
//!
//! ```
//! use std::sync::LazyLock;
//!
//! use overlaps::experiment::{Experiment, Simulate};
//! use overlaps::model::*;
//! use overlaps::output::Status;
//! use rand::SeedableRng;
//! use rand_distr::{Distribution, Normal};
//!
//! static MEAN: LazyLock<Description> = LazyLock::new(|| Description {
//!     name: "mean",
//!     title: "The mean of d normal numbers",
//!     describes: &["mean"],
//!     control: Control { name: "v", meaning: "variance", from: 0.0, to: 10.0 },
//!     parameters: vec![number("d", 1000.0, "how many numbers").whole(1.0, 1e9, "d is a whole number")],
//!     labels: &[],
//!     quantities: &[Quantity { name: "m", meaning: "mean" }],
//!     certificates: &[],
//!     corrections: ROOTS,
//! });
//!
//! struct Mean;
//!
//! impl Model for Mean {
//!     fn description(&self) -> &'static Description {
//!         &MEAN
//!     }
//!
//!     fn run(&self, at: &Point, seed: u64, controls: &[f64], _: &Running) -> Result<Option<Vec<Measured>>, ModelError> {
//!         let d = at.number("d");
//!         let mean = |v: &f64| -> Result<Measured, ModelError> {
//!             let numbers = Normal::new(0.0, v.sqrt())?.sample_iter(rand_chacha::ChaCha12Rng::seed_from_u64(seed));
//!             Ok(Measured::new(vec![numbers.take(d as usize).sum::<f64>() / d], Status::Converged))
//!         };
//!         Ok(Some(controls.iter().map(mean).collect::<Result<_, _>>()?))
//!     }
//! }
//!
//! let simulate = Simulate::new(Mean)?.set("d", 100)?.along([0.0, 1.0])?.seeds(0..4)?;
//! let table = simulate.table()?;
//! assert_eq!(table.rows.len(), 8);
//! assert_eq!(table.number("m", 0)?, 0.0);
//! assert!(Simulate::new(Mean)?.set("d", 0.5).unwrap_err().to_string().contains("whole number"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::error::Error;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::numeric::grid;
use crate::output::{Cell, Column, Role, Status};
use crate::value::{Given, given};

pub use crate::value::parameter::{
    Following, Parameter, ParameterError, Parameters, Point, following, is_whole, like, number, words,
};

/// What is measured or said of every row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    /// Its name, that of the output of a theory that predicts it.
    pub name: &'static str,
    /// Its meaning.
    pub meaning: &'static str,
}

/// The parameter at several values of which one data set is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Control {
    /// Its name, that of the control of its theories.
    pub name: &'static str,
    /// Its meaning.
    pub meaning: &'static str,
    /// Its smallest value.
    pub from: f64,
    /// Its largest value.
    pub to: f64,
}

/// What a model declares.
#[derive(Debug, Clone)]
pub struct Description {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it is, in a line.
    pub title: &'static str,
    /// What joins it to theories: the words of `describes` in their equation files.
    pub describes: &'static [&'static str],
    /// The parameter at several values of which one data set is measured.
    pub control: Control,
    /// Its other parameters, in the order of tables; the dimension is `d`.
    pub parameters: Vec<Parameter>,
    /// Words that are said of every row.
    pub labels: &'static [Quantity],
    /// What is measured, in the order of tables.
    pub quantities: &'static [Quantity],
    /// Evidence for the row.
    pub certificates: &'static [Quantity],
    /// The powers of 1/d by which means over data sets approach their limit d → ∞, smallest first: those of the fit by which they
    /// are compared with theories of the limit. [`ROOTS`] where nothing better is known.
    pub corrections: &'static [f64],
}

/// Corrections in powers of 1/√d: a + b/√d + c/d.
pub const ROOTS: &[f64] = &[0.5, 1.0];
/// Corrections in powers of 1/d: a + b/d + c/d². They are those of means of what depends smoothly on many numbers of which each matters little.
pub const INVERSE: &[f64] = &[1.0, 2.0];

impl Description {
    /// The same parameters, with whose they are.
    pub fn known(&self) -> Parameters<'_> {
        Parameters { whose: self.name, all: &self.parameters }
    }

    /// The columns of a table of simulations.
    pub fn columns(&self) -> Vec<Column> {
        let of = |quantities: &'static [Quantity], role: Role| {
            quantities.iter().map(move |q| Column::new(q.name, q.meaning, role))
        };
        let mut columns = vec![Column::new(self.control.name, self.control.meaning, Role::Control)];
        columns.extend(self.parameters.iter().map(|p| Column::new(&p.name, &p.meaning, Role::Parameter)));
        columns.push(Column::new("seed", "data set", Role::Parameter));
        columns.extend(of(self.labels, Role::Label));
        columns.extend(of(self.quantities, Role::Output));
        columns.extend(of(self.certificates, Role::Certificate));
        columns.push(Column::new("status", Status::MEANING, Role::Certificate));
        columns
    }

    /// The row of what was measured, under these columns.
    pub fn row(&self, at: &Point, seed: u64, control: f64, measured: Measured) -> Vec<Cell> {
        let drawn = |name: &str| measured.drawn.iter().find(|(n, _)| *n == name).map(|(_, value)| *value);
        let mut row = vec![Cell::Number(control)];
        let known = self.known();
        let cell = |(name, value)| match drawn(name) {
            Some(drawn) => Cell::Number(drawn),
            None => Cell::of(value, known.counts(name)),
        };
        row.extend(at.values().map(cell));
        row.push(Cell::Integer(seed));
        row.extend(measured.labels);
        let usable = measured.status != Status::NotConverged;
        let number = |x: &f64| if x.is_nan() || !usable { Cell::Missing } else { Cell::Number(*x) };
        row.extend(measured.quantities.iter().map(number));
        row.extend(measured.certificates);
        row.push(measured.status.into());
        row
    }
}

/// What is measured on one data set at one value of the control.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Parameters that are another number in the data as drawn than was asked for.
    pub drawn: Vec<(&'static str, f64)>,
    /// The words of [`Description::labels`].
    pub labels: Vec<Cell>,
    /// The values of [`Description::quantities`]; NaN where there is none.
    pub quantities: Vec<f64>,
    /// What stands under [`Description::certificates`].
    pub certificates: Vec<Cell>,
    /// Whether it is what was to be measured.
    pub status: Status,
}

impl Measured {
    /// Measured values, without labels and certificates.
    pub fn new(quantities: Vec<f64>, status: Status) -> Measured {
        Measured { drawn: Vec::new(), labels: Vec::new(), quantities, certificates: Vec::new(), status }
    }
}

/// What keeps a simulation from being run at all.
pub type ModelError = Box<dyn Error + Send + Sync>;

/// What a simulation asks and tells while it runs.
#[derive(Clone, Copy)]
pub struct Running<'r> {
    /// Whether it is to stop.
    pub interrupted: &'r (dyn Fn() -> bool + Sync),
    /// A unit of progress is done, of which there are [`Model::units`] for each control value.
    pub progress: &'r (dyn Fn() + Sync),
}

impl Running<'static> {
    /// To the end, in silence.
    pub const ON: Running<'static> = Running { interrupted: &|| false, progress: &|| {} };
}

/// What can be simulated at finite dimension.
pub trait Model: Send + Sync {
    /// What it declares.
    fn description(&self) -> &'static Description;

    /// Whether it can be simulated there; cheap.
    ///
    /// # Errors
    /// Why not: values that do not fit each other, data that do not fit into memory.
    fn check(&self, _at: &Point, _controls: &[f64]) -> Result<(), ModelError> {
        Ok(())
    }

    /// Draws the data set of a seed and measures it at every control value; none where an interruption was asked for. The
    /// same arguments give the same numbers.
    ///
    /// # Errors
    /// What [`Model::check`] refuses; files that cannot be written.
    fn run(
        &self,
        at: &Point,
        seed: u64,
        controls: &[f64],
        running: &Running,
    ) -> Result<Option<Vec<Measured>>, ModelError>;

    /// The control values unless others are given.
    fn controls(&self, _points: &[Point]) -> Vec<f64> {
        let control = self.description().control;
        grid(control.from, control.to, 21)
    }

    /// The dimensions of a comparison with theories unless others are given, three or more for d → ∞.
    ///
    /// # Errors
    /// Where they are to be given: why.
    fn dimensions(&self, _points: &[Point]) -> Result<Vec<f64>, ModelError> {
        Ok([250.0, 500.0, 1000.0, 2000.0].into())
    }

    /// Units of progress at each control value.
    fn units(&self) -> u64 {
        1
    }

    /// What decides about its rows beside the parameters, for side files; `sets` says which data sets there are.
    fn describe(&self, sets: IndexMap<String, Json>) -> IndexMap<String, Json> {
        sets
    }

    /// What an interruption leaves, in words, if it leaves something.
    fn left(&self) -> Option<String> {
        None
    }

    /// The rows of a data set are on the disk: what was kept to go on with it is no longer needed.
    fn forget(&self, _at: &Point, _seed: u64, _controls: &[f64]) {}

    /// All rows are on the disk.
    fn finish(&self) {}
}

/// The constants of some combinations of parameters, as a side file has them: without what is swept.
pub fn constants(description: &Description, fixed: &Given, swept: &[&str]) -> IndexMap<String, Json> {
    let of = |parameter: &Parameter| {
        let value = given(fixed, &parameter.name).cloned().or_else(|| parameter.default());
        let value = value.filter(|_| !swept.contains(&parameter.name.as_str()))?;
        Some((parameter.name.clone(), crate::output::json::of_value(&value)))
    };
    description.parameters.iter().filter_map(of).collect()
}
