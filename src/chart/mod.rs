//! What a figure shows, as data. A [`Chart`] says it by the names of columns, and makes of the rows of a table the panels of a
//! [`Figure`]; what stands in no table is a [`Figure`] from the start. `overlaps-figures` draws it.
//!
//! `branches` draws branches with their stability and their ends, `lines` makes lines and measured points of rows, `map` heat maps, `critical` the lines of changes and zeros; `words` says what they
//! are of.

mod branches;
mod critical;
mod figure;
mod lines;
mod map;
mod words;

use thiserror::Error;

use crate::name::{ascii_name, did_you_mean};
use crate::output::{Cell, Column, OutputError, Role, Table};
use crate::study::{Plan, Swept};

pub use figure::{Curve, Figure, HeatMap, LineStyle, MapCell, Mark, PALETTE, Panel, Points};
pub use lines::mean;
pub use words::{in_words, of_model, of_theories};

/// What cannot be drawn, and what to change.
#[derive(Debug, Error)]
pub enum ChartError {
    /// A column that the table does not have.
    #[error(transparent)]
    Column(#[from] OutputError),
    /// In words.
    #[error("{0}")]
    Given(String),
}

/// A column along an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// Its name.
    pub column: String,
    /// Whether the axis is logarithmic.
    pub log: bool,
}

impl Axis {
    /// That of a parameter.
    pub fn new(name: &str, log: bool) -> Axis {
        Axis { column: ascii_name(name).unwrap_or_else(|| name.to_string()), log }
    }

    /// That of a swept parameter.
    pub fn of(swept: &Swept) -> Axis {
        Axis::new(&swept.name, swept.is_logarithmic())
    }

    /// Those of all numbers that vary: swept parameters, then the control.
    pub fn varying(plan: &Plan, control: &str) -> Vec<Axis> {
        let swept = plan.swept.iter().filter(|sweep| sweep.has_numbers() && sweep.values.len() > 1);
        let varies = plan.controls.as_ref().is_none_or(|controls| controls.len() > 1);
        let along = varies.then(|| Axis::new(control, plan.controls_logarithmic));
        swept.map(Axis::of).chain(along).collect()
    }
}

/// The dashes of lines, in the order in which they are taken.
const STYLES: [LineStyle; 4] =
    [LineStyle::Solid, LineStyle::Dashed, LineStyle::Dotted, LineStyle::DashDotted];

/// What the rows of a line become.
#[derive(Debug, Clone, PartialEq)]
pub enum Marks {
    /// A line through them in their order, cut where the branch changes.
    Lines,
    /// Their mean at every x, with its standard error.
    Means,
    /// Changes of the global branch, each between two rows.
    Changes,
    /// Zeros of an output.
    Zeros {
        /// Of which.
        of: String,
        /// The values of x at which they were sought.
        at: Vec<f64>,
        /// Whether branches have lines of their own.
        branches: bool,
    },
}

/// What a figure shows of a table, by the names of columns. An experiment [has one](crate::experiment::Experiment::chart):
///
/// ```
/// use overlaps::experiment::Experiment;
/// use overlaps::system::Theory;
///
/// let solve = Theory::load("first-phase")?.along([0.01, 0.5, 1.0])?.sweep("n", [8, 16])?;
/// let chart = solve.chart()?.expect("a solve has curves").showing(&["m".into()], solve.columns())?;
/// let figure = chart.figure(&solve.solve())?;
/// let labels: Vec<&str> = figure.panels[0].curves.iter().map(|curve| curve.label.as_str()).collect();
/// assert_eq!(labels, ["n = 8", "n = 16"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// The title.
    pub title: String,
    /// What is the same for all lines.
    pub subtitle: String,
    /// Along x.
    pub x: Axis,
    /// Along y, a panel each; all outputs if none is named.
    pub y: Vec<String>,
    /// The columns whose values tell lines apart.
    pub series: Vec<String>,
    /// The values of the first of them in their order, each with a colour of its own where they are known before.
    pub order: Vec<Cell>,
    /// The columns whose values tell panels apart.
    pub facet: Vec<String>,
    /// What a line is called that nothing tells apart.
    pub alone: String,
    /// How the lines of values of the first series are broken.
    pub lines: Vec<(String, LineStyle)>,
    /// What rows become.
    pub marks: Marks,
    /// What varies, where rows have a place in a map over two of that.
    pub numbers: Option<Vec<Axis>>,
}

impl Chart {
    /// One with nothing that tells lines apart yet, and no place for a map.
    pub fn new(title: impl Into<String>, x: Axis, marks: Marks) -> Chart {
        let none = String::new;
        let (y, series, order, facet, lines) = Default::default();
        Chart {
            title: title.into(),
            subtitle: none(),
            x,
            y,
            series,
            order,
            facet,
            alone: none(),
            lines,
            marks,
            numbers: None,
        }
    }

    /// The same with the columns that are asked for in place of its own; see [`drawn_columns`].
    ///
    /// # Errors
    /// A column that does not exist.
    pub fn showing(mut self, asked: &[String], columns: &[Column]) -> Result<Chart, ChartError> {
        self.y = drawn_columns(asked, &self.y, columns)?;
        Ok(self)
    }

    /// The axes of a map where exactly two numbers vary: x before the other.
    pub fn axes(&self) -> Option<[Axis; 2]> {
        let [one, other] = &self.numbers.as_ref()?[..] else { return None };
        let (x, y) = if other.column == self.x.column { (other, one) } else { (one, other) };
        Some([x.clone(), y.clone()])
    }

    /// The figure of a table.
    ///
    /// # Errors
    /// More lines or panels than a figure can hold, columns that the table lacks.
    pub fn figure(&self, table: &Table) -> Result<Figure, ChartError> {
        match &self.marks {
            Marks::Lines | Marks::Means => self.of_lines(table, &[]),
            Marks::Changes | Marks::Zeros { .. } => self.of_critical(table),
        }
    }
}

/// The columns that are drawn: those asked for, `all` for all outputs; else the defaults, else all outputs.
///
/// # Errors
/// A column that there is not; the nearest is suggested.
pub fn drawn_columns(
    asked: &[String],
    defaults: &[String],
    columns: &[Column],
) -> Result<Vec<String>, ChartError> {
    let outputs = || columns.iter().filter(|c| c.role == Role::Output).map(|c| c.name.as_str());
    if asked == ["all"] || asked.is_empty() && defaults.is_empty() {
        return Ok(outputs().map(String::from).collect());
    }
    if asked.is_empty() {
        return Ok(defaults.to_vec());
    }
    let asked = asked.iter().map(|name| ascii_name(name).unwrap_or_else(|| name.to_string()));
    let known = |name: String| match columns.iter().any(|c| c.name == name && c.role != Role::Label) {
        true => Ok(name),
        false => {
            let (hint, all) = (did_you_mean(&name, outputs()), outputs().collect::<Vec<_>>().join(", "));
            let text = format!("there is no column `{name}`{hint}; columns are {all}, or `all`");
            Err(ChartError::Given(text))
        }
    };
    asked.map(known).collect()
}

/// Whether a figure has room for what a sweep makes.
///
/// # Errors
/// More than that.
pub fn room(count: usize, most: usize, what: &str) -> Result<(), ChartError> {
    match count > most {
        false => Ok(()),
        true => Err(ChartError::Given(format!(
            "a figure holds at most {most} {what}, and this sweep makes {count}; sweep fewer values, or leave out --plot and draw from the CSV"
        ))),
    }
}
