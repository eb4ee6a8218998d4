//! Random systems of equations built backwards from their roots.
//!
//! Each unknown of a separated system has an equation g(u) = 0 that is a product of factors with known roots (or none:
//! poles, jumps, positive functions). The unknowns that the file has are mixed: v = W x, u₁ = v₁, uᵢ = vᵢ + k f(vᵢ₋₁),
//! which is inverted exactly; and the equations are mixed by a triangular matrix and multiplied by a scale. Roots
//! move with the control t, meet, cross and are born.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A factor of an equation, at u and control t.
#[derive(Debug, Clone)]
pub enum Factor {
    /// One simple root a + b t of a function (`u - r` through it: line, exp, tanh, atan, sinh, cubic).
    Simple { shape: usize, a: f64, b: f64 },
    /// (u − a − b t)².
    Double { a: f64, b: f64 },
    /// (u − a)² − b (t − c): roots are born at t = c.
    Fold { a: f64, b: f64, c: f64 },
    /// (u − a)² + e: nearly a root.
    Near { a: f64, e: f64 },
    /// Positive: a Gaussian, cosh, an exponential.
    Positive { shape: usize, a: f64 },
    /// 1/(u − a)^order.
    Pole { a: f64, order: i32 },
    /// b + sign(u − a): a jump, over zero for b = 0.
    Jump { a: f64, b: f64 },
}

const SHAPES: usize = 6;

impl Factor {
    fn value(&self, u: f64, t: f64) -> f64 {
        match *self {
            Factor::Simple { shape, a, b } => {
                let d = u - (a + b * t);
                match shape {
                    0 => d,
                    1 => d.exp() - 1.0,
                    2 => d.tanh(),
                    3 => d.atan(),
                    4 => d.sinh(),
                    _ => d + d * d * d,
                }
            }
            Factor::Double { a, b } => (u - (a + b * t)).powi(2),
            Factor::Fold { a, b, c } => (u - a).powi(2) - b * (t - c),
            Factor::Near { a, e } => (u - a).powi(2) + e,
            Factor::Positive { shape, a } => match shape {
                0 => (-(u - a).powi(2)).exp(),
                1 => (u - a).cosh(),
                2 => (a * u / 3.0).exp(),
                _ => 1.0 + (u - a).powi(2),
            },
            Factor::Pole { a, order } => (u - a).powi(-order),
            Factor::Jump { a, b } => b + (u - a).signum(),
        }
    }

    fn text(&self, u: &str) -> String {
        let n = |x: &f64| format!("({x:?})");
        match self {
            Factor::Simple { shape, a, b } => {
                let d = format!("({u} - ({} + {}*t))", n(a), n(b));
                match shape {
                    0 => d,
                    1 => format!("(exp{d} - 1)"),
                    2 => format!("tanh{d}"),
                    3 => format!("atan{d}"),
                    4 => format!("sinh{d}"),
                    _ => format!("({d} + {d}^3)"),
                }
            }
            Factor::Double { a, b } => format!("({u} - ({} + {}*t))^2", n(a), n(b)),
            Factor::Fold { a, b, c } => format!("(({u} - {})^2 - {}*(t - {}))", n(a), n(b), n(c)),
            Factor::Near { a, e } => format!("(({u} - {})^2 + {})", n(a), n(e)),
            Factor::Positive { shape, a } => match shape {
                0 => format!("exp(-({u} - {})^2)", n(a)),
                1 => format!("cosh({u} - {})", n(a)),
                2 => format!("exp({}*{u}/3)", n(a)),
                _ => format!("(1 + ({u} - {})^2)", n(a)),
            },
            Factor::Pole { a, order } => format!("1/({u} - {})^{order}", n(a)),
            Factor::Jump { a, b } => format!("({} + sign({u} - {}))", n(b), n(a)),
        }
    }

    fn roots(&self, t: f64) -> Vec<f64> {
        match *self {
            Factor::Simple { a, b, .. } => vec![a + b * t],
            Factor::Double { a, b } => vec![a + b * t; 2],
            Factor::Fold { a, b, c } if b * (t - c) >= 0.0 => {
                let root = (b * (t - c)).sqrt();
                vec![a - root, a + root]
            }
            _ => Vec::new(),
        }
    }

    /// Where the factor is singular.
    fn singular(&self) -> Option<f64> {
        match *self {
            Factor::Pole { a, .. } | Factor::Jump { a, .. } => Some(a),
            _ => None,
        }
    }
}

/// A root of a separated equation: place, and how far a computed one may be from it.
#[derive(Debug, Clone, Copy)]
pub struct Root {
    pub u: f64,
    pub tolerance: f64,
    /// Whether it is certain: simple, and not close to another.
    pub certain: bool,
}

/// A separated equation.
#[derive(Debug, Clone)]
pub struct Equation {
    factors: Vec<Factor>,
}

impl Equation {
    fn random(rng: &mut ChaCha8Rng, most: usize, least: f64) -> Equation {
        let coarse = |rng: &mut ChaCha8Rng| f64::from(rng.random_range(-20..=20)) / 10.0;
        let fine = |rng: &mut ChaCha8Rng| rng.random_range(-2.0..2.0);
        let mut factors = Vec::new();
        for _ in 0..rng.random_range(1..=most) {
            // Coarse numbers make roots meet on rows.
            let a = if rng.random_range(0..3) == 0 { coarse(rng) } else { fine(rng) };
            let b = if rng.random_range(0..2) == 0 { 0.0 } else { coarse(rng) / 2.0 };
            factors.push(match rng.random_range(0..20) {
                0 => Factor::Double { a, b },
                1 | 2 => Factor::Fold { a, b: if b == 0.0 { 1.0 } else { b }, c: coarse(rng) / 4.0 },
                3 => Factor::Near { a, e: 10f64.powf(rng.random_range(least..-2.0)) },
                _ => Factor::Simple { shape: rng.random_range(0..SHAPES), a, b },
            });
        }
        for _ in 0..rng.random_range(0..=1) {
            let a = fine(rng);
            factors.push(match rng.random_range(0..8) {
                0 | 1 => Factor::Pole { a, order: rng.random_range(1..=3) },
                2 => Factor::Jump { a, b: 0.0 },
                3 => Factor::Jump { a, b: if rng.random_range(0..2) == 0 { 1.5 } else { -0.5 } },
                _ => Factor::Positive { shape: rng.random_range(0..4), a },
            });
        }
        Equation { factors }
    }

    fn value(&self, u: f64, t: f64) -> f64 {
        self.factors.iter().map(|f| f.value(u, t)).product()
    }

    /// The size of what the equation is made of.
    fn size(&self, u: f64, t: f64) -> f64 {
        let size = |f: &Factor| match f {
            Factor::Simple { .. } => (1.0 + u.abs()).max(f.value(u, t).abs()),
            Factor::Double { .. } | Factor::Fold { .. } => (1.0 + u * u).max(f.value(u, t).abs()),
            _ => f.value(u, t).abs(),
        };
        self.factors.iter().map(size).product()
    }

    /// Its roots at t; none of them where the equation is singular.
    pub fn roots(&self, t: f64) -> Vec<Root> {
        let mut all: Vec<f64> = self.factors.iter().flat_map(|f| f.roots(t)).collect();
        all.sort_by(f64::total_cmp);
        let singular: Vec<f64> = self.factors.iter().filter_map(Factor::singular).collect();
        let root = |i: usize| {
            let u = all[i];
            let allowed = 1e-13 * self.size(u, t);
            let mut h = 1e-14 * (1.0 + u.abs());
            while h < 1e-2 && self.value(u - h, t).abs().min(self.value(u + h, t).abs()) < allowed {
                h *= 2.0;
            }
            let others = all.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, v)| (v - u).abs());
            let gap = others.fold(f64::INFINITY, f64::min);
            let clear = singular.iter().map(|s| (s - u).abs()).fold(f64::INFINITY, f64::min);
            let near = |f: &Factor| matches!(f, Factor::Near { a, .. } if (a - u).abs() < 1e-3);
            let alone = !self.factors.iter().any(near);
            // Round-off of a tenth of its distance lets two roots be one.
            Root { u, tolerance: 10.0 * h, certain: gap > 1e-4 && clear > 1e-6 && alone && h < 1e-9 }
        };
        (0..all.len()).map(root).collect()
    }
}

/// A system in up to four unknowns, with its text.
#[derive(Debug, Clone)]
pub struct System {
    pub equations: Vec<Equation>,
    /// v = W x, and its inverse.
    w: Vec<Vec<f64>>,
    inverse: Vec<Vec<f64>>,
    /// uᵢ = vᵢ + k sin(vᵢ₋₁).
    bends: Vec<f64>,
    /// Units of the unknowns.
    units: Vec<f64>,
    pub ranges: Vec<Option<[f64; 2]>>,
    pub selected: bool,
    pub text: String,
}

/// A solution that is known.
#[derive(Debug, Clone)]
pub struct Known {
    pub x: Vec<f64>,
    /// How far a computed one may be from it, in units of each unknown.
    pub tolerance: f64,
    pub certain: bool,
}

impl System {
    /// A system in `n` unknowns.
    pub fn random(rng: &mut ChaCha8Rng, n: usize) -> System {
        // A fixed point x − f(x), or a sum with other equations, is only known to the round-off of its terms.
        let fixed = rng.random_range(0..4) == 0;
        let least = if n > 1 || fixed { -11.0 } else { -14.0 };
        let equation = |_| Equation::random(rng, if n == 1 { 4 } else { 2 }, least);
        let equations: Vec<Equation> = (0..n).map(equation).collect();
        let mixed = n > 1 && rng.random_range(0..4) > 0;
        // W = L U with unit diagonals: well conditioned, and the inverse by substitution.
        let mut lower = identity(n);
        let mut upper = identity(n);
        let mut bends = vec![0.0; n];
        if mixed {
            for i in 0..n {
                for j in 0..i {
                    lower[i][j] = f64::from(rng.random_range(-4..=4)) / 8.0;
                    upper[j][i] = f64::from(rng.random_range(-4..=4)) / 8.0;
                }
                if i > 0 && rng.random_range(0..2) == 0 {
                    bends[i] = f64::from(rng.random_range(-4..=4)) / 4.0;
                }
            }
        }
        let w = product(&lower, &upper);
        let inverse = product(&unit_inverse(&upper, true), &unit_inverse(&lower, false));
        let unit = |rng: &mut ChaCha8Rng| match rng.random_range(0..6) {
            0 => 10f64.powi(rng.random_range(-8..=8)),
            _ => 1.0,
        };
        let units: Vec<f64> = (0..n).map(|_| unit(rng)).collect();
        let mut system = System {
            equations,
            w,
            inverse,
            bends,
            units,
            ranges: vec![None; n],
            selected: rng.random_range(0..3) == 0,
            text: String::new(),
        };
        system.choose_ranges(rng);
        system.text = system.write(rng, fixed);
        system
    }

    /// Ranges around the roots at t = 0, some of them cut so that roots lie outside.
    fn choose_ranges(&mut self, rng: &mut ChaCha8Rng) {
        let n = self.units.len();
        let known: Vec<Vec<f64>> = self.all(0.0).into_iter().map(|k| k.x).collect();
        let without = rng.random_range(0..10) == 0;
        for i in 0..n {
            let unit = self.units[i];
            let places = known.iter().map(|x| x[i] / unit);
            let low = places.clone().fold(0.0, f64::min) - rng.random_range(0.3..3.0);
            let high = places.fold(0.0, f64::max) + rng.random_range(0.3..3.0);
            let cut = |rng: &mut ChaCha8Rng, end: f64| {
                if rng.random_range(0..4) == 0 { rng.random_range(low + 0.2..high - 0.2) } else { end }
            };
            let (a, b) = (cut(rng, low), cut(rng, high));
            if !without && (b - a).abs() > 0.05 {
                self.ranges[i] = Some([a.min(b) * unit, a.max(b) * unit]);
            }
        }
    }

    fn write(&self, rng: &mut ChaCha8Rng, fixed: bool) -> String {
        let n = self.units.len();
        let mut text = String::from(
            "title = \"backwards\"\ncontrol = { name = \"t\", from = -10, to = 10, points = 3, meaning = \"t\" }\n[unknowns]\n",
        );
        for (i, range) in self.ranges.iter().enumerate() {
            text += &match range {
                Some([a, b]) => format!("x{i} = {{ meaning = \"x\", range = [{a:?}, {b:?}] }}\n"),
                None => format!("x{i} = \"x\"\n"),
            };
        }
        text += "[definitions]\n";
        for i in 0..n {
            let terms: Vec<String> = (0..n)
                .filter(|j| self.w[i][*j] != 0.0)
                .map(|j| format!("({:?})*x{j}/{:?}", self.w[i][j], self.units[j]))
                .collect();
            text += &format!("v{i} = \"{}\"\n", terms.join(" + "));
            text += &match self.bends[i] {
                0.0 => format!("u{i} = \"v{i}\"\n"),
                bend => format!("u{i} = \"v{i} + ({bend:?})*sin(v{})\"\n", i - 1),
            };
        }
        for (i, equation) in self.equations.iter().enumerate() {
            let factors: Vec<String> = equation.factors.iter().map(|f| f.text(&format!("u{i}"))).collect();
            text += &format!("g{i} = \"{}\"\n", factors.join("*"));
        }
        text += if fixed { "[fixed_point]\n" } else { "[residual]\n" };
        let scales = rng.random_range(0..4) == 0;
        for i in 0..n {
            let scale = if scales && !fixed { 10f64.powi(rng.random_range(-150..=150)) } else { 1.0 };
            let others = (0..i).map(|j| f64::from(rng.random_range(-2..=2)) / 2.0 * f64::from(j as u32 + 1));
            let others: Vec<String> = others
                .enumerate()
                .filter(|(_, b)| *b != 0.0)
                .map(|(j, b)| format!(" + ({b:?})*g{j}"))
                .collect();
            let sum = format!("g{i}{}", others.concat());
            text += &if fixed {
                format!("x{i} = \"x{i} - {:?}*({sum})\"\n", self.units[i])
            } else {
                format!("r{i} = \"{scale:?}*({sum})\"\n")
            };
        }
        if self.selected {
            text += "[selection]\nminimise = \"v0\"\n";
        }
        if rng.random_range(0..2) == 0 || self.ranges.iter().any(Option::is_none) {
            let start = |i: usize, at: f64| match self.ranges[i] {
                Some([a, b]) => a + (0.5 + at / 8.0) * (b - a),
                None => at * self.units[i],
            };
            let at: Vec<f64> = (0..n).map(|_| rng.random_range(-3.0..3.0)).collect();
            let entries: Vec<String> = (0..n).map(|i| format!("x{i} = {:?}", start(i, at[i]))).collect();
            text += &format!("[[branch]]\nname = \"given\"\nstart = [{{ {} }}]\n", entries.join(", "));
        }
        text
    }

    /// What is selected by.
    pub fn selection(&self, x: &[f64]) -> f64 {
        (0..x.len()).map(|j| self.w[0][j] * x[j] / self.units[j]).sum()
    }

    /// All solutions at t, in the ranges or not.
    pub fn all(&self, t: f64) -> Vec<Known> {
        let mut combinations: Vec<Vec<Root>> = vec![Vec::new()];
        for equation in &self.equations {
            let roots = equation.roots(t);
            let with =
                |c: &Vec<Root>| roots.iter().map(|r| [c.as_slice(), &[*r]].concat()).collect::<Vec<_>>();
            combinations = combinations.iter().flat_map(with).collect();
        }
        combinations.iter().map(|roots| self.known(roots)).collect()
    }

    fn known(&self, roots: &[Root]) -> Known {
        let n = roots.len();
        let mut v = vec![0.0; n];
        for i in 0..n {
            let bent = if i > 0 { self.bends[i] * f64::sin(v[i - 1]) } else { 0.0 };
            v[i] = roots[i].u - bent;
        }
        let x =
            (0..n).map(|i| self.units[i] * (0..n).map(|j| self.inverse[i][j] * v[j]).sum::<f64>()).collect();
        let widest = roots.iter().map(|r| r.tolerance).fold(0.0, f64::max);
        // The mixing of unknowns and equations carries the error of one to the others.
        let mixing = if n > 1 { 100.0 } else { 1.0 };
        Known { x, tolerance: mixing * widest, certain: roots.iter().all(|r| r.certain) }
    }

    /// How far two points are, in units of the unknowns.
    pub fn distance(&self, a: &[f64], b: &[f64]) -> f64 {
        let each = a.iter().zip(b).zip(&self.units).map(|((a, b), unit)| (a - b).abs() / unit);
        each.fold(0.0, |worst: f64, d| if d.is_nan() { f64::INFINITY } else { worst.max(d) })
    }

    /// Whether a point lies in the ranges: negative outside, else the distance to the nearest end in units.
    pub fn inside(&self, x: &[f64]) -> f64 {
        let each = x
            .iter()
            .zip(&self.ranges)
            .zip(&self.units)
            .filter_map(|((x, range), unit)| range.map(|[a, b]| (x - a).min(b - x) / unit));
        each.fold(f64::INFINITY, f64::min)
    }
}

fn identity(n: usize) -> Vec<Vec<f64>> {
    (0..n).map(|i| (0..n).map(|j| if i == j { 1.0 } else { 0.0 }).collect()).collect()
}

fn product(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = a.len();
    (0..n).map(|i| (0..n).map(|j| (0..n).map(|k| a[i][k] * b[k][j]).sum()).collect()).collect()
}

/// The inverse of a triangular matrix with ones on the diagonal.
#[allow(clippy::needless_range_loop)] // rows and columns of two matrices go together
fn unit_inverse(m: &[Vec<f64>], upper: bool) -> Vec<Vec<f64>> {
    let n = m.len();
    let mut inverse = identity(n);
    for column in 0..n {
        for step in 0..n {
            let i = if upper { n - 1 - step } else { step };
            let others: f64 = (0..n).filter(|k| *k != i).map(|k| m[i][k] * inverse[k][column]).sum();
            inverse[i][column] = if i == column { 1.0 } else { 0.0 } - others;
        }
    }
    inverse
}
