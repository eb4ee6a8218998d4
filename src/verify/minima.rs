//! The minima of what may have several, by its values at many places: no slope and no place is shared with the search of the engine.

use super::bracket::halved;
use super::implicit::Implicit;
use super::number::Number;

/// Places on both sides of 0: a factor of 1.3 apart.
const APART: f64 = 1.3;
const POWERS: std::ops::Range<i32> = -36..36;
/// Places over a finite range.
const EVENLY: usize = 257;
/// Steps of the golden section.
const STEPS: usize = 120;
const GOLDEN: f64 = 0.381_966_011_250_105_1;

/// A plain number.
pub fn plain(x: Number) -> f64 {
    x.sign() * x.abs().value()
}

/// The minima at given inputs, in their order: where, how well that is known, and how high.
pub struct Minima {
    found: Vec<(f64, f64, f64)>,
    /// Where its values were looked at, from left to right.
    places: Vec<f64>,
}

impl Minima {
    /// Of an implicit definition, of which a value is what is minimised.
    pub fn of(implicit: &Implicit, inputs: &[Number], height: usize) -> Minima {
        let (low, high) = implicit.ends(inputs);
        let h = |p: f64| plain(implicit.one_at(inputs, p, height));
        let slope = |p: f64| implicit.slope_at(inputs, p);
        let mut places = vec![0.0];
        for power in POWERS {
            let far = APART.powi(power);
            places.extend([far, -far, low + far, high - far]);
        }
        if (high - low).is_finite() {
            places.extend((0..EVENLY).map(|k| low + (high - low) * (k as f64 / (EVENLY - 1) as f64)));
        }
        places.retain(|p| low <= *p && *p <= high && p.is_finite());
        places.sort_unstable_by(f64::total_cmp);
        places.dedup();
        let heights: Vec<f64> = places.iter().map(|p| h(*p)).collect();
        let mut found: Vec<(f64, f64, f64)> = Vec::new();
        let lower = |a: f64, b: f64| a <= b || b.is_nan();
        for k in 0..places.len() {
            let before = k.checked_sub(1).map_or(f64::INFINITY, |j| heights[j]);
            let after = heights.get(k + 1).copied().unwrap_or(f64::INFINITY);
            if !(lower(heights[k], before) && lower(heights[k], after)) || heights[k].is_nan() {
                continue;
            }
            let (a, b) = (places[k.saturating_sub(1)], places[(k + 1).min(places.len() - 1)]);
            let (p, width) = between(&h, &slope, a, places[k], b);
            let known = |other: &(f64, f64, f64)| (other.0 - p).abs() <= 1e-9 * p.abs().max(other.0.abs());
            if !found.iter().any(known) {
                found.push((p, width, h(p)));
            }
        }
        Minima { found, places }
    }

    /// The lowest, and how well its place is known.
    pub fn lowest(&self) -> Option<(f64, f64)> {
        let lowest = self.found.iter().min_by(|a, b| a.2.total_cmp(&b.2))?;
        Some((lowest.0, lowest.1))
    }

    /// By how much the right of the two lowest lies above the left; of a single one, on which side another may come up, told by the slope of
    /// what is minimised.
    pub fn side(&self, slope: impl Fn(f64) -> f64) -> f64 {
        let mut by_height = self.found.clone();
        by_height.sort_by(|a, b| a.2.total_cmp(&b.2));
        match by_height[..] {
            [a, b, ..] if a.0 < b.0 => b.2 - a.2,
            [a, b, ..] => a.2 - b.2,
            [(at, ..)] => {
                let slopes: Vec<f64> = self.places.iter().map(|p| slope(*p)).collect();
                let falls = (1..slopes.len()).filter(|k| slopes[*k] < slopes[k - 1]).map(|k| self.places[k]);
                let bump =
                    falls.min_by(|a, b| (a - at).abs().total_cmp(&(b - at).abs())).filter(|p| *p != at);
                bump.map_or(1.0, |p| if p > at { 1.0 } else { -1.0 })
            }
            [] => f64::NAN,
        }
    }
}

/// A minimum between two places, with one between them that is lower than both: by the golden section on the values, and where the slope
/// changes its sign by that.
fn between(
    h: &dyn Fn(f64) -> f64,
    slope: &dyn Fn(f64) -> f64,
    mut a: f64,
    mut middle: f64,
    mut b: f64,
) -> (f64, f64) {
    let mut best = h(middle);
    for _ in 0..STEPS {
        // Until only round-off is left, or the slope tells the rest.
        if slope(a) < 0.0
            && slope(b) > 0.0
            && let Some((p, width)) = halved(slope, a, b)
            && h(p) <= best + 1e-9 * best.abs().max(1e-300)
        {
            return (p, width);
        }
        let (left, right) = (middle - a, b - middle);
        if left.max(right) <= 2.0 * f64::EPSILON * middle.abs().max(1e-30) {
            break;
        }
        let p = if right > left { middle + GOLDEN * right } else { middle - GOLDEN * left };
        let height = h(p);
        if height < best {
            if p > middle {
                a = middle
            } else {
                b = middle
            }
            (middle, best) = (p, height);
        } else if p > middle {
            b = p;
        } else {
            a = p;
        }
    }
    (middle, (b - a).abs().min(2.0 * f64::EPSILON * middle.abs() + 1e-30))
}
