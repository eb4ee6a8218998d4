//! The extension module under the Python package `overlaps`: words of the command go in, tables come out. What a call computes is what
//! the command computes with the same words ([`overlaps_cli::embedded`]); how results look in Python is said in `overlaps/`.

mod watch;

use anyhow::Context;
use overlaps::chart::{Chart, ChartError, Figure};
use overlaps::experiment::Told;
use overlaps::output::csv::{read_table, write_table};
use overlaps::output::{Column, Series, Table};
use overlaps::solve::Special;
use overlaps::study::Counts;
use overlaps::system::{BUILT_IN, Theory};
use overlaps_cli::embedded::{self, Drawn};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::{Value as Json, json};

pyo3::create_exception!(
    _overlaps,
    Failed,
    PyException,
    "The message; file, line and column where it has a place."
);

/// A table, and what else there is to say of it.
#[pyclass(frozen)]
struct Outcome {
    table: Table,
    chart: Option<(Chart, Vec<Special>)>,
    /// Of a check.
    checked: Option<Result<Drawn, ChartError>>,
    said: Json,
    notes: Vec<String>,
    warnings: Vec<String>,
}

#[pymethods]
impl Outcome {
    /// Name, symbol, meaning and role of every column.
    fn columns(&self) -> Vec<(String, String, String, String)> {
        let role = |column: &Column| format!("{:?}", column.role).to_lowercase();
        let all = self.table.columns.iter();
        all.map(|c| (c.name.clone(), c.symbol.clone(), c.meaning.clone(), role(c))).collect()
    }

    fn rows(&self) -> usize {
        self.table.rows.len()
    }

    /// The place of a column, whose name may be spelled.
    fn place(&self, name: &str) -> PyResult<usize> {
        self.table.place(name).map_err(|error| failed(&error.into()))
    }

    /// A column: numbers and counts as the bytes of float64 and uint64, words as a list.
    fn series<'py>(&self, py: Python<'py>, place: usize) -> PyResult<(&'static str, Bound<'py, PyAny>)> {
        Ok(match self.table.series(place) {
            Series::Numbers(x) => ("f8", filled(py, x.iter().map(|x| x.to_ne_bytes()))?.into_any()),
            Series::Counts(n) => ("u8", filled(py, n.iter().map(|n| n.to_ne_bytes()))?.into_any()),
            Series::Words(words) => ("O", words.into_pyobject(py)?),
        })
    }

    /// The CSV of the command.
    fn csv(&self) -> PyResult<String> {
        let mut bytes = Vec::new();
        write_table(&self.table, &mut bytes).map_err(|error| failed(&error.into()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Writes it to a file, whole or not at all.
    fn write_csv(&self, path: &str) -> PyResult<()> {
        self.table.write_csv(path).map_err(|error| failed(&error.into()))
    }

    /// System, parameters, events, verdicts, as JSON.
    fn said(&self) -> String {
        self.said.to_string()
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    /// What a figure of these columns shows, as JSON; none where rows are neither curves nor maps.
    fn figure(&self, columns: Vec<String>) -> PyResult<Option<String>> {
        let figure = self.drawn(&columns).map_err(|error| failed(&error))?;
        Ok(figure.map(|figure| shown(&figure).to_string()))
    }

    /// The same, drawn by the command.
    fn svg(&self, columns: Vec<String>) -> PyResult<Option<String>> {
        let figure = self.drawn(&columns).map_err(|error| failed(&error))?;
        figure
            .map(|figure| overlaps_figures::draw(&figure).map_err(|error| failed(&error.into())))
            .transpose()
    }
}

impl Outcome {
    fn drawn(&self, columns: &[String]) -> anyhow::Result<Option<Figure>> {
        match &self.checked {
            Some(Ok(drawn)) => return Ok(Some(drawn.showing(columns)?)),
            Some(Err(reason)) => anyhow::bail!("{reason}"),
            None => {}
        }
        let Some((chart, special)) = &self.chart else { return Ok(None) };
        Ok(Some(chart.clone().showing(columns, &self.table.columns)?.marked(&self.table, special)?))
    }
}

/// Numbers as the bytes of an array.
fn filled<'py>(
    py: Python<'py>,
    numbers: impl ExactSizeIterator<Item = [u8; 8]>,
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, 8 * numbers.len(), |bytes| {
        bytes.chunks_exact_mut(8).zip(numbers).for_each(|(place, number)| place.copy_from_slice(&number));
        Ok(())
    })
}

/// A figure as JSON: panels with their curves, points and maps. Numbers that are not finite are no points.
fn shown(figure: &Figure) -> Json {
    let panel = |panel: &overlaps::chart::Panel| {
        let curves = panel.curves.iter().map(|c| {
            json!({"label": c.label, "line": format!("{:?}", c.line), "colour": c.colour, "segments": c.segments})
        });
        let points =
            panel.points.iter().map(|p| json!({"label": p.label, "colour": p.colour, "data": p.data}));
        let map = panel.map.as_ref().map(|map| {
            let cells = map.cells.iter().map(|cell| json!([cell.x, cell.y, cell.value]));
            json!({"label": map.label, "cells": cells.collect::<Vec<_>>()})
        });
        json!({
            "y_label": panel.y_label, "y_log": panel.y_log, "caption": panel.caption,
            "x_label": if panel.x_label.is_empty() { &figure.x_label } else { &panel.x_label },
            "x_log": if panel.x_label.is_empty() { figure.x_log } else { panel.x_log },
            "curves": curves.collect::<Vec<_>>(), "points": points.collect::<Vec<_>>(), "map": map,
        })
    };
    let panels: Vec<Json> = figure.panels.iter().map(panel).collect();
    let palette: Vec<[u8; 3]> = overlaps::chart::PALETTE.iter().map(|(r, g, b)| [*r, *g, *b]).collect();
    json!({"title": figure.title, "subtitle": figure.subtitle, "panels": panels, "palette": palette})
}

/// An error with the text of the command, and its place in a file.
fn failed(error: &anyhow::Error) -> PyErr {
    let place = overlaps::experiment::place_of(error.as_ref());
    let place = place.map(|place| (place.file, place.line, place.column));
    Failed::new_err((format!("{error:#}"), place))
}

/// Computes what the command would with these words; `kind` says which door: cells, or a check.
#[pyfunction]
#[pyo3(signature = (words, threads=None, progress=None))]
fn compute(
    py: Python<'_>,
    words: Vec<String>,
    threads: Option<usize>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Outcome> {
    watch::watched(py, threads, progress, |watch| {
        if words.first().is_some_and(|word| word == "check") {
            return check(&words, watch);
        }
        let experiment = embedded::experiment(&words)?;
        watch.of(experiment.cells() as u64 * experiment.units());
        let running = watch.running();
        let cells = overlaps::experiment::each(0..experiment.cells(), &running, |cell, running| {
            experiment.compute(cell, running)
        });
        let cells = cells.map_err(anyhow::Error::from_boxed)?.context("interrupted; nothing was written")?;
        let mut table = Table::new(experiment.columns().to_vec());
        let (mut told, mut counts) = (Told::default(), Counts::default());
        for computed in cells {
            counts += computed.counts;
            table.rows.extend(computed.rows);
            told.add(computed.told);
        }
        let (system, parameters) = experiment.described();
        let mut notes = told.lines.clone();
        notes.dedup();
        notes.extend(told.verification.notes());
        Ok(Outcome {
            table,
            // A table without a figure is still a table.
            chart: experiment.chart().ok().flatten().map(|chart| (chart, told.special.clone())),
            checked: None,
            warnings: experiment.warnings(counts, &told),
            said: json!({"system": system, "parameters": parameters, "events": told.events}),
            notes,
        })
    })
}

fn check(words: &[String], watch: &watch::Watch) -> anyhow::Result<Outcome> {
    let checked = embedded::check(words, &watch.running())?;
    let said = json!({
        "system": checked.headline, "parameters": checked.parameters, "events": [], "verdicts": checked.verdicts,
    });
    Ok(Outcome {
        table: checked.table,
        chart: None,
        checked: Some(checked.figure),
        said,
        notes: checked.notes,
        warnings: checked.warnings,
    })
}

/// Computes a study and gives its table, the path of its CSV, and the exit code of the command.
#[pyfunction]
#[pyo3(signature = (words, threads=None))]
fn sweep(py: Python<'_>, words: Vec<String>, threads: Option<usize>) -> PyResult<(Outcome, String, u8)> {
    watch::watched(py, threads, None, |_| {
        let (csv, code) = embedded::sweep(&words)?;
        let table = read_table(std::fs::File::open(&csv)?).map_err(anyhow::Error::msg)?;
        let side = std::fs::read_to_string(csv.with_extension("json"))?;
        let said = serde_json::from_str(&side)?;
        let (notes, warnings) = (Vec::new(), Vec::new());
        let outcome = Outcome { table, chart: None, checked: None, said, notes, warnings };
        Ok((outcome, csv.display().to_string(), code))
    })
}

/// What the command shows of a system.
#[pyfunction]
fn show(system: &str) -> PyResult<String> {
    Theory::load(system).map(|theory| theory.to_string()).map_err(|error| failed(&error.into()))
}

/// The name of a system, that of its control, and whether it moves from a start.
#[pyfunction]
fn runs_along(system: &str) -> PyResult<(String, String, bool)> {
    let theory = Theory::load(system).map_err(|error| failed(&error.into()))?;
    let moves = theory.pieces.iter().all(|piece| piece.system.kind.moves());
    Ok((theory.name().to_string(), theory.control.name, moves))
}

/// The controls of the models that can be simulated, by their names.
#[pyfunction]
fn models() -> Vec<(&'static str, &'static str)> {
    let all = overlaps_models::all();
    all.iter().map(|model| model.description()).map(|model| (model.name, model.control.name)).collect()
}

/// Name, subject, title, source and what it describes.
type System = (String, String, String, String, Vec<String>);

/// Every built-in system.
#[pyfunction]
fn systems() -> PyResult<Vec<System>> {
    let all = BUILT_IN.iter().map(|system| {
        let d = system.description().map_err(|error| failed(&error.into()))?;
        Ok((system.name.to_string(), system.subject().to_string(), d.title, d.source, d.describes))
    });
    all.collect()
}

/// Runs the command and gives its exit code.
#[pyfunction]
#[pyo3(signature = (arguments, program=None))]
fn main(py: Python<'_>, arguments: Vec<String>, program: Option<String>) -> u8 {
    let arguments = arguments.into_iter().map(Into::into).collect();
    py.detach(|| overlaps_cli::main(arguments, program.map(Into::into)))
}

#[pymodule]
fn _overlaps(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("Failed", module.py().get_type::<Failed>())?;
    module.add_class::<Outcome>()?;
    module.add_function(wrap_pyfunction!(compute, module)?)?;
    module.add_function(wrap_pyfunction!(sweep, module)?)?;
    module.add_function(wrap_pyfunction!(show, module)?)?;
    module.add_function(wrap_pyfunction!(systems, module)?)?;
    module.add_function(wrap_pyfunction!(runs_along, module)?)?;
    module.add_function(wrap_pyfunction!(models, module)?)?;
    module.add_function(wrap_pyfunction!(main, module)?)
}
