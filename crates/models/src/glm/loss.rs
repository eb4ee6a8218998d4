//! Convex losses of a prediction p of a label y: value, proximal point, and how far a dual variable is from the slope.

/// A loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Loss {
    /// (y − p)²/2.
    Square,
    /// log(1 + e^(−yp)).
    Logistic,
    /// max(0, 1 − yp).
    Hinge,
    /// (y − p)²/2, linear from |y − p| = a on.
    Huber(f64),
    /// |y − p|.
    Absolute,
}

/// 1/(1 + e^(−x)).
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// log(1 + eˣ).
fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

/// x log x, continued to 0.
fn entropy(x: f64) -> f64 {
    if x > 0.0 { x * libm::log(x) } else { 0.0 }
}

impl Loss {
    /// Its value.
    pub fn value(self, y: f64, p: f64) -> f64 {
        let r = (y - p).abs();
        match self {
            Loss::Square => r * r / 2.0,
            Loss::Logistic => softplus(-y * p),
            Loss::Hinge => (1.0 - y * p).max(0.0),
            Loss::Huber(a) if r > a => a * r - a * a / 2.0,
            Loss::Huber(_) => r * r / 2.0,
            Loss::Absolute => r,
        }
    }

    /// g = −(slope of the loss) at the p that minimises (p − ω)²/(2V) + loss, which is p = ω + V g; and −∂g/∂ω.
    pub fn proximal(self, y: f64, omega: f64, v: f64) -> (f64, f64) {
        let clipped = |g: f64, most: f64, slope: f64| match g.abs() < most {
            true => (g, slope),
            false => (most.copysign(g), 0.0),
        };
        match self {
            Loss::Square => ((y - omega) / (1.0 + v), 1.0 / (1.0 + v)),
            Loss::Huber(a) => clipped((y - omega) / (1.0 + v), a, 1.0 / (1.0 + v)),
            Loss::Absolute => clipped((y - omega) / v, 1.0, 1.0 / v),
            Loss::Hinge => {
                let g = (1.0 - y * omega) / v;
                if g <= 0.0 {
                    (0.0, 0.0)
                } else if g < 1.0 {
                    (y * g, 1.0 / v)
                } else {
                    (y, 0.0)
                }
            }
            Loss::Logistic => {
                let margin = y * omega;
                let (mut low, mut high) = (margin, margin + v);
                let mut p = margin + v * logistic(-margin) / (1.0 + v / 4.0);
                for _ in 0..60 {
                    let s = logistic(-p);
                    let excess = p - margin - v * s;
                    if excess > 0.0 {
                        high = p
                    } else {
                        low = p
                    }
                    let next = p - excess / (1.0 + v * s * (1.0 - s));
                    let next = if (low..=high).contains(&next) { next } else { (low + high) / 2.0 };
                    let done = (next - p).abs() <= 1e-15 * (1.0 + p.abs());
                    p = next;
                    if done {
                        break;
                    }
                }
                let s = logistic(-p);
                let bend = s * (1.0 - s);
                (y * s, bend / (1.0 + v * bend))
            }
        }
    }

    /// loss(p) + loss*(−g) + g p ≥ 0, which is 0 where −g is the slope at p (Fenchel and Young); g as `proximal` gives it.
    pub fn gap(self, y: f64, p: f64, g: f64) -> f64 {
        match self {
            Loss::Square => (p - y + g).powi(2) / 2.0,
            Loss::Huber(_) => self.value(y, p) + g * g / 2.0 + g * (p - y),
            Loss::Absolute => self.value(y, p) + g * (p - y),
            Loss::Hinge => self.value(y, p) - y * g * (1.0 - y * p),
            Loss::Logistic => {
                let s = y * g;
                self.value(y, p) + entropy(s) + entropy(1.0 - s) + g * p
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Loss; 5] = [Loss::Square, Loss::Logistic, Loss::Hinge, Loss::Huber(0.7), Loss::Absolute];

    #[test]
    fn the_proximal_point_is_the_minimum_and_closes_the_gap() {
        for (loss, y, omega, v) in ALL.iter().flat_map(|loss| {
            let points =
                [(1.0, 0.3, 0.5), (-1.0, 0.3, 2.0), (1.0, -4.0, 0.1), (-1.0, -5.0, 3.0), (1.0, 0.9, 0.4)];
            points.map(|(y, omega, v)| (*loss, y, omega, v))
        }) {
            let (g, slope) = loss.proximal(y, omega, v);
            let p = omega + v * g;
            let energy = |p: f64| (p - omega).powi(2) / (2.0 * v) + loss.value(y, p);
            for step in [1e-3, -1e-3] {
                assert!(energy(p) < energy(p + step), "{loss:?} at y = {y}, omega = {omega}, V = {v}");
            }
            let finite = (loss.proximal(y, omega - 1e-6, v).0 - loss.proximal(y, omega + 1e-6, v).0) / 2e-6;
            assert!((slope - finite).abs() < 1e-6, "{loss:?}: {slope} and {finite}");
            assert!(loss.gap(y, p, g).abs() < 1e-14);
            assert!(loss.gap(y, p + 0.01, g) >= 0.0 && loss.gap(y, p - 0.01, g) >= 0.0);
        }
    }

    #[test]
    fn the_gap_is_that_of_the_conjugate() {
        // loss*(u) = sup_p (u p − loss(p)), on a grid.
        for loss in ALL {
            for (y, g) in [(1.0, 0.4), (-1.0, -0.6), (1.0, 0.05)] {
                let conjugate = (-200_000..200_000)
                    .map(|i| f64::from(i) * 1e-3)
                    .map(|p| -g * p - loss.value(y, p))
                    .fold(f64::NEG_INFINITY, f64::max);
                for p in [-1.0, 0.2, 2.0] {
                    let expected = loss.value(y, p) + conjugate + g * p;
                    assert!(
                        (loss.gap(y, p, g) - expected).abs() < 1e-5,
                        "{loss:?}: y = {y}, g = {g}, p = {p}"
                    );
                }
            }
        }
    }
}
