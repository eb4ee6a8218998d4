//! Averages over N(0, 1) by an adaptive rule on pieces: the pieces end where the integrand bends, peaks or jumps (see
//! `features`), and are halved until the rule of 21 nodes of Gauss and Kronrod agrees with the 10 of Gauss in it. The engine's
//! rules share no node with it.

use super::evaluate::Evaluation;
use super::features::{Sampling, pieces};
use super::number::Number;
use super::values::{Frame, Integrand, Outside};

/// How averages are computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Accuracy that is asked for, relative to the average of the size of the integrand.
    pub tolerance: f64,
    /// Where the integrand is looked at first.
    pub sampling: Sampling,
    /// The most nodes of one average.
    pub most_nodes: usize,
}

impl Rule {
    /// To round-off.
    pub const FULL: Rule = Rule { tolerance: 1e-15, sampling: Sampling::Fine, most_nodes: 60_000 };
    /// For searches.
    pub const ROUGH: Rule = Rule { tolerance: 1e-7, sampling: Sampling::Coarse, most_nodes: 3_000 };
}

/// An average.
#[derive(Debug, Clone)]
pub struct Average {
    /// Its value; the bound holds the error of the rule.
    pub value: Number,
    /// The average of the size of the integrand.
    pub mass: Number,
    /// Derivatives.
    pub slopes: Vec<Number>,
    /// The averages of their sizes.
    pub slope_masses: Vec<Number>,
}

/// Nodes and weights of Kronrod's rule with 21 nodes, from the middle out; those of Gauss's rule with 10 nodes inside it.
pub const NODES: [f64; 11] = [
    0.0,
    0.148_874_338_981_631_22,
    0.294_392_862_701_460_2,
    0.433_395_394_129_247_2,
    0.562_757_134_668_604_7,
    0.679_409_568_299_024_4,
    0.780_817_726_586_416_9,
    0.865_063_366_688_984_5,
    0.930_157_491_355_708_2,
    0.973_906_528_517_171_7,
    0.995_657_163_025_808_1,
];
pub const KRONROD: [f64; 11] = [
    0.149_445_554_002_916_9,
    0.147_739_104_901_338_5,
    0.142_775_938_577_060_08,
    0.134_709_217_311_473_34,
    0.123_491_976_262_065_84,
    0.109_387_158_802_297_64,
    0.093_125_454_583_697_6,
    0.075_039_674_810_919_96,
    0.054_755_896_574_351_995,
    0.032_558_162_307_964_725,
    0.011_694_638_867_371_874,
];
const GAUSS: [f64; 11] = [
    0.0,
    0.295_524_224_714_752_87,
    0.0,
    0.269_266_719_309_996_35,
    0.0,
    0.219_086_362_515_982_04,
    0.0,
    0.149_451_349_150_580_6,
    0.0,
    0.066_671_344_308_688_14,
    0.0,
];

/// What one piece gives for one component.
#[derive(Clone, Copy)]
struct Part {
    value: Number,
    mass: Number,
    error: Number,
}

struct Piece {
    from: f64,
    to: f64,
    parts: Vec<Part>,
}

impl Piece {
    /// Whether it can be halved.
    fn divisible(&self) -> bool {
        let middle = 0.5 * (self.from + self.to);
        self.to - self.from > 8.0 * f64::EPSILON * self.from.abs().max(self.to.abs()).max(1e-290)
            && self.from < middle
            && middle < self.to
    }
}

/// The averages of the bodies of an integrand.
pub fn integrate(evaluation: &Evaluation, integrand: &Integrand, outside: &Outside) -> Vec<Average> {
    let rule = evaluation.rule;
    let sampling = match (outside, rule.sampling) {
        (Outside::Node(..), Sampling::Fine) => Sampling::Inner,
        (_, sampling) => sampling,
    };
    let first = pieces(evaluation, integrand, outside, sampling);
    let mut done: Vec<Piece> = Vec::new();
    let mut pieces = compute(evaluation, integrand, outside, &first);
    let mut nodes = 21 * pieces.len();
    loop {
        let components = pieces.first().or(done.first()).map_or(0, |p| p.parts.len());
        let masses: Vec<Number> = (0..components)
            .map(|c| {
                let all = pieces.iter().chain(&done);
                all.fold(Number::ZERO, |sum, p| sum + p.parts[c].mass)
            })
            .collect();
        // The sum of the errors of all pieces is to be within the tolerance; most are far below their share.
        let good = |piece: &Piece| {
            piece.parts.iter().zip(&masses).all(|(part, mass)| {
                let enough = mass.times(0.1 * rule.tolerance);
                !enough.less(part.error) || !part.value.uncertainty().less(part.error)
            }) || !piece.divisible()
        };
        let (fine, rough): (Vec<Piece>, Vec<Piece>) = pieces.into_iter().partition(good);
        done.extend(fine);
        if rough.is_empty() {
            break;
        }
        if nodes > rule.most_nodes {
            evaluation.unfinished.set(true);
            done.extend(rough);
            break;
        }
        let halves: Vec<(f64, f64)> = rough
            .iter()
            .flat_map(|p| {
                let middle = 0.5 * (p.from + p.to);
                [(p.from, middle), (middle, p.to)]
            })
            .collect();
        nodes += 21 * halves.len();
        pieces = compute(evaluation, integrand, outside, &halves);
    }
    done.sort_by(|a, b| a.from.total_cmp(&b.from));
    let directions = evaluation.directions;
    let total = |c: usize| {
        let zero = Part { value: Number::ZERO, mass: Number::ZERO, error: Number::ZERO };
        done.iter().fold(zero, |sum, piece| Part {
            value: sum.value + piece.parts[c].value,
            mass: sum.mass + piece.parts[c].mass,
            error: sum.error + piece.parts[c].error,
        })
    };
    (0..integrand.bodies.len())
        .map(|b| {
            let all: Vec<Part> = (0..=directions).map(|j| total(b * (1 + directions) + j)).collect();
            let value = |part: &Part| part.value.blurred(part.error);
            Average {
                value: value(&all[0]),
                mass: all[0].mass,
                slopes: all[1..].iter().map(value).collect(),
                slope_masses: all[1..].iter().map(|part| part.mass).collect(),
            }
        })
        .collect()
}

/// The rules of 21 and 10 nodes on some pieces, all nodes at once.
fn compute(
    evaluation: &Evaluation,
    integrand: &Integrand,
    outside: &Outside,
    pieces: &[(f64, f64)],
) -> Vec<Piece> {
    let mut nodes = Vec::with_capacity(21 * pieces.len());
    for (from, to) in pieces {
        let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
        nodes.push(middle);
        for x in &NODES[1..] {
            nodes.push(middle - half * x);
            nodes.push(middle + half * x);
        }
    }
    let frame = evaluation.frame(integrand, outside, &nodes, true);
    let density: Vec<Number> = nodes.iter().map(|z| density(*z)).collect();
    pieces
        .iter()
        .enumerate()
        .map(|(p, (from, to))| {
            let mut parts = Vec::new();
            for body in &integrand.bodies {
                let lane = evaluation.lane(integrand, &frame, outside, *body);
                let at = |i: usize| lane.at(i) * density[i];
                parts.push(part(21 * p, 0.5 * (to - from), &at));
                for j in 0..evaluation.directions {
                    parts.push(slope_part(
                        evaluation,
                        integrand,
                        &frame,
                        *body,
                        j,
                        21 * p,
                        0.5 * (to - from),
                        &density,
                    ));
                }
            }
            Piece { from: *from, to: *to, parts }
        })
        .collect()
}

#[allow(clippy::too_many_arguments)]
fn slope_part(
    evaluation: &Evaluation,
    integrand: &Integrand,
    frame: &Frame,
    body: usize,
    direction: usize,
    first: usize,
    half: f64,
    density: &[Number],
) -> Part {
    match evaluation.slope_lanes(integrand, frame, body).get(direction) {
        Some(slopes) if !slopes.is_empty() => part(first, half, &|i| slopes[i] * density[i]),
        _ => Part { value: Number::ZERO, mass: Number::ZERO, error: Number::ZERO },
    }
}

fn part(first: usize, half: f64, f: &dyn Fn(usize) -> Number) -> Part {
    let middle = f(first);
    let mut kronrod = middle.times(KRONROD[0]);
    let mut mass = middle.abs().times(KRONROD[0]);
    let mut gauss = Number::ZERO;
    for i in 1..11 {
        let (a, b) = (f(first + 2 * i - 1), f(first + 2 * i));
        let sum = a + b;
        kronrod = kronrod + sum.times(KRONROD[i]);
        mass = mass + (a.abs() + b.abs()).times(KRONROD[i]);
        if GAUSS[i] != 0.0 {
            gauss = gauss + sum.times(GAUSS[i]);
        }
    }
    let difference = (kronrod - gauss).abs();
    // QUADPACK's estimate: the larger rule is wrong by about the power 3/2 of the difference.
    let ratio = (difference / mass).value();
    let error = if mass.is_zero() {
        Number::ZERO
    } else if ratio.is_finite() {
        mass.times((200.0 * ratio).powf(1.5).min(ratio.max(1e-300)))
    } else {
        Number::NAN
    };
    Part { value: kronrod.times(half), mass: mass.times(half), error: error.times(half) }
}

/// The density of N(0, 1).
pub fn density(z: f64) -> Number {
    super::function::Unary::NormalPdf.value(Number::exact(z))
}
