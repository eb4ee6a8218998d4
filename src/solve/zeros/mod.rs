//! Where an output is zero: along the solution that rows report, or along every branch. A zero of one branch is told from a jump of
//! the output through zero, which it makes where the reported branch changes or where it is itself cut in two.
//!
//! `path` lays out what is known along a branch, `refine` adds the places between rows at which it comes nearest to zero; here its signs are read; `locate` closes in on a zero and looks at both its
//! sides; `fold` finds where two zeros merge as a parameter moves.

mod fold;
mod locate;
mod path;
mod refine;

use super::continuation::EndKind;
use super::job::PieceCurve;
use super::solution::{Settings, Solution};
pub use fold::{Fold, Merging};
use path::{Along, Node};

/// How an output comes to be zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZeroKind {
    /// It goes through zero, with one branch or where one goes over into another.
    Crosses,
    /// It comes down to zero and turns back.
    Touches,
    /// It is zero from there on.
    Becomes,
    /// It is zero up to there.
    Leaves,
    /// It is zero where its branch turns back or ends.
    BranchEnds,
    /// It is zero at the first or the last control value: on the other side nothing is known.
    RangeEnds,
    /// It jumps through zero, or to zero, and is not continuous there.
    Jumps,
    /// It goes through infinity.
    Pole,
    /// Two zeros merge as a parameter moves: the line of zeros turns back.
    Fold,
    /// Not known: there is no solution there, or the output is not a number.
    Unknown,
}

impl ZeroKind {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            ZeroKind::Crosses => "zero",
            ZeroKind::Touches => "touches zero",
            ZeroKind::Becomes => "becomes zero",
            ZeroKind::Leaves => "leaves zero",
            ZeroKind::BranchEnds => "zero at branch end",
            ZeroKind::RangeEnds => "zero at range end",
            ZeroKind::Jumps => "jump",
            ZeroKind::Pole => "pole",
            ZeroKind::Fold => "fold of the line",
            ZeroKind::Unknown => "unknown",
        }
    }

    /// Whether the output is zero there.
    pub fn is_zero(self) -> bool {
        !matches!(self, ZeroKind::Jumps | ZeroKind::Pole | ZeroKind::Unknown)
    }
}

/// A side of a zero along the control, in the order of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At it.
    At,
    /// Before it.
    Before,
    /// After it.
    After,
}

impl Place {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Place::At => "at",
            Place::Before => "before",
            Place::After => "after",
        }
    }
}

/// A solution at a zero, or on one side of it.
#[derive(Debug, Clone)]
pub struct Side {
    /// Which.
    pub place: Place,
    /// Its control value.
    pub control: f64,
    /// The name of its branch.
    pub branch: String,
    /// The solution, where there is one.
    pub solution: Option<Solution>,
}

/// Where an output is zero, jumps through zero, or is not known.
#[derive(Debug, Clone)]
pub struct Zero {
    /// Control value.
    pub control: f64,
    /// How far it may be off.
    pub error: Option<f64>,
    /// How the output is zero there.
    pub kind: ZeroKind,
    /// Whether it rises through zero as the control grows; none where it does not go through it.
    pub rising: Option<bool>,
    /// The solution there, or those on both sides.
    pub sides: Vec<Side>,
    /// The branch.
    track: usize,
    /// The stretch of branches along which it was found: neighbours on the same may merge.
    path: usize,
}

impl Zero {
    /// A jump through zero between two solutions.
    pub fn jump(before: Side, after: Side, rising: bool) -> Zero {
        Zero {
            control: after.control,
            error: None,
            kind: ZeroKind::Jumps,
            rising: Some(rising),
            sides: vec![before, after],
            track: usize::MAX,
            path: usize::MAX,
        }
    }
}

/// The zeros of an output along the control.
#[derive(Debug, Clone, Default)]
pub struct Zeros {
    /// In the order of the rows.
    pub found: Vec<Zero>,
    /// The output at the first and at the last row, with the solution there.
    pub ends: Option<[(f64, Side); 2]>,
    /// What could not be made out, in words.
    pub doubts: Vec<String>,
    /// How many changes of sign could not be closed in on.
    pub failed: usize,
}

impl Zeros {
    /// The zeros of an output (by its place) along a solved curve: of what its rows report, or of all branches.
    pub fn of(piece: &PieceCurve, output: usize, branches: bool, settings: Settings) -> Zeros {
        let mut along = Along::new(piece, output, settings);
        let mut zeros = Zeros::default();
        let paths = if branches { along.branches() } else { along.reported() };
        zeros.ends = ends(&paths, piece, &along).filter(|_| !branches);
        for (number, mut path) in paths.into_iter().enumerate() {
            let scale = along.refine(&mut path);
            Reading { along: &mut along, path: number, scale, branches, zeros: &mut zeros }.read(&path);
        }
        zeros.found.extend(along.unknown(&mut zeros.doubts));
        let direction = along.direction();
        zeros.found.sort_by(|a, b| (direction * a.control).total_cmp(&(direction * b.control)));
        zeros.once(1e-9 * along.span());
        zeros
    }

    /// Both halves of a branch that turns back end there, and it is one place: that of the branch which the file has first.
    fn once(&mut self, near: f64) {
        let ends: Vec<(f64, usize)> = (self.found.iter())
            .filter(|zero| zero.kind == ZeroKind::BranchEnds)
            .map(|zero| (zero.control, zero.track))
            .collect();
        self.found.retain(|zero| {
            let first = |(control, track): &(f64, usize)| {
                (control - zero.control).abs() < near && *track < zero.track
            };
            zero.kind != ZeroKind::BranchEnds || !ends.iter().any(first)
        });
    }

    /// Neighbouring zeros between which the output turns back: they may merge as a parameter moves.
    pub fn merging(&self) -> Vec<Merging> {
        let pairs = self.found.iter().enumerate().flat_map(|(i, a)| {
            let next = self.found[i + 1..].iter().find(|b| b.path == a.path);
            next.map(|b| (a, b))
        });
        pairs.filter_map(|(a, b)| Merging::of(a, b)).collect()
    }
}

/// The output at the first and at the last row, where both are known.
fn ends(paths: &[Vec<Node>], piece: &PieceCurve, along: &Along) -> Option<[(f64, Side); 2]> {
    let controls = &piece.curve.controls;
    let first = paths.first()?.first().filter(|n| Some(&n.control) == controls.first())?;
    let last = paths.last()?.last().filter(|n| Some(&n.control) == controls.last())?;
    Some([(first.value, along.side(first, Place::After)), (last.value, along.side(last, Place::Before))])
}

/// The signs of an output along a path, being read.
struct Reading<'r, 'p> {
    along: &'r mut Along<'p>,
    path: usize,
    /// The size of the output along the path.
    scale: f64,
    branches: bool,
    zeros: &'r mut Zeros,
}

impl Reading<'_, '_> {
    /// Goes along a path from sign to sign.
    fn read(&mut self, nodes: &[Node]) {
        let sign = |node: &Node| node.sign(self.scale);
        let signs: Vec<f64> = nodes.iter().map(sign).collect();
        let mut k = 0;
        while k < nodes.len() {
            if signs[k] == 0.0 {
                let last = (k..nodes.len()).take_while(|m| signs[*m] == 0.0).last().unwrap_or(k);
                self.zero_run(nodes, &signs, k, last);
                k = last + 1;
                continue;
            }
            if let Some(next) = nodes.get(k + 1).filter(|_| signs[k] * signs[k + 1] < 0.0) {
                if next.track == nodes[k].track {
                    self.cross(&nodes[k], next);
                } else {
                    self.jump(&nodes[k], next);
                }
            }
            k += 1;
        }
    }

    /// Nodes from `first` to `last` at which the output is zero.
    fn zero_run(&mut self, nodes: &[Node], signs: &[f64], first: usize, last: usize) {
        let before = first.checked_sub(1).map(|k| (&nodes[k], signs[k]));
        let after = nodes.get(last + 1).map(|node| (node, signs[last + 1]));
        let (start, end) = (&nodes[first], &nodes[last]);
        if start.control != end.control {
            if let Some((node, _)) = before {
                self.plateau(node, start, true);
            }
            if let Some((node, _)) = after {
                self.plateau(node, end, false);
            }
            return;
        }
        let signs = [before, after].map(|side| side.map(|(_, sign)| sign));
        let turns = matches!(start.end, Some(EndKind::Fold)) || matches!(end.end, Some(EndKind::Fold));
        let ends = start.end.is_some() || end.end.is_some();
        let at_once = |node: Option<(&Node, f64)>| node.is_some_and(|(n, _)| n.control == start.control);
        let kind = match signs {
            _ if turns => ZeroKind::BranchEnds,
            [Some(a), Some(b)] if a * b > 0.0 => match ends || at_once(before) || at_once(after) {
                // Where the branch changes both sides may be zero to round-off, and nothing more.
                true => return,
                false => ZeroKind::Touches,
            },
            [Some(_), Some(_)] if at_once(before) || at_once(after) => ZeroKind::Jumps,
            [None, _] | [_, None] => {
                if ends {
                    ZeroKind::BranchEnds
                } else {
                    ZeroKind::RangeEnds
                }
            }
            _ => ZeroKind::Crosses,
        };
        if kind == ZeroKind::Jumps {
            let before = before.filter(|_| at_once(before)).map_or(start, |(n, _)| n);
            let after = after.filter(|_| at_once(after)).map_or(end, |(n, _)| n);
            return self.jump(before, after);
        }
        let crosses = kind == ZeroKind::Crosses;
        let rising =
            signs[1].or(signs[0].map(|s| -s)).filter(|_| crosses).map(|s| s * self.along.direction() > 0.0);
        // Of a zero at which one branch goes over into another the second says what follows.
        let shown = if ends && !turns { end } else { start };
        let node = if start.end == Some(EndKind::Fold) { start } else { shown };
        let side = self.along.side(node, Place::At);
        let error = Some(node.error.unwrap_or(0.0).max(f64::EPSILON * node.control.abs()));
        let track = node.track;
        self.push(Zero {
            control: node.control,
            error,
            kind,
            rising,
            sides: vec![side],
            track,
            path: self.path,
        });
    }

    /// Where an output begins to be zero and stays so, or ceases to be.
    fn plateau(&mut self, outside: &Node, inside: &Node, begins: bool) {
        if outside.track != inside.track {
            let (before, after) = if begins { (outside, inside) } else { (inside, outside) };
            return self.jump(before, after);
        }
        let kind = if begins { ZeroKind::Becomes } else { ZeroKind::Leaves };
        let (control, error) = self.along.border(outside, inside, self.scale);
        let error = Some(inside.error.unwrap_or(0.0).max(error));
        let mut side = self.along.side(inside, Place::At);
        if control != inside.control
            && let Some(solution) = self.along.at(outside.track, outside.rows_to(inside), control)
        {
            side = Side { control, solution: Some(solution), ..side };
        }
        self.push(Zero {
            control,
            error,
            kind,
            rising: None,
            sides: vec![side],
            track: inside.track,
            path: self.path,
        });
    }

    /// An output with opposite signs on two branches, one of which follows the other.
    fn jump(&mut self, before: &Node, after: &Node) {
        let sides = vec![self.along.side(before, Place::Before), self.along.side(after, Place::After)];
        let between = 0.5 * (before.control + after.control);
        let (control, error) = match (&before.end, &after.end) {
            // Neither side could be evaluated where the branch changes.
            (None, None) if before.control != after.control => {
                (between, Some((after.control - between).abs()))
            }
            (Some(_), _) => (before.control, before.error),
            (None, _) => (after.control, after.error),
        };
        let rising = Some((after.value - before.value) * self.along.direction() > 0.0);
        let (track, path) = (before.track, usize::MAX);
        self.push(Zero { control, error, kind: ZeroKind::Jumps, rising, sides, track, path });
    }

    fn push(&mut self, zero: Zero) {
        self.zeros.found.push(zero);
    }
}
