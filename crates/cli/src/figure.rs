//! A table of curves → a figure: one panel per column, one line per system, combination and branch; or a map, where that
//! would be too many lines.

use anyhow::bail;

use super::map::{axes_of, map};
use overlaps::name::{ascii_name, did_you_mean, symbol_of};
use overlaps::output::{Cell, Role, Table};
use overlaps::study::Plan;
use overlaps::system::{Line, Theory};
use overlaps_figures::PALETTE;
use overlaps_figures::{Curve, Figure, LineStyle, Panel, curves_of};

/// The most lines that a panel can hold and a reader tell apart.
pub const MOST_LINES: usize = 14;

/// Whether a figure has room for what a sweep makes.
///
/// # Errors
/// More than that.
pub fn room(count: usize, most: usize, what: &str) -> anyhow::Result<()> {
    if count > most {
        bail!(
            "a figure holds at most {most} {what}, and this sweep makes {count}; sweep fewer values, or leave out --plot and draw from the CSV"
        );
    }
    Ok(())
}

/// The columns that are drawn: those asked for, else the defaults, else all outputs.
///
/// # Errors
/// A column that the table does not have; the nearest is suggested.
pub fn drawn_columns(asked: &[String], defaults: &[String], table: &Table) -> anyhow::Result<Vec<String>> {
    let outputs: Vec<&str> =
        table.columns.iter().filter(|c| c.role == Role::Output).map(|c| c.name.as_str()).collect();
    let all = || outputs.iter().map(|o| o.to_string()).collect();
    if asked.is_empty() {
        return Ok(if defaults.is_empty() { all() } else { defaults.to_vec() });
    }
    if asked == ["all"] {
        return Ok(all());
    }
    let asked: Vec<String> = asked.iter().map(|name| ascii(name)).collect();
    for name in &asked {
        let numeric = table.columns.iter().find(|c| c.name == *name && c.role != Role::Label);
        if numeric.is_none() {
            let hint = did_you_mean(name, outputs.iter().copied());
            bail!("there is no column `{name}`{hint}; columns are {}, or `all`", outputs.join(", "));
        }
    }
    Ok(asked)
}

/// Draws columns against the control, or against the first swept parameter where the control is fixed. A sweep over two
/// axes that makes more lines than a figure can hold is drawn as heat maps.
///
/// # Errors
/// More lines than a figure can hold, along more than two axes.
pub fn figure(
    theories: &[Theory],
    plan: &Plan,
    table: &Table,
    columns: &[String],
    branches: bool,
) -> anyhow::Result<Figure> {
    let theory = &theories[0];
    let control = theory.control.name.as_str();
    let fixed_control = plan.controls.as_ref().is_some_and(|c| c.len() == 1);
    // Words have no place on an axis.
    let x = match plan.swept.iter().find(|sweep| sweep.has_numbers()) {
        Some(sweep) if fixed_control => sweep.name.as_str(),
        _ => control,
    };
    let x_log = match plan.swept.iter().find(|s| s.name == x) {
        Some(sweep) => sweep.is_logarithmic(),
        None => plan.controls_logarithmic,
    };
    let Some((keys, parts)) = lines(theories, plan, table, x, branches)? else {
        // Several branches at one place have no place in a map.
        return match axes_of(plan, control).filter(|_| !branches) {
            Some(axes) => map(table, &axes, columns, &theory.description.title, &subtitle(theories, plan)),
            None => bail!(
                "a figure holds at most {MOST_LINES} lines, and this sweep makes more; sweep fewer values, sweep two parameters for a map, or leave out --plot and draw from the CSV"
            ),
        };
    };
    let panels = columns
        .iter()
        .map(|column| {
            let curves = keys
                .iter()
                .zip(&parts)
                .enumerate()
                .map(|(i, (key, part))| Curve {
                    label: label(theory, plan, x, key),
                    line: line_style(theories, &key.0),
                    colour: i % PALETTE.len(),
                    segments: curves_of(part, &ascii(x), column, &["branch", "piece"]),
                })
                .filter(|c| !c.segments.is_empty())
                .collect();
            let symbol = table.columns.iter().find(|c| c.name == *column).map(|c| c.symbol.clone());
            Panel { curves, ..Panel::new(symbol.unwrap_or_else(|| symbol_of(column))) }
        })
        .collect();
    Ok(Figure {
        title: theory.description.title.clone(),
        subtitle: subtitle(theories, plan),
        x_label: symbol_of(x),
        x_log,
        panels,
        ..Figure::default()
    })
}

/// What the rows of a line have in common: the system, the values of swept parameters, the branch.
type Key = (String, Vec<Cell>, String);

/// The rows of every line; none if there are more lines than a figure can hold.
fn lines(
    theories: &[Theory],
    plan: &Plan,
    table: &Table,
    x: &str,
    branches: bool,
) -> anyhow::Result<Option<(Vec<Key>, Vec<Table>)>> {
    let mut keys: Vec<Key> = Vec::new();
    let mut parts: Vec<Table> = Vec::new();
    let place = |name: &str| table.place(name).ok();
    for row in &table.rows {
        let text = |name: &str| match place(name).map(|i| &row[i]) {
            Some(Cell::Text(t)) => t.clone(),
            _ => String::new(),
        };
        let system = if theories.len() > 1 { text("system") } else { String::new() };
        let others = plan.swept.iter().filter(|s| s.name != x);
        let swept = others.filter_map(|s| place(&s.name).map(|i| row[i].clone())).collect();
        let branch = if branches { text("branch") } else { String::new() };
        let key = (system, swept, branch);
        let index = keys.iter().position(|k| *k == key).unwrap_or_else(|| {
            keys.push(key);
            parts.push(Table::new(table.columns.clone()));
            keys.len() - 1
        });
        if index >= MOST_LINES {
            return Ok(None);
        }
        parts[index].push(row.clone())?;
    }
    Ok(Some((keys, parts)))
}

fn ascii(name: &str) -> String {
    ascii_name(name).unwrap_or_else(|| name.to_string())
}

fn label(theory: &Theory, plan: &Plan, x: &str, key: &Key) -> String {
    let (system, swept, branch) = key;
    let mut words = Vec::new();
    if !system.is_empty() {
        words.push(system.clone());
    }
    let names = plan.swept.iter().filter(|s| s.name != x);
    words.extend(names.zip(swept).map(|(s, v)| format!("{} = {}", symbol_of(&s.name), v.short())));
    if !branch.is_empty() {
        words.push(branch.clone());
    }
    if words.is_empty() { theory.name().to_string() } else { words.join(", ") }
}

fn line_style(theories: &[Theory], system: &str) -> LineStyle {
    line_of(theories.iter().find(|t| t.name() == system).unwrap_or(&theories[0]))
}

/// The line in which the file of a theory asks to be drawn.
pub fn line_of(theory: &Theory) -> LineStyle {
    match theory.description.line {
        Line::Solid => LineStyle::Solid,
        Line::Dashed => LineStyle::Dashed,
        Line::Dotted => LineStyle::Dotted,
        Line::DashDotted => LineStyle::DashDotted,
    }
}

/// The values of the parameters that are the same for all lines; words only where they are not the default.
pub fn subtitle(theories: &[Theory], plan: &Plan) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for system in theories.iter().flat_map(|t| &t.pieces).map(|p| &p.system) {
        let values = system.parameter_values(&plan.fixed);
        for (parameter, value) in system.parameters.iter().zip(values) {
            let name = parameter.name.as_str();
            let given = plan.fixed.iter().any(|(n, _)| n == name);
            let swept = plan.swept.iter().any(|s| s.name == name);
            let value = Cell::from(&parameter.value(value)).short();
            let usual = !parameter.words.is_empty() && value == parameter.default_text;
            if !seen.contains(&name) && !swept && (given || !parameter.follows()) && !usual {
                seen.push(name);
                words.push(format!("{} = {value}", symbol_of(name)));
            }
        }
    }
    words.join(", ")
}
