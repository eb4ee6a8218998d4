//! Lines of branches: cut where a branch is not there, dashed where the table says that it is unstable, led to the places at which it
//! folds or meets another, which have open marks.

use super::lines::{finite, joined};
use super::{Chart, ChartError, Curve, Figure, LineStyle, Mark, Marks, Points};
use crate::output::{Cell, Table};
use crate::solve::Special;

/// The column that tells branches apart.
const BRANCH: &str = "branch";
/// The colour of marks and of what the legend says of all branches: black.
const BLACK: usize = 6;
/// Marks nearer than this, relative to their values, are one.
const SAME: f64 = 1e-6;

/// What the lines of branches go by.
pub(super) struct Branches<'t> {
    table: &'t Table,
    special: &'t [Special],
    /// The columns whose values tell lines apart, the branch last.
    series: Vec<usize>,
    /// The least curvature of the extremum; negative where the branch is unstable.
    curvature: Option<usize>,
    breaks: Vec<usize>,
    x: usize,
}

impl Chart {
    /// The figure of a table, with marks where branches fold and cross.
    ///
    /// # Errors
    /// What [`Chart::figure`] refuses.
    pub fn marked(&self, table: &Table, special: &[Special]) -> Result<Figure, ChartError> {
        match &self.marks {
            Marks::Lines => self.of_lines(table, special),
            _ => self.figure(table),
        }
    }

    /// How branches are drawn, where lines are of branches.
    pub(super) fn branches<'t>(
        &self,
        table: &'t Table,
        special: &'t [Special],
        (x, series): (usize, &[usize]),
    ) -> Option<Branches<'t>> {
        let breaks = ["piece", BRANCH].into_iter().filter_map(|name| table.column(name)).collect();
        let branches = Branches {
            table,
            special,
            series: series.to_vec(),
            curvature: table.column("curvature"),
            breaks,
            x,
        };
        self.series.iter().any(|name| name == BRANCH).then_some(branches)
    }
}

impl Branches<'_> {
    fn same(&self, a: &[Cell], b: &[Cell], with_branch: bool) -> bool {
        let branch = self.table.column(BRANCH);
        self.series.iter().filter(|place| with_branch || Some(**place) != branch).all(|i| a[*i] == b[*i])
    }

    fn unstable(&self, row: &[Cell]) -> bool {
        let curvature = self.curvature.and_then(|place| row[place].number());
        curvature.is_some_and(|curvature| curvature < 0.0)
    }

    /// The lines of the branch that these rows are of, along a column: the stable pieces, and the others.
    pub(super) fn curves(
        &self,
        rows: &[&Vec<Cell>],
        y: usize,
        label: &str,
        style: (LineStyle, usize),
    ) -> Vec<Curve> {
        let own = self.table.rows.iter().filter(|row| self.same(row, rows[0], false));
        let mut grid: Vec<f64> = own.filter_map(|row| finite(&row[self.x])).collect();
        grid.sort_by(f64::total_cmp);
        // Values of x between two others at which the branch is not there.
        let gap = |a: f64, b: f64| {
            let next = grid.partition_point(|x| *x <= a.min(b));
            grid.get(next).is_some_and(|x| *x < a.max(b))
        };
        let mut pieces: Vec<(bool, Vec<(f64, f64)>)> = Vec::new();
        let mut previous: Option<(&Vec<Cell>, (f64, f64))> = None;
        for row in rows {
            let Some(at) = finite(&row[self.x]).zip(finite(&row[y])) else {
                previous = None;
                continue;
            };
            let goes_on =
                previous.filter(|(before, last)| joined(before, row, &self.breaks) && !gap(last.0, at.0));
            let unstable = self.unstable(row);
            match (pieces.last_mut(), goes_on) {
                (Some((known, piece)), Some(_)) if *known == unstable => piece.push(at),
                // Where stability changes both lines meet.
                (_, Some((_, last))) => pieces.push((unstable, vec![last, at])),
                (_, None) => pieces.push((unstable, vec![at])),
            }
            previous = Some((row, at));
        }
        for special in self.special.iter().filter(|one| one.ends && self.same(&one.row, rows[0], true)) {
            if let Some(at) = self.place(special, y) {
                lead(&mut pieces, at, gap);
            }
        }
        let (line, colour) = style;
        let dashed = if line == LineStyle::Solid { LineStyle::Dashed } else { LineStyle::Dotted };
        let of = |wanted: bool| {
            let own = pieces.iter().filter(move |(unstable, _)| *unstable == wanted);
            own.map(|(_, piece)| piece.clone()).collect::<Vec<_>>()
        };
        [(false, line), (true, dashed)]
            .map(|(unstable, line)| Curve { label: label.into(), line, colour, segments: of(unstable) })
            .into_iter()
            .filter(|curve| !curve.segments.is_empty())
            .collect()
    }

    fn place(&self, special: &Special, y: usize) -> Option<(f64, f64)> {
        finite(&special.row[self.x]).zip(finite(&special.row[y]))
    }

    /// The marks along a column, with what they are of.
    pub(super) fn marks(&self, y: usize) -> Option<Points> {
        let mut data: Vec<(f64, f64, f64)> = Vec::new();
        let near = |a: f64, b: f64| (a - b).abs() <= SAME * (a.abs() + b.abs());
        for (x, y) in self.special.iter().filter_map(|special| self.place(special, y)) {
            if !data.iter().any(|known| near(known.0, x) && near(known.1, y)) {
                data.push((x, y, 0.0));
            }
        }
        let mut kinds: Vec<&str> = self.special.iter().map(|special| special.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let points = Points { mark: Mark::Ring, ..Points::new(kinds.join(", "), BLACK, data) };
        (!points.data.is_empty()).then_some(points)
    }

    /// The entry of the legend that says what is dashed, where something is.
    pub(super) fn key(&self) -> Option<Curve> {
        let any = self.table.rows.iter().any(|row| self.unstable(row));
        any.then(|| Curve::new("unstable", LineStyle::Dashed, BLACK, Vec::new()))
    }
}

/// Leads the nearest end of a piece to the place where the branch ends, if nothing is missing between.
fn lead(pieces: &mut [(bool, Vec<(f64, f64)>)], at: (f64, f64), gap: impl Fn(f64, f64) -> bool) {
    let mut nearest: Option<(f64, usize, bool)> = None;
    for (index, (_, piece)) in pieces.iter().enumerate() {
        for (end, last) in [(piece.first(), false), (piece.last(), true)] {
            let distance = end.filter(|end| !gap(end.0, at.0)).map(|end| (end.0 - at.0).abs());
            // A piece of one point is led away from its end.
            if let Some(distance) = distance.filter(|own| nearest.is_none_or(|(known, ..)| *own <= known)) {
                nearest = Some((distance, index, last));
            }
        }
    }
    match nearest {
        Some((_, index, true)) => pieces[index].1.push(at),
        Some((_, index, false)) => pieces[index].1.insert(0, at),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Axis;
    use crate::output::{Column, Role};

    /// Rows of t, branch, m, curvature.
    fn table(rows: &[(f64, &str, f64, f64)]) -> Table {
        let mut table = Table::new(vec![
            Column::new("t", "", Role::Control),
            Column::new("branch", "", Role::Label),
            Column::new("m", "", Role::Output),
            Column::new("curvature", "", Role::Certificate),
        ]);
        table.rows = rows
            .iter()
            .map(|(t, branch, m, c)| vec![(*t).into(), (*branch).into(), (*m).into(), (*c).into()])
            .collect();
        table
    }

    fn figure(table: &Table, special: &[Special]) -> Figure {
        let chart = Chart {
            y: vec!["m".into()],
            series: vec![BRANCH.into()],
            ..Chart::new("", Axis::new("t", false), Marks::Lines)
        };
        chart.marked(table, special).unwrap()
    }

    fn special(kind: &str, t: f64, branch: &str, m: f64, ends: bool) -> Special {
        let row = vec![t.into(), branch.into(), m.into(), Cell::Missing];
        Special { kind: kind.into(), row, ends }
    }

    #[test]
    fn a_branch_is_cut_where_it_is_not_there_and_others_are() {
        let all = [
            (0.0, "a", 1.0, 1.0),
            (0.0, "b", 0.0, 1.0),
            (1.0, "b", 0.0, 1.0),
            (2.0, "a", 3.0, 1.0),
            (2.0, "b", 0.0, 1.0),
        ];
        let figure = figure(&table(&all), &[]);
        assert_eq!(figure.panels[0].curves[0].segments, [vec![(0.0, 1.0)], vec![(2.0, 3.0)]]);
        assert_eq!(figure.panels[0].curves[1].segments, [vec![(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)]]);
    }

    #[test]
    fn a_branch_is_dashed_from_where_its_curvature_is_negative() {
        let all = [(0.0, "a", 0.0, 1.0), (1.0, "a", 0.0, 0.1), (2.0, "a", 0.0, -0.1), (3.0, "a", 0.0, -1.0)];
        let curves = figure(&table(&all), &[]).panels.remove(0).curves;
        let drawn: Vec<_> =
            curves.iter().map(|curve| (curve.label.as_str(), curve.line, curve.segments.clone())).collect();
        assert_eq!(
            drawn,
            [
                ("a", LineStyle::Solid, vec![vec![(0.0, 0.0), (1.0, 0.0)]]),
                ("a", LineStyle::Dashed, vec![vec![(1.0, 0.0), (2.0, 0.0), (3.0, 0.0)]]),
                ("unstable", LineStyle::Dashed, vec![]),
            ]
        );
    }

    #[test]
    fn branches_are_led_to_their_fold_and_marks_stand_there_once() {
        let all = [
            (0.0, "a", 1.0, 1.0),
            (0.0, "b", -1.0, 1.0),
            (1.0, "a", 0.5, 1.0),
            (1.0, "b", -0.5, 1.0),
            (2.0, "c", 4.0, 1.0),
        ];
        let special = [
            special("fold", 1.25, "a", 0.0, true),
            special("fold", 1.25, "b", 0.0, true),
            special("crossing", 0.5, "c", 4.0, false),
        ];
        let panel = figure(&table(&all), &special).panels.remove(0);
        assert_eq!(panel.curves[0].segments, [vec![(0.0, 1.0), (1.0, 0.5), (1.25, 0.0)]]);
        assert_eq!(panel.curves[2].segments, [vec![(2.0, 4.0)]], "a crossing is not an end");
        assert_eq!(panel.points[0].label, "crossing, fold");
        assert_eq!(panel.points[0].mark, Mark::Ring);
        assert_eq!(panel.points[0].data.len(), 2, "{:?}", panel.points[0].data);
    }

    #[test]
    fn lines_that_are_not_of_branches_have_neither() {
        let table = table(&[(0.0, "a", 0.0, -1.0), (1.0, "a", 1.0, -1.0)]);
        let chart = Chart { y: vec!["m".into()], ..Chart::new("", Axis::new("t", false), Marks::Lines) };
        let figure = chart.marked(&table, &[special("fold", 0.5, "a", 0.5, true)]).unwrap();
        assert_eq!(figure, chart.figure(&table).unwrap());
        assert_eq!(figure.panels[0].curves[0].line, LineStyle::Solid);
    }
}
