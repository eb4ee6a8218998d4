//! Which stationary point of a free energy is meant: in some unknowns it is maximal, in others minimal.

use nalgebra::{DMatrix, DVector};

/// A saddle: the free energy is extremal in some unknowns, then in others, and stationary in the rest.
///
/// In the order in which the file has them, as one prints max over q, min over q̂: the second is taken at fixed values of the first.
/// Unknowns that the file does not name are eliminated before both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extremum {
    /// Outermost first; none, one or two.
    pub ways: Vec<Way>,
}

/// What a free energy is in some unknowns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Maximal, or else minimal.
    pub maximise: bool,
    /// Places of the unknowns.
    pub unknowns: Vec<usize>,
}

impl Way {
    fn sign(&self) -> f64 {
        if self.maximise { -1.0 } else { 1.0 }
    }
}

/// Eigenvalues above minus this part of the largest entry are 0 to round-off.
const ROUND_OFF: f64 = 1e-9;

impl Extremum {
    /// What the free energy is multiplied by so that, of several stationary points, the one with the lowest value is meant.
    pub fn sign(&self) -> f64 {
        self.ways.first().map_or(1.0, Way::sign)
    }

    /// `maximal in q, minimal in q_hat`.
    pub fn in_words<'n>(&self, unknowns: impl Iterator<Item = &'n str>) -> String {
        let names: Vec<&str> = unknowns.collect();
        let ways = self.ways.iter().map(|way| {
            let all: Vec<&str> = way.unknowns.iter().filter_map(|i| names.get(*i).copied()).collect();
            format!("{} in {}", if way.maximise { "maximal" } else { "minimal" }, all.join(" and "))
        });
        ways.collect::<Vec<_>>().join(", ")
    }

    /// The smallest eigenvalue of the curvatures in the directions of the file, each with the sign that makes it positive where
    /// the point is of the kind that is meant; none if the file names no direction, or where what is eliminated is
    /// degenerate. `hessian` is that of the free energy times [`Extremum::sign`].
    pub fn curvature(&self, hessian: &DMatrix<f64>) -> Option<f64> {
        let blocks = self.blocks(hessian)?;
        blocks.into_iter().map(|block| block.value.symmetric_eigenvalues().min()).reduce(f64::min)
    }

    /// Whether a stationary point is of the kind that is meant, to round-off: 0 is not decided against.
    pub fn is_met(&self, hessian: &DMatrix<f64>, scale: &DVector<f64>) -> bool {
        let exact = DMatrix::zeros(hessian.nrows(), hessian.ncols());
        self.is_met_within(hessian, scale.as_slice(), ROUND_OFF, &exact)
    }

    /// The same for a Hessian that is known to a part of its largest entry, and whose entries have these errors.
    pub fn is_met_within(
        &self,
        hessian: &DMatrix<f64>,
        scale: &[f64],
        part: f64,
        errors: &DMatrix<f64>,
    ) -> bool {
        let scaled =
            |m: &DMatrix<f64>| DMatrix::from_fn(m.nrows(), m.ncols(), |i, j| m[(i, j)] * scale[i] * scale[j]);
        let errors = scaled(errors);
        // An eigenvalue is off by the errors in the direction that belongs to it.
        let definite = |block: Curvatures| {
            let size = block.value.amax();
            let eigen = block.value.symmetric_eigen();
            let lowest = eigen.eigenvalues.imin();
            let direction = (block.along * eigen.eigenvectors.column(lowest)).abs();
            eigen.eigenvalues[lowest] >= -part * size - direction.dot(&(&errors * &direction))
        };
        let blocks = self.blocks(&scaled(hessian));
        self.ways.is_empty() || blocks.is_some_and(|blocks| blocks.into_iter().all(definite))
    }

    /// The curvatures in the directions of the file, innermost first, each after those inside it are eliminated.
    fn blocks(&self, hessian: &DMatrix<f64>) -> Option<Vec<Curvatures>> {
        let k = hessian.nrows();
        let named = |i: &usize| self.ways.iter().any(|way| way.unknowns.contains(i));
        let rest: Vec<usize> = (0..k).filter(|i| !named(i)).collect();
        let mut left: Vec<usize> = (0..k).filter(named).collect();
        let all = Curvatures { value: hessian.clone(), along: DMatrix::identity(k, k) };
        let mut reduced = all.without(&left, &rest)?;
        let mut blocks = Vec::new();
        for way in self.ways.iter().rev() {
            let place = |i: &usize| left.iter().position(|j| j == i);
            let own: Vec<usize> = way.unknowns.iter().filter_map(place).collect();
            let others: Vec<usize> = (0..left.len()).filter(|i| !own.contains(i)).collect();
            blocks.push(Curvatures {
                value: part_of(&reduced.value, &own, &own) * (way.sign() * self.sign()),
                along: reduced.along.select_columns(&own),
            });
            reduced = reduced.without(&others, &own)?;
            left = others.into_iter().map(|i| left[i]).collect();
        }
        let finite = blocks.iter().flat_map(|block| block.value.iter()).all(|x| x.is_finite());
        finite.then_some(blocks).filter(|blocks| !blocks.is_empty())
    }
}

/// Curvatures in some directions.
struct Curvatures {
    /// Their matrix.
    value: DMatrix<f64>,
    /// The directions, a column each, in terms of all unknowns.
    along: DMatrix<f64>,
}

impl Curvatures {
    /// The curvatures in some of the directions where others follow: the Schur complement.
    fn without(&self, kept: &[usize], out: &[usize]) -> Option<Curvatures> {
        let value = part_of(&self.value, kept, kept);
        let along = self.along.select_columns(kept);
        if out.is_empty() {
            return Some(Curvatures { value, along });
        }
        let (across, back) = (part_of(&self.value, kept, out), part_of(&self.value, out, kept));
        let inverse = part_of(&self.value, out, out).try_inverse()?;
        let along = along - self.along.select_columns(out) * &inverse * &back;
        Some(Curvatures { value: value - across * inverse * back, along })
    }
}

fn part_of(matrix: &DMatrix<f64>, rows: &[usize], columns: &[usize]) -> DMatrix<f64> {
    DMatrix::from_fn(rows.len(), columns.len(), |i, j| matrix[(rows[i], columns[j])])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saddle_is_told_from_others_by_its_curvatures() {
        // f = −x² + (y − x)²·3 − z²/2 + 2xz: max over x, min over y, stationary in z (z = 2x, which adds 2x²).
        let hessian = |eliminated: f64| {
            DMatrix::from_row_slice(
                3,
                3,
                &[
                    -2.0 + 6.0,
                    -6.0,
                    eliminated, //
                    -6.0,
                    6.0,
                    0.0, //
                    eliminated,
                    0.0,
                    -1.0,
                ],
            )
        };
        let way = |maximise, unknowns: &[usize]| Way { maximise, unknowns: unknowns.to_vec() };
        let wanted = Extremum { ways: vec![way(true, &[0]), way(false, &[1])] };
        let scale = DVector::from_element(3, 1.0);
        // −f is what selects.
        for (coupling, curvature) in [(0.0, 2.0), (2.0, -2.0)] {
            let found = wanted.curvature(&-hessian(coupling)).unwrap();
            assert!((found - curvature).abs() < 1e-12, "{found}");
            assert_eq!(wanted.is_met(&-hessian(coupling), &scale), curvature > 0.0);
        }
        // The other way round, x is extremal at fixed y, where f curves upwards in it.
        let other = Extremum { ways: vec![way(false, &[1]), way(true, &[0])] };
        assert!(!other.is_met(&hessian(0.0), &scale));
        assert_eq!(Extremum::default().curvature(&hessian(0.0)), None);
        assert!(Extremum::default().is_met(&hessian(0.0), &scale));
    }

    /// Of all matrices within the errors the lowest curvature is about as far down as it is said to be.
    #[test]
    fn errors_of_a_hessian_are_those_of_its_curvatures() {
        let way = |maximise, unknowns: &[usize]| Way { maximise, unknowns: unknowns.to_vec() };
        let wanted = Extremum { ways: vec![way(false, &[0, 1]), way(true, &[2])] };
        let hessian = DMatrix::from_row_slice(
            4,
            4,
            &[2.0, 0.3, 0.5, 0.2, 0.3, 1e-3, 0.4, 0.1, 0.5, 0.4, -1.0, 0.3, 0.2, 0.1, 0.3, 1.5],
        );
        let scale = [1.0; 4];
        let lowest = wanted.curvature(&hessian).unwrap();
        assert!(lowest > 0.0);
        let errors = DMatrix::from_fn(4, 4, |i, j| 1e-6 * (1.0 + (i * j) as f64));
        // The worst of all signs of the errors, to first order.
        let worst = (0..1 << 10).map(|signs: u32| {
            let moved = DMatrix::from_fn(4, 4, |i, j| {
                let (i, j) = (i.min(j), i.max(j));
                let sign = if signs >> (4 * i + j - i * (i + 1) / 2) & 1 == 1 { 1.0 } else { -1.0 };
                hessian[(i, j)] + sign * errors[(i, j)]
            });
            wanted.curvature(&moved).unwrap()
        });
        let drop = lowest - worst.reduce(f64::min).unwrap();
        // Down by as much as the errors make of it the point may or may not be of the kind that is meant; by more it is not.
        let down = |by: f64| {
            let shift = DMatrix::from_fn(4, 4, |i, j| if i == j && i < 2 { lowest + by } else { 0.0 });
            wanted.is_met_within(&(&hessian - shift), &scale, 0.0, &errors)
        };
        assert!(down(0.9 * drop), "{drop:e}");
        assert!(!down(1.2 * drop), "{drop:e}");
    }
}
