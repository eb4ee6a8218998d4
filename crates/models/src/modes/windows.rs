//! The scales at which the modes of a mixture split, and when.

use nalgebra::DMatrix;

use super::means::{Means, Part, Shape, Split};

/// A window of the flow in which modes at one scale part.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Its exponent: modes that part here are of order d^exponent from each other.
    pub exponent: f64,
    /// Modes that have not parted when it begins, in groups; from 0.
    pub before: Vec<Vec<usize>>,
    /// And when it has ended.
    pub after: Vec<Vec<usize>>,
    /// The smallest half-distance δ of groups that part here, in units of d^exponent.
    pub half_distance: f64,
    /// By how much the error of the exact denoiser, over d, falls here: Σ_c P_c Var_c, of the centres of what parts.
    pub drop: f64,
    /// The time λ_max(B_c)^(−½)/√d of the group that parts first, B_c the covariance of its centres over d: near the middle of the
    /// window.
    pub speciation: f64,
}

impl Means {
    /// The scales at which the modes split, from the largest on.
    pub fn windows(&self, d: f64) -> Vec<Window> {
        let products = self.products(d);
        let all = vec![(0..self.count()).collect::<Vec<_>>()];
        let each: Vec<Vec<usize>> = (0..self.count()).map(|k| vec![k]).collect();
        let Shape::Tree(root) = &self.shape else {
            let pairs = (0..self.count()).flat_map(|k| (0..k).map(move |l| (k, l)));
            let square =
                |(k, l): (usize, usize)| products[(k, k)] + products[(l, l)] - 2.0 * products[(k, l)];
            let nearest = pairs.map(square).fold(f64::INFINITY, f64::min);
            return vec![self.window(&products, d, 0.5, 0.5 * nearest.sqrt(), all, each)];
        };
        let mut exponents = Vec::new();
        collect(root, &mut exponents);
        exponents.sort_by(|a, b| b.total_cmp(a));
        exponents.dedup();
        let mut before = all;
        let mut windows = Vec::new();
        for exponent in exponents {
            let mut after = Vec::new();
            let mut nearest = f64::INFINITY;
            groups(root, exponent, &mut 0, &mut after, &mut nearest);
            windows.push(self.window(&products, d, exponent, nearest, before, after.clone()));
            before = after;
        }
        windows
    }

    fn window(
        &self,
        products: &DMatrix<f64>,
        d: f64,
        exponent: f64,
        half_distance: f64,
        before: Vec<Vec<usize>>,
        after: Vec<Vec<usize>>,
    ) -> Window {
        let weight = |group: &[usize]| self.weight(group);
        let product = |a: &[usize], b: &[usize]| self.product(products, a, b);
        let (mut drop, mut largest) = (0.0, 0.0f64);
        for group in &before {
            let parts: Vec<&Vec<usize>> = after.iter().filter(|part| group.contains(&part[0])).collect();
            let own: Vec<f64> = parts.iter().map(|part| weight(part) / weight(group)).collect();
            // √q_i (M_i − M)·(M_j − M) √q_j has the eigenvalues of the covariance of the centres.
            let centred = DMatrix::from_fn(parts.len(), parts.len(), |i, j| {
                let with = |a: &[usize], b: &[usize]| product(a, b);
                let shift = with(parts[i], parts[j]) - with(parts[i], group) - with(group, parts[j])
                    + with(group, group);
                (own[i] * own[j]).sqrt() * shift
            });
            drop += weight(group) * centred.trace();
            largest = largest.max(centred.symmetric_eigenvalues().max());
        }
        Window { exponent, before, after, half_distance, drop, speciation: 1.0 / (d * largest).sqrt() }
    }
}

impl Means {
    /// How much of the data is in some modes.
    fn weight(&self, group: &[usize]) -> f64 {
        group.iter().map(|k| self.weights[*k]).sum()
    }

    /// The product of the centres of two groups, over d.
    fn product(&self, products: &DMatrix<f64>, a: &[usize], b: &[usize]) -> f64 {
        let pairs = a.iter().flat_map(|k| b.iter().map(move |l| (*k, *l)));
        let sum: f64 = pairs.map(|(k, l)| self.weights[k] * self.weights[l] * products[(k, l)]).sum();
        sum / (self.weight(a) * self.weight(b))
    }

    /// How much of what parts in a window is decided, from 0 to 1, where samples of mode j return to mode k with the probability T_jk:
    /// Σ_jk p_j T_jk δ_j·δ_k over Σ_j p_j |δ_j|², δ_j from the centre of the group of mode j before the window to that after it.
    pub fn decided(&self, d: f64, window: &Window, returns: &DMatrix<f64>) -> f64 {
        let products = self.products(d);
        let with = |groups: &[Vec<usize>], k: usize| groups.iter().find(|group| group.contains(&k)).cloned();
        let ends: Vec<[Vec<usize>; 2]> = (0..self.count())
            .map(|k| [&window.before, &window.after].map(|groups| with(groups, k).unwrap_or_default()))
            .collect();
        let shift = |j: usize, k: usize| {
            let ([from, to], [other_from, other_to]) = (&ends[j], &ends[k]);
            self.product(&products, to, other_to)
                - self.product(&products, to, other_from)
                - self.product(&products, from, other_to)
                + self.product(&products, from, other_from)
        };
        let pairs = (0..self.count()).flat_map(|j| (0..self.count()).map(move |k| (j, k)));
        let both: f64 = pairs.map(|(j, k)| self.weights[j] * returns[(j, k)] * shift(j, k)).sum();
        both / window.drop
    }
}

fn collect(split: &Split, exponents: &mut Vec<f64>) {
    exponents.push(split.exponent);
    for part in &split.modes {
        if let Part::Split(split) = part {
            collect(split, exponents);
        }
    }
}

/// The groups that have not parted when splits down to an exponent have, and the smallest half-distance of those at it.
fn groups(split: &Split, exponent: f64, next: &mut usize, into: &mut Vec<Vec<usize>>, nearest: &mut f64) {
    if split.exponent < exponent {
        let first = *next;
        *next += leaves(split);
        into.push((first..*next).collect());
        return;
    }
    if split.exponent == exponent {
        *nearest = nearest.min(split.half_distance);
    }
    for part in &split.modes {
        match part {
            Part::Mode(_) => {
                into.push(vec![*next]);
                *next += 1;
            }
            Part::Split(split) => groups(split, exponent, next, into, nearest),
        }
    }
}

fn leaves(split: &Split) -> usize {
    let below = |part: &Part| match part {
        Part::Mode(_) => 1,
        Part::Split(split) => leaves(split),
    };
    split.modes.iter().map(below).sum()
}
