//! Where an integrand has to be looked at closely: a search of its own, by sampling every operation of the integrand on a
//! grid, and following what the samples show: arguments of functions that bend which change sign, exponents and quotients
//! that peak, and where the mass of the whole lies. As numbers here do not underflow, a peak of width 10⁻⁶ shows in
//! its logarithm from far away.

use super::evaluate::Evaluation;
use super::formula::{Binary, Operation, Place};
use super::function::{Bend, Unary};
use super::integrate::density;
use super::values::{Frame, Integrand, Outside};

/// Where the integrand is looked at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// A quarter apart where the density is not negligible, and out to 130.
    Fine,
    /// Twice as far apart, for averages inside others.
    Inner,
    /// The same, with less accuracy in mind.
    Coarse,
}

impl Sampling {
    /// Pieces are no wider than this where there is mass.
    fn widest(self) -> f64 {
        match self {
            Sampling::Fine => 1.5,
            Sampling::Inner | Sampling::Coarse => 3.0,
        }
    }

    /// Where the integrand is below e^−deep of its largest value it is left out.
    fn deep(self) -> f64 {
        match self {
            Sampling::Fine | Sampling::Inner => 44.0,
            Sampling::Coarse => 22.0,
        }
    }

    fn nodes(self) -> Vec<f64> {
        let mut steps: Vec<(f64, f64)> = match self {
            Sampling::Fine => vec![(0.25, 9.0), (1.0, 40.0), (5.0, 130.0)],
            Sampling::Inner | Sampling::Coarse => vec![(0.5, 9.0), (3.0, 39.0), (13.0, 130.0)],
        };
        let mut half = Vec::new();
        let mut z = 0.0;
        steps.reverse();
        while let Some((step, end)) = steps.pop() {
            while z < end {
                z += step;
                half.push(z);
            }
        }
        // No node at 0, where symmetric integrands are at their most special.
        let right = half.iter().map(|z| z - 0.117);
        let mut nodes: Vec<f64> = half.iter().rev().map(|z| -z + 0.031).chain(right).collect();
        nodes.sort_by(f64::total_cmp);
        nodes
    }
}

/// Something that an operation does somewhere.
struct Watch<'a> {
    evaluation: &'a Evaluation<'a>,
    integrand: &'a Integrand,
    outside: &'a Outside<'a>,
}

impl Watch<'_> {
    fn frame(&self, nodes: &[f64]) -> Frame {
        self.evaluation.frame(self.integrand, self.outside, nodes, false)
    }

    fn lane(&self, frame: &Frame, watched: Watched, nodes: &[f64]) -> Vec<f64> {
        let evaluation = self.evaluation;
        let lane = |p: Place| evaluation.lane(self.integrand, frame, self.outside, p);
        match watched {
            Watched::Value(p) => {
                let lane = lane(p);
                (0..nodes.len()).map(|i| lane.at(i).value()).collect()
            }
            Watched::Difference(a, b) => {
                let (a, b) = (lane(a), lane(b));
                (0..nodes.len()).map(|i| (a.at(i) - b.at(i)).value()).collect()
            }
            Watched::Logarithm(p, with_density) => {
                let lane = lane(p);
                let log = |i: usize| match (lane.at(i), with_density) {
                    (x, true) => (x * density(nodes[i])).log_size(),
                    (x, false) => x.log_size(),
                };
                (0..nodes.len()).map(log).collect()
            }
        }
    }

    fn at(&self, watched: Watched, z: f64) -> f64 {
        let frame = self.frame(&[z]);
        self.lane(&frame, watched, &[z])[0]
    }

    /// A zero between two nodes at which the signs differ: regula falsi (Illinois), then halving.
    fn zero(&self, watched: Watched, (mut a, mut fa): (f64, f64), (mut b, mut fb): (f64, f64)) -> f64 {
        let (mut ga, mut gb) = (fa, fb);
        for round in 0..120 {
            let mut z = b - gb * (b - a) / (gb - ga);
            if round % 4 == 3 || !(a < z && z < b) {
                z = 0.5 * (a + b);
            }
            if !(a < z && z < b) {
                break;
            }
            let f = self.at(watched, z);
            if f == 0.0 {
                return z;
            }
            if (f > 0.0) == (fb > 0.0) {
                (b, fb, gb) = (z, f, f);
                ga *= 0.5;
            } else {
                (a, fa, ga) = (z, f, f);
                gb *= 0.5;
            }
            if b - a <= 2.0 * f64::EPSILON * a.abs().max(b.abs()) {
                break;
            }
        }
        if fa.abs() < fb.abs() { a } else { b }
    }

    /// The largest value between two nodes, from parabolas through three points and golden sections.
    fn top(&self, watched: Watched, mut p: [(f64, f64); 3]) -> (f64, f64) {
        const GOLDEN: f64 = 0.381_966_011_250_105;
        for round in 0..60 {
            let [(a, fa), (m, fm), (b, fb)] = p;
            if b - a <= 1e-12 * m.abs().max(1e-3) {
                break;
            }
            let (left, right) = ((m - a) * (fm - fb), (m - b) * (fm - fa));
            let mut z = m - 0.5 * ((m - a) * left - (m - b) * right) / (left - right);
            let close = (z - m).abs() < 1e-3 * (b - a);
            if round % 3 == 2 || !(a < z && z < b) || close {
                z = if m - a > b - m { m - GOLDEN * (m - a) } else { m + GOLDEN * (b - m) };
            }
            let f = self.at(watched, z);
            if f.is_nan() {
                break;
            }
            p = match (f > fm, z < m) {
                (true, true) => [(a, fa), (z, f), (m, fm)],
                (true, false) => [(m, fm), (z, f), (b, fb)],
                (false, true) => [(z, f), (m, fm), (b, fb)],
                (false, false) => [(a, fa), (m, fm), (z, f)],
            };
            // A top that all three agree on.
            if p[1].1 - p[0].1 < 1e-9 && p[1].1 - p[2].1 < 1e-9 {
                break;
            }
        }
        p[1]
    }
}

/// What is watched at an operation.
#[derive(Clone, Copy)]
enum Watched {
    Value(Place),
    Difference(Place, Place),
    /// Of its size; times the density or not.
    Logarithm(Place, bool),
}

/// The pieces on which an integrand is integrated.
pub fn pieces(
    evaluation: &Evaluation,
    integrand: &Integrand,
    outside: &Outside,
    sampling: Sampling,
) -> Vec<(f64, f64)> {
    let watch = Watch { evaluation, integrand, outside };
    let nodes = sampling.nodes();
    let frame = watch.frame(&nodes);
    let mut ends: Vec<f64> = Vec::new();
    let mut around = |z: f64, width: f64, far: f64| {
        ends.push(z);
        let mut d = width;
        while d < far && d > 0.0 {
            ends.extend([z - d, z + d]);
            d *= 4.0;
        }
    };
    for place in &integrand.local {
        let bends = match evaluation.formula.operations[*place] {
            Operation::Unary(f, a) if f.bend() != Bend::None => Some((Watched::Value(a), f.bend())),
            Operation::Binary(
                Binary::Min | Binary::Max | Binary::Less | Binary::LessEqual | Binary::Equal,
                a,
                b,
            ) => Some((Watched::Difference(a, b), Bend::Sharp)),
            // At its arguments it is as smooth as Φ: what is left is where one takes over from the other.
            Operation::Bivariate(a, b, _) => Some((Watched::Difference(a, b), Bend::Sharp)),
            Operation::Pinned(..) => Some((Watched::Value(*place), Bend::Sharp)),
            _ => None,
        };
        if let Some((watched, bend)) = bends {
            crossings(&watch, watched, bend, &nodes, &frame, &mut around);
        }
        let peaks = match evaluation.formula.operations[*place] {
            Operation::Unary(Unary::Exp | Unary::NormalPdf, _)
            | Operation::Binary(Binary::Divide | Binary::Power | Binary::Multiply, ..) => {
                Some(Watched::Logarithm(*place, false))
            }
            _ => None,
        };
        if let Some(watched) = peaks {
            tops(&watch, watched, &nodes, &frame, &mut around);
        }
    }
    for body in &integrand.bodies {
        tops(&watch, Watched::Logarithm(*body, true), &nodes, &frame, &mut around);
    }
    ends.retain(|z| z.abs() < 1e6);
    where_mass_is(&watch, sampling, &nodes, &frame, ends)
}

/// Ends of pieces where an argument changes sign.
fn crossings(
    watch: &Watch,
    watched: Watched,
    bend: Bend,
    nodes: &[f64],
    frame: &Frame,
    around: &mut dyn FnMut(f64, f64, f64),
) {
    let values = watch.lane(frame, watched, nodes);
    let cross = |a: (f64, f64), b: (f64, f64)| -> Option<(f64, f64, f64)> {
        let step = b.0 - a.0;
        match bend {
            Bend::Sharp => Some((watch.zero(watched, a, b), 0.0, 0.0)),
            // Where the argument moves by less than this, the function is smooth on the scale of the nodes.
            _ if (b.1 - a.1).abs() > 2.0 => {
                let z = watch.zero(watched, a, b);
                let mut width = step / (b.1 - a.1).abs();
                // The slope at the zero itself.
                let d = 1e-3 * width;
                let slope = (watch.at(watched, z + d) - watch.at(watched, z - d)).abs() / (2.0 * d);
                if slope.is_finite() && slope > 0.0 {
                    width = width.min(1.0 / slope);
                }
                Some((z, 2.0 * width, 2.0 * step))
            }
            _ => None,
        }
    };
    let mut found = Vec::new();
    for i in 1..nodes.len() {
        let (a, b) = ((nodes[i - 1], values[i - 1]), (nodes[i], values[i]));
        if a.1 * b.1 < 0.0 {
            found.extend(cross(a, b));
        } else if b.1 == 0.0 {
            found.push((b.0, 0.0, 0.0));
        }
        // Two zeros between nodes: |argument| has a minimum that its neighbours point below 0.
        if i + 1 < nodes.len() {
            let c = (nodes[i + 1], values[i + 1]);
            let sign = b.1.signum();
            let bent = sign * (a.1 + c.1 - 2.0 * b.1);
            if a.1 * b.1 > 0.0
                && b.1 * c.1 > 0.0
                && b.1.abs() <= a.1.abs()
                && b.1.abs() <= c.1.abs()
                && bent > b.1.abs()
            {
                let lowest = lowest_between(watch, watched, sign, [a, b, c]);
                if lowest.1 * b.1 < 0.0 {
                    found.extend(cross(a, lowest).into_iter().chain(cross(lowest, c)));
                }
            }
        }
    }
    for (z, width, far) in found {
        around(z, width, far);
    }
}

/// The least sign·value between three nodes; stops where it is below 0.
fn lowest_between(watch: &Watch, watched: Watched, sign: f64, mut p: [(f64, f64); 3]) -> (f64, f64) {
    for _ in 0..40 {
        let [a, m, b] = p;
        if m.1 * sign < 0.0 || b.0 - a.0 < 1e-9 {
            break;
        }
        let (left, right) = ((m.0 - a.0) * (m.1 - b.1), (m.0 - b.0) * (m.1 - a.1));
        let mut z = m.0 - 0.5 * ((m.0 - a.0) * left - (m.0 - b.0) * right) / (left - right);
        if !(a.0 < z && z < b.0) || (z - m.0).abs() < 1e-3 * (b.0 - a.0) {
            z = if m.0 - a.0 > b.0 - m.0 { 0.5 * (a.0 + m.0) } else { 0.5 * (m.0 + b.0) };
        }
        let new = (z, watch.at(watched, z));
        p = match (new.1 * sign < m.1 * sign, z < m.0) {
            (true, true) => [a, new, m],
            (true, false) => [m, new, b],
            (false, true) => [new, m, b],
            (false, false) => [a, m, new],
        };
    }
    p[1]
}

/// Ends of pieces around maxima that are narrow against the distance of the nodes.
fn tops(
    watch: &Watch,
    watched: Watched,
    nodes: &[f64],
    frame: &Frame,
    around: &mut dyn FnMut(f64, f64, f64),
) {
    let logs = watch.lane(frame, watched, nodes);
    for i in 1..nodes.len() - 1 {
        let p = [(nodes[i - 1], logs[i - 1]), (nodes[i], logs[i]), (nodes[i + 1], logs[i + 1])];
        let [a, m, b] = p;
        if !(m.1 >= a.1 && m.1 >= b.1 && m.1.is_finite()) {
            continue;
        }
        // How far the middle is above the line through its neighbours; of a Gaussian of width 1 with nodes ¼ apart: 0.03.
        let share = (m.0 - a.0) / (b.0 - a.0);
        let above = m.1 - (a.1 + share * (b.1 - a.1));
        if !(above > 0.7) {
            continue;
        }
        let (z, top) = watch.top(watched, p);
        let far = b.0 - a.0;
        let mut width = far;
        for side in [-1.0, 1.0] {
            let mut d = 0.5 * far;
            for _ in 0..60 {
                let drop = top - watch.at(watched, z + side * d);
                if !(drop > 1.5) || d < 1e-14 {
                    break;
                }
                // A parabola falls by the square, an edge by the first power.
                d *= (1.0 / drop).clamp(0.02, 0.7).sqrt();
            }
            width = width.min(d);
        }
        around(z, width, far);
    }
}

/// Cuts the line where there is mass: at the given ends, and so that no piece is too wide.
fn where_mass_is(
    watch: &Watch,
    sampling: Sampling,
    nodes: &[f64],
    frame: &Frame,
    mut ends: Vec<f64>,
) -> Vec<(f64, f64)> {
    ends.sort_by(f64::total_cmp);
    ends.dedup_by(|a, b| (*a - *b).abs() <= 4.0 * f64::EPSILON * b.abs());
    let near = watch.frame(&ends);
    let mut all: Vec<(f64, bool)> =
        nodes.iter().map(|z| (*z, false)).chain(ends.iter().map(|z| (*z, true))).collect();
    let mut logs: Vec<Vec<f64>> = Vec::new();
    for body in &watch.integrand.bodies {
        let watched = Watched::Logarithm(*body, true);
        let mut own = watch.lane(frame, watched, nodes);
        own.extend(watch.lane(&near, watched, &ends));
        // What is no number may be large: it counts as the density.
        for ((z, _), log) in all.iter().zip(own.iter_mut()) {
            if log.is_nan() {
                *log = -0.5 * z * z - 20.0;
            }
        }
        let top = own.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        own.iter_mut().for_each(|log| *log -= if top.is_finite() { top } else { 0.0 });
        logs.push(own);
    }
    let size = |i: usize| logs.iter().map(|own| own[i]).fold(f64::NEG_INFINITY, f64::max);
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|a, b| all[*a].0.total_cmp(&all[*b].0));
    let sizes: Vec<f64> = order.iter().map(|i| size(*i)).collect();
    all = order.iter().map(|i| all[*i]).collect();
    // An interval counts if an end of it, or of a neighbour, has mass; an integrand that shows none is looked at where the density is.
    let heavy = |i: usize| sizes[i] > -sampling.deep();
    let shown = (0..all.len()).any(heavy);
    // Mass as far out as one looks: the average is not finite, or nothing like an average over N(0, 1).
    if heavy(0) || heavy(all.len() - 1) {
        watch.evaluation.unfinished.set(true);
    }
    let counts = |i: usize| {
        let (low, high) = (i.saturating_sub(1), (i + 2).min(all.len() - 1));
        (low..=high).any(heavy) || (!shown && all[i].0.abs() < 9.0)
    };
    let mut pieces = Vec::new();
    let mut from: Option<f64> = None;
    for i in 0..all.len() - 1 {
        let (here, next) = (all[i].0, all[i + 1].0);
        if !counts(i) {
            if let Some(from) = from.take() {
                pieces.push((from, here));
            }
            continue;
        }
        let start = *from.get_or_insert(here);
        let after = all.get(i + 2).map_or(f64::INFINITY, |n| n.0);
        if all[i + 1].1 || after - start > sampling.widest() || i + 2 == all.len() {
            pieces.push((start, next));
            from = None;
        }
    }
    pieces.retain(|(a, b)| a < b);
    pieces
}
