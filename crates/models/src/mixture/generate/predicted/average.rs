//! The law of the samples as an average over the Gaussian start.
//!
//! The sign of μ·X at a later time changes once along the direction of w: there its root g* is found for every transverse
//! coordinate, so that the fraction is E Φ(−g*). Near g* the flow pulls samples apart by a factor e^{κ²/2}; the integrals
//! on both sides are taken by the double-exponential rule, whose nodes crowd at the ends of an interval. Transverse
//! coordinates matter little and smoothly: Gauss–Hermite.

use rayon::prelude::*;

use super::Prediction;
use super::closed_form::normal_cdf;
use super::steps::{Recursion, State};
use super::theory::COORDINATES;
use crate::mixture::generate::law::{LAW, Law};
use overlaps::average::gauss_hermite;

/// Half the interval of integration along w: what lies beyond has a probability of 3e-14.
const HALF_WIDTH: f64 = 7.5;
/// Rules: nodes of Gauss–Hermite per transverse coordinate, of the double-exponential rule on each side.
const RULES: [(usize, usize); 2] = [(4, 64), (6, 96)];

/// A map of starts: where one is at each of some places of a time grid.
pub trait Map: Sync {
    /// Shows where each of some starts is at each of some places of the grid, which rise: its place among them, and its coordinates.
    fn trace(&self, starts: &[State], places: &[usize], visit: &mut dyn FnMut(usize, &State));
    /// Gaussian coordinates at the start that matter: 1 or 3.
    fn random(&self) -> usize;
    /// The direction along which the sign of μ·X changes once.
    fn along(&self) -> State;
    /// The law at a place, from the fraction, the moments of ν and the aligned components.
    fn law(&self, place: usize, averages: &Averages) -> Law;
}

/// Averages over the start at one time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Averages {
    /// P(μ·X > 0).
    pub fraction: f64,
    /// For each sign of μ·X: its probability by quadrature, and E x, E x² with x the first coordinate, on it.
    pub sides: [[f64; 3]; 2],
    /// E S x_j of the other coordinates, S the sign of μ·X.
    pub aligned: [f64; COORDINATES - 1],
}

impl Averages {
    fn add(&mut self, other: &Averages) {
        self.fraction += other.fraction;
        for (side, other) in self.sides.iter_mut().flatten().zip(other.sides.iter().flatten()) {
            *side += other;
        }
        for (sum, other) in self.aligned.iter_mut().zip(&other.aligned) {
            *sum += other;
        }
    }

    /// Takes in a state of some probability.
    fn take(&mut self, mass: f64, x: &State) {
        let (side, s) = if x[0] < 0.0 { (1, -1.0) } else { (0, 1.0) };
        let side = &mut self.sides[side];
        side[0] += mass;
        side[1] += mass * x[0];
        side[2] += mass * x[0] * x[0];
        for (sum, x) in self.aligned.iter_mut().zip(&x[1..]) {
            *sum += mass * s * x;
        }
    }

    /// Mean and standard deviation of the first coordinate on both sides; NaN where there is nothing.
    pub fn modes(&self) -> [[f64; 2]; 2] {
        self.sides.map(|[weight, mean, square]| {
            if weight < 1e-13 {
                return [f64::NAN, f64::NAN];
            }
            let mean = mean / weight;
            [mean, (square / weight - mean * mean).max(0.0).sqrt()]
        })
    }
}

impl Map for Recursion {
    fn trace(&self, starts: &[State], places: &[usize], visit: &mut dyn FnMut(usize, &State)) {
        self.run(starts, places, visit);
    }

    fn random(&self) -> usize {
        self.random
    }

    fn along(&self) -> State {
        self.along
    }

    fn law(&self, place: usize, averages: &Averages) -> Law {
        let root_d = self.root_d[place];
        let scale = self.scale[place];
        let mut law = laid_out(averages, self.n, self.fixed_noise, root_d, scale * scale);
        if root_d == 1.0 {
            // d → ∞ in the second phase: ν is infinite, M is the coordinate itself.
            (law.nu, law.sd_nu) = ([f64::NAN; 2], [f64::NAN; 2]);
        }
        law
    }
}

/// Averages of the coordinates as a law. Coordinates over `root_d` are components of X/√d.
pub fn laid_out(
    averages: &Averages,
    n: Option<[usize; 2]>,
    fixed_noise: bool,
    root_d: f64,
    variance: f64,
) -> Law {
    let [plus, minus, noise_plus, noise_minus] = averages.aligned.map(|x| x / root_d);
    let along = match n {
        None => [f64::NAN; 4],
        Some(n) => {
            let root = n.map(|n| (n as f64).sqrt());
            // Σ s z and Σ s x₀ of all samples, as unit vectors.
            let both =
                |plus: f64, minus: f64| (root[0] * plus - root[1] * minus) / ((n[0] + n[1]) as f64).sqrt();
            let of_class = |x: f64, root: f64| if root > 0.0 { x / root } else { f64::NAN };
            let xi = if fixed_noise { both(noise_plus, noise_minus) } else { f64::NAN };
            [of_class(plus, root[0]), of_class(minus, root[1]), both(plus, minus), xi]
        }
    };
    Law::new(averages.fraction, averages.modes(), root_d, variance, along)
}

/// The laws at some places of the grid, and the largest difference of any value from those of a lower rule.
pub fn laws(map: &impl Map, at: &[usize]) -> Prediction {
    let of_rule = |(transverse, sides): (usize, usize)| -> Vec<(Law, f64)> {
        let rule = double_exponential(sides);
        let parts: Vec<Vec<Averages>> = starts(map, transverse)
            .par_iter()
            .map(|(start, weight)| averages(map, at, start, *weight, &rule))
            .collect();
        let sum = |k: usize| {
            let mut total = Averages::default();
            parts.iter().for_each(|part| total.add(&part[k]));
            total
        };
        at.iter()
            .enumerate()
            .map(|(k, place)| {
                let total = sum(k);
                // Both ways to the fraction agree if the sign changes once, as the split assumes.
                let by_sides = total.sides[0][0] / (total.sides[0][0] + total.sides[1][0]);
                (map.law(*place, &total), (by_sides - total.fraction).abs())
            })
            .collect()
    };
    let [lower, laws] = RULES.map(of_rule);
    let mut error = laws.iter().map(|(_, apart)| *apart).fold(0.0, f64::max);
    for ((a, _), (b, _)) in lower.iter().zip(&laws) {
        for ((a, b), (name, _)) in a.values().iter().zip(b.values()).zip(LAW) {
            // ν of the second phase at finite d is of order √d.
            let scale =
                if name.starts_with("nu") || name.starts_with("sd_nu") { b.abs().max(1.0) } else { 1.0 };
            if (a - b).is_finite() {
                error = error.max((a - b).abs() / scale);
            }
        }
    }
    Prediction { laws: laws.into_iter().map(|(law, _)| law).collect(), error }
}

/// P(μ·X > 0) at a place for a map with one random coordinate: one root, no other average.
pub fn fraction(map: &impl Map, place: usize) -> f64 {
    let along = map.along();
    match root(&|g| firsts(map, place, g.iter().map(|g| along.map(|e| g * e)).collect()), None) {
        Root::At(g) => normal_cdf(-g),
        Root::Always(sign) => f64::from(sign > 0.0),
    }
}

/// The first coordinate of each of some starts at a place.
fn firsts(map: &impl Map, place: usize, starts: Vec<State>) -> Vec<f64> {
    let mut firsts = vec![0.0; starts.len()];
    map.trace(&starts, &[place], &mut |index, state| firsts[index] = state[0]);
    firsts
}

/// Transverse parts of the start with their weights.
fn starts(map: &impl Map, nodes: usize) -> Vec<(State, f64)> {
    let along = map.along();
    if map.random() == 1 {
        return vec![([0.0; COORDINATES], 1.0)];
    }
    // An orthonormal pair across `along` in the first three coordinates.
    let a = [along[0], along[1], along[2]];
    let least = (0..3).min_by(|i, j| a[*i].abs().total_cmp(&a[*j].abs())).unwrap_or(0);
    let mut first = [0.0; 3];
    first[least] = 1.0;
    let project: f64 = a[least];
    for j in 0..3 {
        first[j] -= project * a[j];
    }
    let length = first.iter().map(|x| x * x).sum::<f64>().sqrt();
    first.iter_mut().for_each(|x| *x /= length);
    let second = [
        a[1] * first[2] - a[2] * first[1],
        a[2] * first[0] - a[0] * first[2],
        a[0] * first[1] - a[1] * first[0],
    ];
    let (nodes, weights) = gauss_hermite(nodes);
    let mut starts = Vec::new();
    for (x, wx) in nodes.iter().zip(&weights) {
        for (y, wy) in nodes.iter().zip(&weights) {
            let state = std::array::from_fn(|j| if j < 3 { x * first[j] + y * second[j] } else { 0.0 });
            starts.push((state, wx * wy));
        }
    }
    starts
}

/// Nodes u in (0, 1) with weights, for ∫₀¹: 0 is the end where nodes crowd most precisely, x = tanh-sinh.
fn double_exponential(nodes: usize) -> Vec<(f64, f64)> {
    let half = nodes as f64 / 2.0;
    let h = 3.3 / half;
    let rule = |k: f64| {
        let s = std::f64::consts::FRAC_PI_2 * libm::sinh(k * h);
        // (1 + tanh s)/2 without cancellation near 0.
        let u = 1.0 / (1.0 + libm::exp(-2.0 * s));
        let weight = 0.5 * h * std::f64::consts::FRAC_PI_2 * libm::cosh(k * h) / libm::cosh(s).powi(2);
        (u, weight)
    };
    (0..=nodes).map(|k| rule(k as f64 - half)).collect()
}

/// The averages over the coordinate along w at some places, for one transverse part of the start.
fn averages(
    map: &impl Map,
    places: &[usize],
    transverse: &State,
    weight: f64,
    rule: &[(f64, f64)],
) -> Vec<Averages> {
    let along = map.along();
    let start = |g: f64| -> State { std::array::from_fn(|j| transverse[j] + g * along[j]) };
    let mut roots: Vec<Root> = Vec::new();
    for place in places {
        let first = |g: &[f64]| firsts(map, *place, g.iter().map(|g| start(*g)).collect());
        roots.push(root(&first, roots.last().copied()));
    }
    let mut all = vec![Averages::default(); places.len()];
    let mut from = 0;
    // Once the modes are decided the root stays where it is, and one path serves all later places.
    while from < places.len() {
        let same = roots[from..].iter().take_while(|root| **root == roots[from]).count();
        let (here, averages) = (&places[from..from + same], &mut all[from..from + same]);
        // Without a root any split does; the middle of the mass has the finest nodes.
        let (split, above) = match roots[from] {
            Root::At(g) => (g, normal_cdf(-g)),
            Root::Always(sign) => (0.0, if sign > 0.0 { 1.0 } else { 0.0 }),
        };
        averages.iter_mut().for_each(|a| a.fraction = weight * above);
        for end in [-HALF_WIDTH, HALF_WIDTH] {
            let width = (end - split).abs();
            let mut starts = Vec::with_capacity(rule.len());
            // The mass of each start, and at how many places it has been seen.
            let mut parts = Vec::with_capacity(rule.len());
            for (u, w) in rule {
                let g = split + (end - split) * u;
                let density = libm::exp(-0.5 * g * g) / (2.0 * std::f64::consts::PI).sqrt();
                starts.push(start(g));
                parts.push((weight * w * width * density, 0));
            }
            map.trace(&starts, here, &mut |index, state| {
                let (mass, seen) = &mut parts[index];
                averages[*seen].take(*mass, state);
                *seen += 1;
            });
        }
        from += same;
    }
    all
}

/// Where a function along w changes its sign.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Root {
    At(f64),
    Always(f64),
}

/// How near a root has to be to an earlier one to be the same.
const SAME: f64 = 1e-13;

/// How often an interval is halved at once: the function is asked at all the middles that may be needed.
const HALVINGS: u32 = 3;

/// The root of a function that rises once through 0, by bisection, because it is nearly a step; near an earlier one
/// if there is a root. The function takes many points at once.
fn root(f: &dyn Fn(&[f64]) -> Vec<f64>, earlier: Option<Root>) -> Root {
    let (mut low, mut high) = (-HALF_WIDTH, HALF_WIDTH);
    let mut bracketed = false;
    if let Some(Root::At(g)) = earlier {
        for reach in [SAME, 1e-6, 1e-3, 0.1] {
            let (a, b) = ((g - reach).max(low), (g + reach).min(high));
            let ends = f(&[a, b]);
            if ends[0] < 0.0 && ends[1] > 0.0 {
                if reach == SAME {
                    return Root::At(g);
                }
                (low, high, bracketed) = (a, b, true);
                break;
            }
        }
    }
    if !bracketed {
        let ends = f(&[low, high]);
        if ends[0] >= 0.0 {
            return Root::Always(1.0);
        }
        if ends[1] <= 0.0 {
            return Root::Always(-1.0);
        }
    }
    while high - low > SAME {
        // The middles of the interval, of its halves, of theirs, as bisection makes them.
        let mut ends = vec![low, high];
        for _ in 0..HALVINGS {
            let middles = ends.windows(2).flat_map(|pair| [pair[0], 0.5 * (pair[0] + pair[1])]);
            ends = middles.chain([high]).collect();
        }
        let values = f(&ends[1..ends.len() - 1]);
        let (mut from, mut to) = (0, ends.len() - 1);
        while to - from > 1 && ends[to] - ends[from] > SAME {
            let middle = (from + to) / 2;
            if values[middle - 1] < 0.0 { from = middle } else { to = middle }
        }
        (low, high) = (ends[from], ends[to]);
    }
    Root::At(0.5 * (low + high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_several_times_at_once_is_bisection() {
        for exact in [-3.0, 0.0, 0.123, 1.0 / 3.0, 7.4] {
            let (mut low, mut high) = (-HALF_WIDTH, HALF_WIDTH);
            while high - low > SAME {
                let middle = 0.5 * (low + high);
                if middle < exact { low = middle } else { high = middle }
            }
            let asked = |points: &[f64]| points.iter().map(|g| g - exact).collect::<Vec<f64>>();
            assert_eq!(root(&asked, None), Root::At(0.5 * (low + high)), "{exact}");
        }
        assert_eq!(root(&|points| vec![1.0; points.len()], None), Root::Always(1.0));
    }
}
