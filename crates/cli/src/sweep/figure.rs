//! The table of a study → its figure: heat maps over two parameters, or what the command draws by itself.

use std::io::Read;

use anyhow::{anyhow, bail};
use csv::ReaderBuilder;

use super::study::Opened;
use crate::figure::drawn_columns;
use crate::map::{Axes, axes_of, map};
use overlaps::name::ascii_name;
use overlaps::output::{Cell, Column, Role, Table};
use overlaps_figures::Figure;

/// The most rows of which a figure is drawn.
const MOST_ROWS: usize = 4_000_000;

/// What is drawn of a study.
pub struct Plot {
    /// The axes of maps; none: curves.
    axes: Option<Axes>,
    columns: Vec<String>,
}

impl Plot {
    /// What the study asks for: maps over the parameters that it names, or where exactly two vary; else curves.
    ///
    /// # Errors
    /// A command without figures, columns that do not exist, parameters that do not vary.
    pub fn new(opened: &Opened) -> anyhow::Result<Plot> {
        let (work, asked) = (opened.work.as_ref(), &opened.study.figure);
        let Some(usual) = work.drawn() else {
            bail!(
                "the rows of `{}` are not curves or maps; leave out `plot`, and draw what you need from the CSV",
                opened.study.task.name()
            );
        };
        let columns = drawn_columns(&asked.columns, &usual, &Table::new(work.columns().to_vec()))?;
        let axes = match (&asked.x, &asked.y, work.mapped()) {
            (None, None, None) => None,
            (None, None, Some(control)) => axes_of(work.plan(), control),
            (Some(x), Some(y), Some(control)) => Some(named(opened, control, x, y)?),
            (_, _, None) => {
                bail!("[figure]: `{}` draws no maps; leave out x and y", opened.study.task.name())
            }
            _ => bail!("[figure]: a map has x and y; name both, or none"),
        };
        if axes.is_none() {
            work.check_curves()?;
        }
        Ok(Plot { axes, columns })
    }

    /// Draws the table.
    ///
    /// # Errors
    /// More curves or panels than a figure can hold, a table that is too large or cannot be read.
    pub fn figure(&self, opened: &Opened, csv: impl Read) -> anyhow::Result<Figure> {
        let table = self.table(opened.work.columns(), csv)?;
        let (title, subtitle) = opened.work.heading();
        let mut figure = match &self.axes {
            Some(axes) => map(&table, axes, &self.columns, &title, &subtitle)?,
            None => opened.work.curves(&table, &self.columns)?,
        };
        if !opened.study.title.is_empty() {
            figure.title = opened.study.title.clone();
        }
        Ok(figure)
    }

    /// The columns that a figure needs, read back from the CSV.
    fn table(&self, all: &[Column], csv: impl Read) -> anyhow::Result<Table> {
        let needed = |column: &Column| match column.role {
            Role::Control | Role::Parameter | Role::Label => true,
            Role::Output | Role::Certificate => {
                column.name == "status" || self.columns.contains(&column.name)
            }
        };
        let kept: Vec<usize> = (0..all.len()).filter(|i| needed(&all[*i])).collect();
        let mut table = Table::new(kept.iter().map(|i| all[*i].clone()).collect());
        for record in ReaderBuilder::new().from_reader(csv).records() {
            let record = record?;
            if table.rows.len() >= MOST_ROWS {
                bail!(
                    "a figure of more than {MOST_ROWS} rows is not drawn; leave out `plot`, and draw from the CSV"
                );
            }
            table.push(kept.iter().map(|i| Cell::read(record.get(*i).unwrap_or_default())).collect())?;
        }
        Ok(table)
    }
}

/// The axes of a map over parameters that are named.
fn named(opened: &Opened, control: &str, x: &str, y: &str) -> anyhow::Result<Axes> {
    let plan = opened.work.plan();
    let ascii = |name: &str| ascii_name(name).unwrap_or_else(|| name.to_string());
    let swept = plan.swept.iter().filter(|sweep| sweep.has_numbers() && sweep.values.len() > 1);
    let mut varying: Vec<(String, bool)> = swept.map(|s| (ascii(&s.name), s.is_logarithmic())).collect();
    if plan.controls.as_ref().is_none_or(|controls| controls.len() > 1) {
        varying.push((control.to_string(), plan.controls_logarithmic));
    }
    let find = |name: &str| -> anyhow::Result<(String, bool)> {
        let found = varying.iter().find(|(known, _)| *known == ascii(name)).cloned();
        found.ok_or_else(|| {
            let known: Vec<&str> = varying.iter().map(|(name, _)| name.as_str()).collect();
            anyhow!("[figure]: `{name}` is no parameter with several values; those are {}", known.join(", "))
        })
    };
    let ((x, x_log), (y, y_log)) = (find(x)?, find(y)?);
    if x == y {
        bail!("[figure]: a map has two different axes, not {x} twice");
    }
    Ok(Axes { x, x_log, y, y_log })
}
