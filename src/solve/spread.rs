//! Where searches start beside the file's starts: a set that fills the region, and the low places of an energy.

use nalgebra::DVector;
use statrs::distribution::{ContinuousCDF, Normal};

use super::finder::Finder;
use super::region::Region;

/// At how many places an energy is looked at, and from how many of the low ones it is minimised: without averages, with
/// averages (for each pair of unknowns), with averages over one variable, and over more of them.
const LOOKED_AT: [usize; 3] = [1024, 48, 0];
const LOW_PLACES: [usize; 3] = [24, 4, 0];

impl Finder<'_> {
    /// Point `index` of the additive recurrence with the generalised golden ratio (Roberts 2018), spread over
    /// the range of each unknown or, without one, over a few times its scale on both sides of zero.
    pub(super) fn space_filling_point(&self, index: usize, region: &Region) -> DVector<f64> {
        let k = self.scale.len();
        let ratio = generalised_golden_ratio(k);
        let normal = Normal::standard();
        DVector::from_fn(k, |j, _| {
            let step = (0..=j).fold(1.0, |p, _| p / ratio);
            let u = (0.5 + step * (index + 1) as f64).fract();
            let (low, high) = region.ends(j);
            if low.is_finite() && high.is_finite() {
                // Every other start looks at the small end of a wide range.
                let u = if index % 2 == 1 { u.powi(4) } else { u };
                low + u * (high - low)
            } else {
                // Rounded, so that the last digit of the machine's logarithm starts no other path.
                let x = self.scale[j] * (2e6 * normal.inverse_cdf(u)).round() * 1e-6;
                if low.is_finite() {
                    low + x.abs()
                } else if high.is_finite() {
                    high - x.abs()
                } else {
                    x
                }
            }
        })
    }

    /// Places where the energy, or what selects among solutions, is low among many that are spread over the region: starts
    /// in valleys that are narrow against the distances of the others.
    pub(super) fn low_places(&mut self, control: f64, region: &Region) -> Vec<DVector<f64>> {
        let normals = self.equations.system.normals_at_once() as usize;
        let unknowns = self.scale.len();
        let looked_at =
            LOOKED_AT[normals.min(2)] * if normals == 0 { (unknowns * unknowns).max(4) } else { 1 };
        let most = LOW_PLACES[normals.min(2)];
        let places: Vec<DVector<f64>> = (0..looked_at).map(|i| self.space_filling_point(i, region)).collect();
        // Without ranges the scale of an unknown may be far from its size.
        let unbounded = (0..unknowns).any(|i| region.ends(i) == (f64::NEG_INFINITY, f64::INFINITY));
        let nearer = places.iter().enumerate().filter(|(i, _)| unbounded && i % 2 == 0);
        let nearer = nearer.map(|(i, x)| self.drawn_in(i, x, region)).collect();
        let places = self.lowest_of(control, places);
        let nearer = self.lowest_of(control, nearer);
        // Of those in one valley the lowest: about as far from each other as places would be that fill the region.
        let size = DVector::from_fn(self.scale.len(), |i, _| {
            let (low, high) = region.ends(i);
            if low.is_finite() && high.is_finite() { high - low } else { 4.0 * self.scale[i] }
        });
        let apart = (looked_at as f64).powf(-1.0 / self.scale.len().max(1) as f64) * 2.0;
        let mut chosen: Vec<DVector<f64>> = Vec::new();
        for x in places {
            if chosen.iter().all(|c| (&x - c).component_div(&size).amax() > apart) {
                chosen.push(x);
            }
            if chosen.len() == most {
                break;
            }
        }
        let mut close: Vec<DVector<f64>> = Vec::new();
        for x in nearer {
            let far = |a: f64, b: f64| (a - b).abs() > 0.5 * a.abs().max(b.abs());
            if close.len() < most.div_ceil(2) && close.iter().all(|c| (0..unknowns).any(|i| far(x[i], c[i])))
            {
                close.push(x);
            }
        }
        chosen.extend(close);
        chosen
    }

    /// A point with each unknown that has no range drawn in towards zero, by up to three decades.
    fn drawn_in(&self, index: usize, x: &DVector<f64>, region: &Region) -> DVector<f64> {
        let ratio = generalised_golden_ratio(x.len() + 1);
        DVector::from_fn(x.len(), |j, _| {
            let step = (0..=j + 1).fold(1.0, |p, _| p / ratio);
            // In halves, so that no digit depends on the machine's powers.
            let halvings = (10.0 * (0.25 + step * index as f64).fract()).floor();
            if region.ends(j) == (f64::NEG_INFINITY, f64::INFINITY) {
                x[j] * (-halvings).exp2()
            } else {
                x[j]
            }
        })
    }

    /// Points in the order of the energy, those without one left out.
    fn lowest_of(&mut self, control: f64, points: Vec<DVector<f64>>) -> Vec<DVector<f64>> {
        let mut known: Vec<(f64, DVector<f64>)> = Vec::with_capacity(points.len());
        for x in points {
            let rung = self.search_rung(control, &x);
            let energy = self.equations.energy(control, &x, rung);
            if energy.is_finite() {
                known.push((energy, x));
            }
        }
        known.sort_by(|a, b| a.0.total_cmp(&b.0));
        known.into_iter().map(|(_, x)| x).collect()
    }
}

/// Points at which one of the unknowns is zero, where it may be: it often stays so, by a symmetry, and the others are found
/// more easily.
pub(super) fn without_one(spread: &[(DVector<f64>, Option<usize>)], region: &Region) -> Vec<DVector<f64>> {
    let unknowns = spread.first().map_or(0, |(x, _)| x.len());
    let may_be = |i: &usize| region.ends(*i).0 <= 0.0 && region.ends(*i).1 >= 0.0;
    let each = if unknowns > 4 { 1 } else { 3 };
    let places = (0..unknowns).filter(may_be).flat_map(|i| (0..each).map(move |n| (i, n)));
    let point = |(i, n): (usize, usize)| {
        let mut x = spread[(n + i * each) % spread.len()].0.clone();
        x[i] = 0.0;
        x
    };
    places.map(point).collect()
}

/// The positive root of x^(k+1) = x + 1.
fn generalised_golden_ratio(k: usize) -> f64 {
    // Newton from above; a handful of steps suffice.
    let mut x = 2.0f64;
    for _ in 0..8 {
        let power = (0..k).fold(1.0, |p, _| p * x);
        x -= (power * x - x - 1.0) / ((k + 1) as f64 * power - 1.0);
    }
    x
}
