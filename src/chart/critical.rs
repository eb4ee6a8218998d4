//! Critical points → lines: the critical control against a swept parameter, one line per value of the next and per kind, one panel per
//! value of the others. Zeros at neighbouring values of the swept parameter are joined, and two lines that merge meet in the fold.

use super::lines::MOST_LINES;
use super::words::in_words;
use super::{Chart, ChartError, Curve, Figure, Marks, PALETTE, Panel, STYLES, room};
use crate::name::symbol_of;
use crate::output::{Cell, Role, Table};
use crate::solve::{Place, ZeroKind};

/// The most panels that a page can hold.
const MOST_PANELS: usize = 12;

/// Critical points that are joined.
struct Line {
    value: Option<Cell>,
    kind: String,
    segments: Vec<Vec<(f64, f64)>>,
}

/// Values of further parameters, and the lines at them.
type OfPanel = (Vec<Cell>, Vec<Line>);

/// A stretch of a line, along which the output goes through zero in one direction.
struct Arm {
    /// Which panel, and which of its lines.
    line: (usize, usize),
    change: String,
    points: Vec<(f64, f64)>,
}

/// A fold of a line, and the zeros on the way to it.
struct Turn {
    line: (usize, usize),
    at: (f64, f64),
    towards: Vec<(String, (f64, f64))>,
}

impl Chart {
    /// Changes, or zeros, against a swept parameter.
    pub(super) fn of_critical(&self, table: &Table) -> Result<Figure, ChartError> {
        let places = |names: &[String]| -> Result<Vec<usize>, ChartError> {
            names.iter().map(|name| Ok(table.place(name)?)).collect()
        };
        let x = table.place(&self.x.column)?;
        let (of_line, further) = (places(&self.series)?, places(&self.facet)?);
        let (panels, kinds) = self.joined(table, x, of_line.first().copied(), &further)?;
        room(panels.len(), MOST_PANELS, "panels")?;
        let control = table.columns.iter().find(|column| column.role == Role::Control);
        let control = control.map_or(String::new(), |column| column.symbol.clone());
        let y_label = if self.marks == Marks::Changes { critical(&control) } else { control };
        let curve = |one: Line| {
            let value = self.series.first().zip(one.value.clone());
            let kind = kinds.iter().position(|kind| *kind == one.kind).unwrap_or_default();
            let mut words: Vec<String> =
                value.iter().map(|(name, value)| in_words([(name.as_str(), value.clone())])).collect();
            words.extend((kinds.len() > 1).then_some(one.kind));
            let colour = self.order.iter().position(|known| Some(known) == one.value.as_ref());
            // Dashes tell kinds apart, and values where the colours have gone around.
            let around = colour.unwrap_or_default() / PALETTE.len();
            Curve {
                label: words.join(", "),
                line: STYLES[(kind + around * kinds.len()) % STYLES.len()],
                colour: colour.unwrap_or(kind) % PALETTE.len(),
                segments: one.segments,
            }
        };
        let panel = |(key, lines): OfPanel| Panel {
            y_log: self.x.log,
            caption: in_words(self.facet.iter().map(String::as_str).zip(key)),
            curves: lines.into_iter().map(curve).collect(),
            ..Panel::new(&y_label)
        };
        let mut drawn: Vec<Panel> = panels.into_iter().map(panel).collect();
        if drawn.is_empty() {
            drawn.push(Panel::new(&y_label));
        }
        let mut words = vec![self.subtitle.clone()];
        if let Some(kind) = kinds.first().filter(|kind| kinds.len() == 1 && *kind != "zero") {
            words.insert(0, kind.clone());
        }
        if let Marks::Zeros { of, .. } = &self.marks {
            words.insert(0, format!("{} = 0", symbol_of(of)));
        }
        words.retain(|part| !part.is_empty());
        Ok(Figure {
            title: self.title.clone(),
            subtitle: words.join("; "),
            x_label: table.columns[x].symbol.clone(),
            x_log: self.x.log,
            panels: drawn,
            ..Figure::default()
        })
    }

    /// The lines of every panel, which has the same values of further parameters, and the kinds of change or zero in the order of
    /// the rows.
    fn joined(
        &self,
        table: &Table,
        x: usize,
        of_line: Option<usize>,
        further: &[usize],
    ) -> Result<(Vec<OfPanel>, Vec<String>), ChartError> {
        let [change, side, branch] = ["change", "side", "branch"].map(|name| table.place(name));
        let (change, side, branch) = (change?, side?, branch?);
        let control = table.columns.iter().position(|column| column.role == Role::Control);
        let is = |row: &Vec<Cell>, place: Place| row[side] == place.name().into();
        let unknown = Cell::from(ZeroKind::Unknown.name());
        let mut kinds: Vec<String> = Vec::new();
        let mut panels: Vec<OfPanel> = Vec::new();
        let mut arms: Vec<Arm> = Vec::new();
        let mut folds: Vec<Turn> = Vec::new();
        let mut towards: Vec<(String, (f64, f64))> = Vec::new();
        for (index, row) in table.rows.iter().enumerate() {
            let what = row[change].to_string();
            let kind = match &self.marks {
                // A change is drawn once, not for both its sides.
                Marks::Zeros { .. } if is(row, Place::After) || row[change] == unknown => continue,
                Marks::Zeros { branches, .. } => {
                    kind_of_zero(&what, branches.then(|| row[branch].to_string()))
                }
                _ if !is(row, Place::Before) => continue,
                _ => kind_of_change(table, index, branch),
            };
            if !kinds.contains(&kind) {
                kinds.push(kind.clone());
            }
            let Some(at) = row[x].number().zip(control.and_then(|control| row[control].number())) else {
                continue;
            };
            let of_panel: Vec<Cell> = further.iter().map(|place| row[*place].clone()).collect();
            let value = of_line.map(|place| row[place].clone());
            let panel = place_of(&mut panels, |(key, _)| *key == of_panel, || (of_panel.clone(), Vec::new()));
            let lines = &mut panels[panel].1;
            let sought = match &self.marks {
                Marks::Zeros { at, .. } => Some(at),
                _ => None,
            };
            // A change that comes twice along the control has two lines.
            let free = |one: &Line| sought.is_some() || one.segments.iter().flatten().all(|p| p.0 != at.0);
            let same = |one: &Line| one.value == value && one.kind == kind && free(one);
            let new = || Line { value: value.clone(), kind: kind.clone(), segments: Vec::new() };
            let line = place_of(lines, same, new);
            room(lines.len(), MOST_LINES, "lines")?;
            match sought {
                None => match lines[line].segments.last_mut() {
                    Some(segment) => segment.push(at),
                    None => lines[line].segments.push(vec![at]),
                },
                Some(_) if what == ZeroKind::Fold.name() => {
                    folds.push(Turn { line: (panel, line), at, towards: std::mem::take(&mut towards) });
                }
                Some(values) if values.contains(&at.0) => {
                    join(&mut arms, (panel, line), what, at, values);
                }
                // What lies between the swept values stands before the fold that it leads to.
                Some(_) => towards.push((what, at)),
            }
        }
        if let Marks::Zeros { at, .. } = &self.marks {
            folds.iter().for_each(|fold| close(&mut arms, fold, at));
        }
        for Arm { line: (panel, line), points, .. } in arms {
            panels[panel].1[line].segments.push(points);
        }
        Ok((panels, kinds))
    }
}

/// From which branch to which; the row after that of the side before has the other.
fn kind_of_change(table: &Table, index: usize, branch: usize) -> String {
    let (Some(piece), before) = (table.column("piece"), &table.rows[index]) else { return String::new() };
    let after = table.rows.get(index + 1).map_or(String::new(), |row| row[branch].to_string());
    let several = table.rows.iter().any(|row| row[piece] != before[piece]);
    let piece = if several { format!("{}: ", before[piece]) } else { String::new() };
    format!("{piece}{} → {after}", before[branch])
}

/// The symbol of a critical value: that of the control with the index c.
fn critical(symbol: &str) -> String {
    if symbol.chars().count() == 1 { format!("{symbol}_c") } else { format!("critical {symbol}") }
}

/// Zeros of all directions are one line; what is no zero another.
fn kind_of_zero(change: &str, branch: Option<String>) -> String {
    let apart = [ZeroKind::Jumps, ZeroKind::Pole, ZeroKind::BranchEnds].map(ZeroKind::name);
    let kind = if apart.contains(&change) { change } else { "zero" };
    match branch.filter(|branch| !branch.is_empty()) {
        Some(branch) => format!("{kind}, {branch}"),
        None => kind.to_string(),
    }
}

/// Puts a zero at the end of the nearest arm of the same direction that ends at the swept value before, or begins one.
fn join(arms: &mut Vec<Arm>, line: (usize, usize), change: String, at: (f64, f64), values: &[f64]) {
    let index = values.iter().position(|value| *value == at.0);
    let before = index.and_then(|i| i.checked_sub(1)).map(|i| values[i]);
    let distance = |arm: &&mut Arm| arm.points.last().map_or(f64::INFINITY, |p| (p.1 - at.1).abs());
    let open = |arm: &&mut Arm| {
        arm.line == line
            && arm.change == change
            && arm.points.last().map(|p| p.0) == before
            && before.is_some()
    };
    let nearest = arms.iter_mut().filter(open).min_by(|a, b| distance(a).total_cmp(&distance(b)));
    match nearest {
        Some(arm) => arm.points.push(at),
        None => arms.push(Arm { line, change, points: vec![at] }),
    }
}

/// Leads the two arms that merge in a fold to it: the nearest that end, or begin, at a swept value beside it.
fn close(arms: &mut [Arm], fold: &Turn, values: &[f64]) {
    let at = fold.at;
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs().max(b.abs());
    let low =
        values.iter().copied().filter(|v| *v < at.0 && !near(*v, at.0)).fold(f64::NEG_INFINITY, f64::max);
    let high = values.iter().copied().filter(|v| *v > at.0 && !near(*v, at.0)).fold(f64::INFINITY, f64::min);
    let mut ends: Vec<(f64, usize, bool)> = Vec::new();
    for (i, arm) in arms.iter().enumerate().filter(|(_, arm)| arm.line == fold.line) {
        for (last, point) in [(false, arm.points.first()), (true, arm.points.last())] {
            let beside = point.filter(|p| p.0 == low || p.0 == high);
            ends.extend(beside.map(|p| ((p.1 - at.1).abs(), i, last)));
        }
    }
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut led: Vec<usize> = Vec::new();
    for (_, i, last) in ends {
        let apart = led.iter().all(|j| *j != i && arms[*j].change != arms[i].change);
        if led.len() == 2 || !apart || arms[i].change == ZeroKind::Touches.name() {
            continue;
        }
        led.push(i);
        let own = fold.towards.iter().filter(|(change, _)| *change == arms[i].change).map(|(_, at)| *at);
        let way: Vec<(f64, f64)> = own.chain([at]).collect();
        match last {
            true => arms[i].points.extend(way),
            false => drop(arms[i].points.splice(0..0, way.into_iter().rev())),
        }
    }
}

/// The place of what is meant, new where it is not there yet.
fn place_of<T>(all: &mut Vec<T>, is: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> usize {
    all.iter().position(is).unwrap_or_else(|| {
        all.push(new());
        all.len() - 1
    })
}
