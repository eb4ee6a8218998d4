//! The table of a study → its figure: heat maps over two parameters, or what the command draws by itself.

use std::io::Read;

use anyhow::bail;
use csv::ReaderBuilder;

use super::study::Opened;
use overlaps::chart::{Axis, Chart, Figure};
use overlaps::output::{Cell, Column, Role, Table};
use overlaps::solve::Special;

/// The most rows of which a figure is drawn.
const MOST_ROWS: usize = 4_000_000;

/// What is drawn of a study.
pub struct Plot {
    chart: Chart,
    /// The axes of maps; none: curves.
    axes: Option<[Axis; 2]>,
}

impl Plot {
    /// What the study asks for: maps over the parameters that it names, or where exactly two vary; else curves.
    ///
    /// # Errors
    /// A command without figures, columns that do not exist, parameters that do not vary.
    pub fn new(opened: &Opened) -> anyhow::Result<Plot> {
        let (work, asked, name) = (opened.work.as_ref(), &opened.study.figure, opened.study.task.name());
        let Some(chart) = work.chart()? else {
            bail!(
                "the rows of `{name}` are not curves or maps; leave out `plot`, and draw what you need from the CSV"
            );
        };
        let mut chart = chart.showing(&asked.columns, work.columns())?;
        if chart.numbers.is_none() && (asked.x.is_some() || asked.y.is_some()) {
            bail!("[figure]: `{name}` draws no maps; leave out x and y");
        }
        let axes = chart.axes_named(asked.x.as_deref(), asked.y.as_deref())?;
        if !opened.study.title.is_empty() {
            chart.title = opened.study.title.clone();
        }
        Ok(Plot { chart, axes })
    }

    /// Draws the table. Curves have marks where branches fold and cross, for which their cells are computed again: they are few.
    ///
    /// # Errors
    /// More curves or panels than a figure can hold, a table that is too large or cannot be read.
    pub fn figure(&self, opened: &Opened, csv: impl Read) -> anyhow::Result<Figure> {
        let work = opened.work.as_ref();
        let (kept, table) = self.table(work.columns(), csv)?;
        if let Some(axes) = &self.axes {
            return Ok(self.chart.map(&table, axes)?);
        }
        // Whatever cannot be drawn is refused before anything is computed.
        let without = self.chart.figure(&table)?;
        if without.panels.iter().any(|panel| panel.map.is_some()) {
            return Ok(without);
        }
        let special = (0..work.cells()).flat_map(|cell| work.special(cell)).map(|special| {
            let row = kept.iter().map(|place| special.row[*place].clone()).collect();
            Special { row, ..special }
        });
        Ok(self.chart.marked(&table, &special.collect::<Vec<_>>())?)
    }

    /// The columns that a figure needs, read back from the CSV, with their places there.
    fn table(&self, all: &[Column], csv: impl Read) -> anyhow::Result<(Vec<usize>, Table)> {
        let needed = |column: &Column| match column.role {
            Role::Control | Role::Parameter | Role::Label => true,
            Role::Output | Role::Certificate => {
                ["status", "curvature"].contains(&column.name.as_str()) || self.chart.y.contains(&column.name)
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
        Ok((kept, table))
    }
}
