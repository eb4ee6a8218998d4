//! Where the file says that solutions lie: the ranges of the unknowns at one control value.

use nalgebra::DVector;

/// A box of unknowns; an unknown without a range runs over all numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    low: DVector<f64>,
    high: DVector<f64>,
}

impl Region {
    /// All numbers, for `unknowns` unknowns.
    pub fn everywhere(unknowns: usize) -> Region {
        Region {
            low: DVector::from_element(unknowns, f64::NEG_INFINITY),
            high: DVector::from_element(unknowns, f64::INFINITY),
        }
    }

    /// The box of some ranges; a range whose ends are not in order (at this control value) limits nothing.
    pub fn of(ranges: impl Iterator<Item = Option<(f64, f64)>>) -> Region {
        let (low, high): (Vec<f64>, Vec<f64>) = ranges
            .map(|range| match range {
                Some((low, high)) if low <= high => (low, high),
                _ => (f64::NEG_INFINITY, f64::INFINITY),
            })
            .unzip();
        Region { low: low.into(), high: high.into() }
    }

    /// Whether any unknown has a range.
    pub fn is_bounded(&self) -> bool {
        self.low.iter().chain(self.high.iter()).any(|end| end.is_finite())
    }

    /// The ends of the range of an unknown; infinite where it has none.
    pub fn ends(&self, unknown: usize) -> (f64, f64) {
        (self.low[unknown], self.high[unknown])
    }

    /// The nearest point of the box.
    pub fn clamp(&self, mut x: DVector<f64>) -> DVector<f64> {
        for i in 0..x.len() {
            // NaN stays NaN.
            if x[i] < self.low[i] {
                x[i] = self.low[i];
            } else if x[i] > self.high[i] {
                x[i] = self.high[i];
            }
        }
        x
    }

    /// By how much an unknown lies outside, positive outside; NaN is outside.
    pub fn excess(&self, x: &DVector<f64>, unknown: usize) -> f64 {
        let (below, above) = (self.low[unknown] - x[unknown], x[unknown] - self.high[unknown]);
        if x[unknown].is_nan() { f64::INFINITY } else { below.max(above) }
    }

    /// The first unknown that lies outside its range by more than its slack.
    pub fn left_by(&self, x: &DVector<f64>, slack: impl Fn(usize) -> f64) -> Option<usize> {
        (0..x.len()).find(|i| self.excess(x, *i) > slack(*i))
    }

    /// The unknowns that sit exactly on an end of their range.
    pub fn on_edge(&self, x: &DVector<f64>) -> impl Iterator<Item = usize> {
        (0..x.len()).filter(|i| self.excess(x, *i) == 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_outside_is_cut_back_to_the_nearest_end() {
        let region = Region::of([Some((0.0, 1.0)), None, Some((2.0, 1.0))].into_iter());
        let x = region.clamp(DVector::from_vec(vec![-0.5, -7.0, 9.0]));
        assert_eq!(x.as_slice(), [0.0, -7.0, 9.0]);
        assert_eq!(region.on_edge(&x).collect::<Vec<_>>(), [0]);
        assert_eq!(region.left_by(&DVector::from_vec(vec![1.5, 0.0, 0.0]), |_| 0.1), Some(0));
        assert_eq!(region.left_by(&DVector::from_vec(vec![1.05, 0.0, 0.0]), |_| 0.1), None);
    }
}
