//! How a linear network of two layers is trained: gradient flow and gradient descent of A = W₂W₁, in the layers themselves or
//! in their scalar products.
//!
//! With g = ∇C(A), W = [W₁ | W₂ᵀ] and N = [[0, gᵀ], [g, 0]] the layers obey dW/dt = −WN, so that Z = WᵀW = [[C₁, Aᵀ], [A, C₂]]
//! obeys dZ/dt = −(NZ + ZN) and W has left the equations: a network of any width costs what Z does.

use nalgebra::{DMatrix, DVector};

/// The loss that is descended.
pub enum Loss {
    /// ½|A − B|².
    Mse,
    /// The same over the entries where this is 1; it is 0 elsewhere.
    Completion(DMatrix<f64>),
    /// The mean of ½⟨X, A − B⟩² over Gaussian matrices X, a row each.
    Sensing(DMatrix<f64>),
}

impl Loss {
    /// Its gradient, A − B being `off`.
    pub fn gradient(&self, off: DMatrix<f64>) -> DMatrix<f64> {
        match self {
            Loss::Mse => off,
            Loss::Completion(observed) => off.component_mul(observed),
            Loss::Sensing(rows) => {
                let (d, count) = (off.nrows(), rows.nrows() as f64);
                let answers = rows * DVector::from_column_slice(off.as_slice());
                DMatrix::from_column_slice(d, d, (rows.transpose() * answers / count).as_slice())
            }
        }
    }
}

/// A network on its way.
#[derive(Clone)]
pub enum Network {
    /// W₁ and W₂ᵀ, both w × d.
    Layers(DMatrix<f64>, DMatrix<f64>),
    /// A, C₁ = W₁ᵀW₁ and C₂ = W₂W₂ᵀ.
    Products(DMatrix<f64>, DMatrix<f64>, DMatrix<f64>),
}

impl Network {
    /// A = W₂W₁.
    pub fn a(&self) -> DMatrix<f64> {
        match self {
            Network::Layers(first, second) => second.transpose() * first,
            Network::Products(a, ..) => a.clone(),
        }
    }

    /// Its velocity in gradient flow.
    pub fn velocity(&self, gradient: &dyn Fn(&Network) -> DMatrix<f64>) -> Network {
        let g = gradient(self);
        match self {
            Network::Layers(first, second) => Network::Layers(-second * &g, -first * g.transpose()),
            Network::Products(a, c1, c2) => {
                let (first, second) = (a.transpose() * &g, a * g.transpose());
                Network::Products(
                    -(c2 * &g) - &g * c1,
                    -(&first + first.transpose()),
                    -(&second + second.transpose()),
                )
            }
        }
    }

    /// A step of gradient descent of both layers at once: W ← W(1 − ηN), Z ← (1 − ηN)Z(1 − ηN).
    pub fn descend(&mut self, eta: f64, gradient: &dyn Fn(&Network) -> DMatrix<f64>) {
        let g = gradient(self);
        match self {
            Network::Layers(first, second) => {
                let step = &*second * &g * eta;
                *second -= &*first * g.transpose() * eta;
                *first -= step;
            }
            Network::Products(a, c1, c2) => {
                let transposed = g.transpose();
                let (gc1, c2g) = (&g * &*c1, &*c2 * &g);
                let (ag, ga) = (a.transpose() * &g, &*a * &transposed);
                *a -= (&c2g + &gc1) * eta - &g * &ag * (eta * eta);
                *c1 -= (&ag + ag.transpose()) * eta - &transposed * c2g * (eta * eta);
                *c2 -= (&ga + ga.transpose()) * eta - gc1 * transposed * (eta * eta);
            }
        }
    }

    fn parts(&self) -> Vec<&DMatrix<f64>> {
        match self {
            Network::Layers(first, second) => vec![first, second],
            Network::Products(a, c1, c2) => vec![a, c1, c2],
        }
    }

    /// Adds a multiple of another of the same kind.
    fn add(&mut self, factor: f64, other: &Network) {
        let parts: Vec<&mut DMatrix<f64>> = match self {
            Network::Layers(first, second) => vec![first, second],
            Network::Products(a, c1, c2) => vec![a, c1, c2],
        };
        for (own, other) in parts.into_iter().zip(other.parts()) {
            own.zip_apply(other, |own, other| *own += factor * other);
        }
    }

    /// The largest entry of all, in absolute value; NaN if one is.
    fn largest(&self) -> f64 {
        let entries = self.parts().into_iter().flat_map(|part| part.iter());
        entries.fold(0.0, |largest: f64, x| if x.is_nan() { f64::NAN } else { largest.max(x.abs()) })
    }

    /// Whether all entries are numbers.
    pub fn is_finite(&self) -> bool {
        self.largest().is_finite()
    }
}

/// Error of a step of the flow over the largest entry.
const TOLERANCE: f64 = 1e-9;
/// The coefficients of Dormand and Prince, order 5.
const A: [&[f64]; 6] = [
    &[1.0 / 5.0],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
    &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
    &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];
/// Those of the difference from the embedded order 4.
const E: [f64; 7] =
    [71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339200.0, 22.0 / 525.0, -1.0 / 40.0];

/// Gradient flow, stepped as its errors allow; the steps of `ode_solvers` would keep a copy of the network each.
pub struct Flow<'g> {
    /// Where it is.
    pub network: Network,
    /// The time.
    pub t: f64,
    gradient: &'g dyn Fn(&Network) -> DMatrix<f64>,
    velocity: Network,
    step: f64,
}

impl<'g> Flow<'g> {
    /// From a network at time 0.
    pub fn new(network: Network, gradient: &'g dyn Fn(&Network) -> DMatrix<f64>) -> Flow<'g> {
        let velocity = network.velocity(gradient);
        let step = 1e-3 * network.largest() / velocity.largest().max(f64::MIN_POSITIVE);
        Flow { network, t: 0.0, gradient, velocity, step }
    }

    /// One step of this length: where it leads, the velocity there, the error over the tolerance.
    fn trial(&self, step: f64) -> (Network, Network, f64) {
        let mut slopes = vec![self.velocity.clone()];
        let mut end = self.network.clone();
        for row in A {
            end = self.network.clone();
            for (factor, slope) in row.iter().zip(&slopes) {
                end.add(step * factor, slope);
            }
            slopes.push(end.velocity(self.gradient));
        }
        let mut error = slopes[0].clone();
        error.add(E[0] - 1.0, &slopes[0]);
        E.iter().zip(&slopes).skip(1).for_each(|(factor, slope)| error.add(*factor, slope));
        let error = step * error.largest() / (TOLERANCE * end.largest());
        (end, slopes.swap_remove(6), error)
    }

    /// Goes to a time. Where what `past` gives grows through 0 on the way: the time, and the network then.
    pub fn go(&mut self, to: f64, past: Option<&dyn Fn(&Network) -> f64>) -> Option<(f64, Network)> {
        let mut crossed = None;
        while self.t < to && self.network.is_finite() {
            let step = self.step.min(to - self.t);
            let (end, velocity, error) = self.trial(step);
            let factor = (0.9 * error.powf(-0.2)).clamp(0.2, 5.0);
            if error > 1.0 {
                self.step = step * factor;
                continue;
            }
            if let Some(past) = past.filter(|past| crossed.is_none() && past(&end) >= 0.0) {
                crossed = Some(self.crossing(step, past));
            }
            // A step that was cut to end at `to` says nothing about the next, unless it is to be shorter.
            self.step = if step < self.step { self.step.min(step * factor).max(step) } else { step * factor };
            self.t = if step == to - self.t { to } else { self.t + step };
            (self.network, self.velocity) = (end, velocity);
        }
        crossed
    }

    /// Where in a step `past` becomes 0, by halving it.
    fn crossing(&self, step: f64, past: &dyn Fn(&Network) -> f64) -> (f64, Network) {
        let (mut from, mut to) = (0.0, step);
        let (mut below, mut above) = (past(&self.network), f64::NAN);
        let mut network = self.network.clone();
        for round in 0..40 {
            // Between the ends, by the chord where both are known.
            let chord = from + (to - from) * below / (below - above);
            let middle = if round % 3 == 2 || !chord.is_finite() { 0.5 * (from + to) } else { chord };
            network = self.trial(middle).0;
            let value = past(&network);
            if value >= 0.0 {
                (to, above) = (middle, value);
            } else {
                (from, below) = (middle, value);
            }
            if value.abs() <= 1e-12 || to - from <= 1e-13 * step {
                return (self.t + middle, network);
            }
        }
        (self.t + to, network)
    }
}
