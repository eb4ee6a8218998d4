//! Where a line of zeros turns back: two neighbouring zeros of one branch merge as a parameter moves. Between them the output has an
//! extremum, whose height goes through zero where they do.

use super::path::{Along, Node};
use super::{Place, Side, Zero, ZeroKind, Zeros};
use crate::solve::brent::{brent, minimum};
use crate::solve::curve::Curve;
use crate::solve::job::PieceCurve;
use crate::solve::solution::Settings;
use crate::system::{Piece, Theory};
use crate::value::Given;

/// Rows of a window in which an extremum is sought, and how often the window is moved or widened.
const ROWS: usize = 9;
const WINDOWS: usize = 12;
/// How often the distance of two zeros is halved on the way to the fold.
const HALVINGS: i32 = 3;
/// The step, in parts of the window, of the differences that put an extremum where its slope is zero.
const STEP: f64 = 2e-3;

/// Two neighbouring zeros, between which the output turns back.
#[derive(Debug, Clone, Copy)]
pub struct Merging {
    /// Their control values.
    pub controls: [f64; 2],
    /// The sign of the output between them.
    pub sign: f64,
}

impl Merging {
    pub(super) fn of(a: &Zero, b: &Zero) -> Option<Merging> {
        let crosses = |zero: &Zero| zero.kind == ZeroKind::Crosses && zero.rising.is_some();
        if !(crosses(a) && crosses(b) && a.track == b.track && a.rising != b.rising) {
            return None;
        }
        let rises_towards = a.rising == Some(a.control < b.control);
        Some(Merging { controls: [a.control, b.control], sign: if rises_towards { 1.0 } else { -1.0 } })
    }
}

/// A point at which a line of zeros turns back.
#[derive(Debug, Clone)]
pub struct Fold {
    /// The value of the parameter.
    pub parameter: f64,
    /// How far it may be off.
    pub error: f64,
    /// The zero there, in which two have merged.
    pub zero: Zero,
    /// The two on the way to it, at values of the parameter that halve their distance from one to the next.
    pub line: Vec<(f64, Zero)>,
}

/// An extremum of an output along the control.
struct Extremum {
    control: f64,
    /// Its height, positive where the zeros are apart.
    height: f64,
    side: Side,
    track: usize,
    /// How far the control may be off.
    error: f64,
}

impl Fold {
    /// The point between two values of a parameter at which two zeros merge, which are apart at the first of them; none if they
    /// are apart at the second too. `given` are the parameters at a value of it.
    ///
    /// # Errors
    /// In words, that the extremum between them could not be followed.
    pub fn between(
        (theory, piece): (&Theory, usize),
        given: impl Fn(f64) -> Given,
        merging: Merging,
        [from, to]: [f64; 2],
        (output, branches): (usize, bool),
        settings: Settings,
    ) -> Result<Option<Fold>, String> {
        let piece = &theory.pieces[piece];
        let at = |parameter: f64| -> Option<Extremum> {
            let given = given(parameter);
            theory.check_values(&given).ok()?;
            extremum(piece, &given, merging, (output, branches), settings)
        };
        let lost = || "the output between them could not be followed".to_string();
        let (near, far) = (at(from).ok_or_else(lost)?, at(to).ok_or_else(lost)?);
        if far.height > 0.0 {
            return Ok(None);
        }
        let root = brent(|p| at(p).map_or(f64::NAN, |e| e.height), from, to, 1e-15).ok_or_else(lost)?;
        let met = at(root).ok_or_else(lost)?;
        let size = near.height.abs().max(far.height.abs());
        if !(met.height.abs() <= 1e-9 * size) {
            return Err(lost());
        }
        let slope = ((near.height - far.height) / (to - from)).abs();
        let error = (met.height.abs() + 4.0 * f64::EPSILON * size) / slope;
        let zero = Zero {
            control: met.control,
            error: Some(met.error),
            kind: ZeroKind::Fold,
            rising: None,
            sides: vec![met.side],
            track: met.track,
            path: usize::MAX,
        };
        let [a, b] = merging.controls.map(|c| (c - met.control).abs());
        let mut line = Vec::new();
        for halved in 1..=HALVINGS {
            let parameter = root + (from - root) * 0.25f64.powi(halved);
            // Twice as far as the zeros are where the line is a parabola.
            let half = 2.0 * a.max(b) * 0.5f64.powi(halved);
            let window = [met.control - half, met.control + half].map(|c| c.clamp(piece.from, piece.to));
            let solved = solved(piece, &given(parameter), window, 2 * ROWS, settings);
            let zeros = Zeros::of(&solved, output, branches, settings).found;
            let both: Vec<Zero> = zeros.into_iter().filter(|z| z.kind == ZeroKind::Crosses).collect();
            if both.len() == 2 {
                line.extend(both.into_iter().map(|zero| (parameter, zero)));
            }
        }
        Ok(Some(Fold { parameter: root, error: error.max(f64::EPSILON * root.abs()), zero, line }))
    }
}

/// Rows over a window of the control.
fn solved<'p>(
    piece: &'p Piece,
    given: &Given,
    [from, to]: [f64; 2],
    rows: usize,
    settings: Settings,
) -> PieceCurve<'p> {
    let controls: Vec<f64> = (0..rows).map(|i| from + (to - from) * i as f64 / (rows - 1) as f64).collect();
    let parameters = piece.system.parameter_values(given);
    let curve = Curve::solve(&piece.system, &parameters, &controls, settings);
    PieceCurve { piece, parameters, curve }
}

/// The extremum of an output that lies between two zeros, or near to where they were.
fn extremum(
    piece: &Piece,
    given: &Given,
    Merging { controls: [a, b], sign }: Merging,
    (output, branches): (usize, bool),
    settings: Settings,
) -> Option<Extremum> {
    let (low, high) = (piece.from, piece.to);
    let (mut middle, mut half) = (0.5 * (a + b), (b - a).abs());
    for _ in 0..WINDOWS {
        let window = [(middle - half).max(low), (middle + half).min(high)];
        let solved = solved(piece, given, window, ROWS, settings);
        let mut along = Along::new(&solved, output, settings);
        let mut paths = if branches { along.branches() } else { along.reported() };
        let paths = paths.iter_mut().map(|path| {
            path.retain(|node| !node.value.is_nan());
            &*path
        });
        // The highest point beside which there are lower ones; or the way up.
        let mut up = None;
        let mut best: Option<(&[Node], usize)> = None;
        for path in paths {
            for k in 0..path.len() {
                let height = |i: usize| path[i].value * sign;
                let higher_than = |i: Option<usize>| {
                    i.is_none_or(|i| {
                        i >= path.len() || path[i].track != path[k].track || height(i) <= height(k)
                    })
                };
                if !(higher_than(k.checked_sub(1)) && higher_than(Some(k + 1))) {
                    continue;
                }
                let inside = k > 0 && k + 1 < path.len();
                let same = |i: usize| path[i].track == path[k].track;
                if inside && same(k - 1) && same(k + 1) {
                    let nearer = |old: (&[Node], usize)| {
                        (path[k].control - middle).abs() < (old.0[old.1].control - middle).abs()
                    };
                    if best.is_none_or(nearer) {
                        best = Some((path, k));
                    }
                } else {
                    up = Some(path[k].control);
                }
            }
        }
        if let Some((path, k)) = best {
            return along.top(path, k, sign);
        }
        middle = up?;
        half *= 1.5;
    }
    None
}

impl Along<'_> {
    /// The extremum between the neighbours of a node.
    fn top(&mut self, path: &[Node], k: usize, sign: f64) -> Option<Extremum> {
        let (before, node, after) = (&path[k - 1], &path[k], &path[k + 1]);
        let (track, rows) = (node.track, before.rows_to(after));
        let mut height = |control: f64| self.value(track, rows.clone(), control) * sign;
        let depth = |h: f64| if h.is_nan() { f64::INFINITY } else { -h };
        let coarse = minimum(|c| depth(height(c)), before.control, after.control)?;
        // Where the slope is zero, of differences of fourth order with a step and with half of it.
        let mut with_step = |step: f64| {
            let step =
                step.min((coarse - before.control).abs() / 2.0).min((after.control - coarse).abs() / 2.0);
            let [m2, m1, mid, p1, p2] = [-2.0, -1.0, 0.0, 1.0, 2.0].map(|i| height(coarse + i * step));
            let slope = (8.0 * (p1 - m1) - (p2 - m2)) / (12.0 * step);
            let curvature = (16.0 * (p1 + m1) - 30.0 * mid - (p2 + m2)) / (12.0 * step * step);
            let control = coarse - slope / curvature;
            Some(control).filter(|c| curvature < 0.0 && (c - coarse).abs() < step)
        };
        let gap = (after.control - before.control).abs();
        let fine = with_step(STEP * gap).zip(with_step(2.0 * STEP * gap));
        let (control, error) = match fine {
            Some((fine, other)) => (fine, (fine - other).abs().max(4.0 * f64::EPSILON * fine.abs())),
            None => (coarse, 1e-7 * gap),
        };
        let solution = self.at(track, rows.clone(), control)?;
        let height = self.output_of(&solution) * sign;
        let branch = self.curve().tracks[track].name.clone();
        let side = Side { place: Place::At, control, branch, solution: Some(solution) };
        height.is_finite().then_some(Extremum { control, height, side, track, error })
    }
}
