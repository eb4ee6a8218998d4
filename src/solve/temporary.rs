#![allow(missing_docs)]
use super::equations::Equations;
use nalgebra::DVector;
pub struct Accuracy {
    pub residual: Vec<f64>,
    pub energy: f64,
}
impl Equations<'_> {
    pub fn forget_rules(&mut self) {}
    pub fn search_rung(&self, rung: usize) -> usize {
        rung.saturating_sub(2)
    }
    pub fn admissible(&mut self, _c: f64, _x: &DVector<f64>, _r: usize) -> bool {
        true
    }
    pub fn admissible_margin(&mut self, _c: f64, _x: &DVector<f64>, _r: usize) -> f64 {
        1.0
    }
    pub fn accuracy(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> Accuracy {
        let e = self.evaluate(control, x, rung).clone();
        let size =
            |i: usize| (0..x.len()).map(|j| (e.jacobian[(i, j)] * x[j].abs().max(0.1)).abs()).sum::<f64>();
        Accuracy {
            residual: (0..x.len()).map(|i| 30.0 * f64::EPSILON * size(i)).collect(),
            energy: 1e-15 * e.energy.abs().max(1e-3),
        }
    }
}
