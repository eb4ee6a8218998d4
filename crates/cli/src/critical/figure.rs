//! The figure of critical points: the critical control against a swept parameter, one line per value of the next and one
//! panel per value of the others.

use anyhow::bail;

use super::line::zeros;
use crate::figure::{MOST_LINES, room, subtitle};
use overlaps::name::symbol_of;
use overlaps::output::{Cell, OutputError, Table};
use overlaps::solve::Place;
use overlaps::study::{Plan, Swept};
use overlaps::system::Theory;
use overlaps::value::Value;
use overlaps_figures::PALETTE;
use overlaps_figures::{Curve, Figure, LineStyle, Panel};

/// The most panels that a page can hold.
const MOST_PANELS: usize = 12;
/// The lines of the kinds of change.
const STYLES: [LineStyle; 4] =
    [LineStyle::Solid, LineStyle::Dashed, LineStyle::Dotted, LineStyle::DashDotted];

/// The place of the first swept parameter that has numbers, which the x axis shows.
///
/// # Errors
/// A plan in which there is none.
pub fn x_of(plan: &Plan) -> anyhow::Result<usize> {
    let number = plan.swept.iter().position(|sweep| sweep.has_numbers() && sweep.values.len() > 1);
    match number {
        Some(place) => Ok(place),
        None => bail!(
            "--plot draws the critical control against a swept parameter; sweep one over two values or more, as --sweep n=log:8:512:7, or leave out --plot"
        ),
    }
}

/// What the rows of a table are.
#[derive(Debug, Clone, Copy)]
pub enum Drawn<'d> {
    /// Changes of the global branch.
    Changes,
    /// Zeros of an output, on all branches or on the one that is meant.
    Zeros(&'d str, bool),
}

/// Draws the changes, or the zeros, of a table.
///
/// # Errors
/// No sweep to draw along, more lines or panels than a figure can hold.
pub fn figure(theory: &Theory, plan: &Plan, table: &Table, what: Drawn) -> anyhow::Result<Figure> {
    let x = &plan.swept[x_of(plan)?];
    let mut others = plan.swept.iter().filter(|sweep| sweep.name != x.name);
    let line = others.next();
    let further: Vec<&Swept> = others.collect();

    let (panels, kinds) = match what {
        Drawn::Changes => lines(theory, table, x, line, &further)?,
        Drawn::Zeros(_, branches) => zeros(theory, table, (x, line, &further), branches)?,
    };
    let symbol = symbol_of(&theory.control.name);
    let y_label = if matches!(what, Drawn::Changes) { critical(&symbol) } else { symbol };
    room(panels.len(), MOST_PANELS, "panels")?;

    let value_of = |sweep: &Swept, value: &Cell| format!("{} = {}", symbol_of(&sweep.name), value.short());
    let curve = |one: Line| {
        let value = line.zip(one.value.as_ref());
        let kind = kinds.iter().position(|kind| *kind == one.kind).unwrap_or_default();
        let words =
            [value.map(|(sweep, value)| value_of(sweep, value)), (kinds.len() > 1).then_some(one.kind)];
        let same = |known: &Value| value.is_some_and(|(_, value)| *value == Cell::from(known));
        Curve {
            label: words.into_iter().flatten().collect::<Vec<_>>().join(", "),
            line: STYLES[kind % STYLES.len()],
            colour: line.and_then(|sweep| sweep.values.iter().position(same)).unwrap_or(kind) % PALETTE.len(),
            segments: one.segments,
        }
    };
    let mut drawn: Vec<Panel> = panels
        .into_iter()
        .map(|(key, lines)| {
            let words: Vec<String> =
                further.iter().zip(&key).map(|(sweep, value)| value_of(sweep, value)).collect();
            Panel {
                y_log: x.is_logarithmic(),
                caption: words.join(", "),
                curves: lines.into_iter().map(curve).collect(),
                ..Panel::new(&y_label)
            }
        })
        .collect();
    if drawn.is_empty() {
        drawn.push(Panel::new(y_label));
    }
    let mut words = vec![subtitle(std::slice::from_ref(theory), plan)];
    if let Some(kind) = kinds.first().filter(|kind| kinds.len() == 1 && *kind != "zero") {
        words.insert(0, kind.clone());
    }
    if let Drawn::Zeros(output, _) = what {
        words.insert(0, format!("{} = 0", symbol_of(output)));
    }
    words.retain(|part| !part.is_empty() || matches!(what, Drawn::Changes));
    let words = words.join("; ");
    Ok(Figure {
        title: theory.description.title.clone(),
        subtitle: words,
        x_label: symbol_of(&x.name),
        x_log: x.is_logarithmic(),
        panels: drawn,
        ..Figure::default()
    })
}

/// The lines of every panel, which has the same values of further parameters, and the kinds of change in the order of the
/// rows.
fn lines(
    theory: &Theory,
    table: &Table,
    x: &Swept,
    line: Option<&Swept>,
    further: &[&Swept],
) -> anyhow::Result<(Vec<OfPanel>, Vec<String>)> {
    // A change is drawn once, not for both its sides.
    let side = table.place("side")?;
    let changes = || table.rows.iter().filter(|row| row[side] == Place::Before.name().into());
    let (x, control) = (table.place(&x.name)?, table.place(&theory.control.name)?);
    let (of_line, of_panels) =
        (line.map(|sweep| table.place(&sweep.name)).transpose()?, places(table, further)?);
    let mut kinds: Vec<String> = Vec::new();
    let mut panels: Vec<OfPanel> = Vec::new();
    for change in changes() {
        let kind = kind_of(table, change);
        if !kinds.contains(&kind) {
            kinds.push(kind.clone());
        }
        let of_panel: Vec<Cell> = of_panels.iter().map(|place| change[*place].clone()).collect();
        let value = of_line.map(|place| change[place].clone());
        let at = change[x].number().zip(change[control].number());
        let Some(at) = at else { continue };
        let new = || (of_panel.clone(), Vec::new());
        let panel = place_of(&mut panels, |(key, _)| *key == of_panel, new);
        let lines = &mut panels[panel].1;
        // A change that comes twice along the control has two lines.
        let key = |one: &Line| {
            one.value == value && one.kind == kind && !one.segments[0].iter().any(|p| p.0 == at.0)
        };
        let new = || Line { value: value.clone(), kind: kind.clone(), segments: vec![Vec::new()] };
        let place = place_of(lines, key, new);
        lines[place].segments[0].push(at);
        room(lines.len(), MOST_LINES, "lines")?;
    }
    Ok((panels, kinds))
}

/// The columns of swept parameters.
pub(super) fn places(table: &Table, sweeps: &[&Swept]) -> Result<Vec<usize>, OutputError> {
    sweeps.iter().map(|sweep| table.place(&sweep.name)).collect()
}

/// Values of further parameters, and the lines at them.
pub(super) type OfPanel = (Vec<Cell>, Vec<Line>);

/// The critical points that are joined.
pub(super) struct Line {
    pub(super) value: Option<Cell>,
    pub(super) kind: String,
    pub(super) segments: Vec<Vec<(f64, f64)>>,
}

/// From which branch to which; the row after that of the side before has the other.
fn kind_of(table: &Table, before: &Vec<Cell>) -> String {
    let (Some(branch), Some(piece)) = (table.column("branch"), table.column("piece")) else {
        return String::new();
    };
    let index = table.rows.iter().position(|row| std::ptr::eq(row, before)).unwrap_or_default();
    let after = table.rows.get(index + 1).map_or(String::new(), |row| row[branch].to_string());
    let several = table.rows.iter().any(|row| row[piece] != before[piece]);
    let piece = if several { format!("{}: ", before[piece]) } else { String::new() };
    format!("{piece}{} → {after}", before[branch])
}

/// The symbol of a critical value: that of the control with the index c.
fn critical(symbol: &str) -> String {
    if symbol.chars().count() == 1 { format!("{symbol}_c") } else { format!("critical {symbol}") }
}

/// The place of what is meant, new where it is not there yet.
pub(super) fn place_of<T>(all: &mut Vec<T>, is: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> usize {
    all.iter().position(is).unwrap_or_else(|| {
        all.push(new());
        all.len() - 1
    })
}
