//! What is measured on samples X at one time, and what theory predicts of it.

use super::basis::Basis;
use super::flow::Samples;

/// Names and meanings of what is measured, in the order of [`Law::values`]. S = ±1 is the sign of μ·X.
pub const LAW: [(&str, &str); 15] = [
    ("fraction_plus", "fraction of samples with μ·X > 0"),
    ("nu_plus", "mean of ν = μ·X/√d over the samples with μ·X > 0"),
    ("nu_minus", "the same over those with μ·X < 0"),
    ("sd_nu_plus", "standard deviation of ν over the samples with μ·X > 0"),
    ("sd_nu_minus", "the same over those with μ·X < 0"),
    ("M_plus", "mean of M = μ·X/d over the samples with μ·X > 0"),
    ("M_minus", "the same over those with μ·X < 0"),
    ("sd_M_plus", "standard deviation of M over the samples with μ·X > 0"),
    ("sd_M_minus", "the same over those with μ·X < 0"),
    ("variance", "|X|²/d orthogonal to μ and the data, per dimension of that space"),
    ("z_plus", "mean of S z·X/d over samples and over the z of the training samples of mode +"),
    ("z_minus", "the same over those of mode −"),
    ("eta", "mean of S η·X/√d over samples, η the unit vector along Σ sⁱzⁱ"),
    ("xi", "mean of S ξ·X/√d over samples, ξ the unit vector along Σ sⁱx₀ⁱ of the fixed noise"),
    ("spin", "Curie–Weiss: mean of |X_i| over coordinates and samples"),
];

/// What is measured on samples at one time; NaN where it is not defined (no samples in a mode, no fixed noise).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Law {
    /// Fraction of samples with μ·X > 0.
    pub fraction_plus: f64,
    /// Mean of ν = μ·X/√d in the modes + and −.
    pub nu: [f64; 2],
    /// Its standard deviation.
    pub sd_nu: [f64; 2],
    /// Mean of M = μ·X/d in the modes.
    pub m: [f64; 2],
    /// Its standard deviation.
    pub sd_m: [f64; 2],
    /// Orthogonal variance.
    pub variance: f64,
    /// S z·X/d, class means.
    pub z: [f64; 2],
    /// S η·X/√d.
    pub eta: f64,
    /// S ξ·X/√d.
    pub xi: f64,
    /// Mean of |X_i|; where the data are spins.
    pub spin: f64,
}

impl Law {
    /// Of which nothing is known.
    pub const UNKNOWN: Law = Law {
        fraction_plus: f64::NAN,
        nu: [f64::NAN; 2],
        sd_nu: [f64::NAN; 2],
        m: [f64::NAN; 2],
        sd_m: [f64::NAN; 2],
        variance: f64::NAN,
        z: [f64::NAN; 2],
        eta: f64::NAN,
        xi: f64::NAN,
        spin: f64::NAN,
    };

    /// The values in the order of [`LAW`].
    pub fn values(&self) -> [f64; 15] {
        let Law { nu, sd_nu, m, sd_m, z, .. } = self;
        [
            self.fraction_plus,
            nu[0],
            nu[1],
            sd_nu[0],
            sd_nu[1],
            m[0],
            m[1],
            sd_m[0],
            sd_m[1],
            self.variance,
            z[0],
            z[1],
            self.eta,
            self.xi,
            self.spin,
        ]
    }

    /// Twice these values less others.
    pub fn extrapolated(&self, other: &Law) -> Law {
        let pair = |a: [f64; 2], b: [f64; 2]| [2.0 * a[0] - b[0], 2.0 * a[1] - b[1]];
        Law {
            fraction_plus: 2.0 * self.fraction_plus - other.fraction_plus,
            nu: pair(self.nu, other.nu),
            sd_nu: pair(self.sd_nu, other.sd_nu),
            m: pair(self.m, other.m),
            sd_m: pair(self.sd_m, other.sd_m),
            variance: 2.0 * self.variance - other.variance,
            z: pair(self.z, other.z),
            eta: 2.0 * self.eta - other.eta,
            xi: 2.0 * self.xi - other.xi,
            spin: 2.0 * self.spin - other.spin,
        }
    }

    /// From the fraction, mean and standard deviation of ν in both modes, and the components along S; √d is that of
    /// the samples.
    pub fn new(fraction_plus: f64, nu: [[f64; 2]; 2], root_d: f64, variance: f64, along: [f64; 4]) -> Law {
        let [[mean_plus, sd_plus], [mean_minus, sd_minus]] = nu;
        let (mean, sd) = ([mean_plus, mean_minus], [sd_plus, sd_minus]);
        Law {
            fraction_plus,
            nu: mean,
            sd_nu: sd,
            m: mean.map(|x| x / root_d),
            sd_m: sd.map(|x| x / root_d),
            variance,
            z: [along[0], along[1]],
            eta: along[2],
            xi: along[3],
            spin: f64::NAN,
        }
    }
}

/// Mean and standard deviation of the values of one sign; NaN where there are too few.
pub fn mode(nu: &[f64], sign: f64) -> [f64; 2] {
    let values: Vec<f64> = nu.iter().copied().filter(|x| x * sign > 0.0).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
    [mean, if values.len() > 1 { (squares / (values.len() - 1) as f64).sqrt() } else { f64::NAN }]
}

/// The directions along which samples are measured, in the basis of the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Directions {
    /// Class means of z/√d; none for a class without samples.
    pub z: [Option<Vec<f64>>; 2],
    /// The unit vector along Σ sⁱzⁱ.
    pub eta: Option<Vec<f64>>,
    /// The unit vector along Σ sⁱx₀ⁱ over the fixed noise.
    pub xi: Option<Vec<f64>>,
}

impl Directions {
    /// Of a data set in its basis: z of the samples, then the fixed noise, sample by sample.
    pub fn new(basis: &Basis, labels: &[f64]) -> Directions {
        let n = labels.len();
        let class = |sign: f64| {
            let count = labels.iter().filter(|s| **s == sign).count();
            let weight = |s: &f64| if *s == sign { 1.0 / count as f64 } else { 0.0 };
            (count > 0).then(|| basis.combination(0.0, labels.iter().map(weight)))
        };
        let unit = |x: Vec<f64>| {
            let length = x.iter().map(|x| x * x).sum::<f64>().sqrt();
            (length > 0.0).then(|| x.iter().map(|x| x / length).collect())
        };
        let noise = basis.z.len().saturating_sub(n);
        let of_noise = |k: usize| if k < n { 0.0 } else { labels[(k - n) / (noise / n)] };
        Directions {
            z: [class(1.0), class(-1.0)],
            eta: unit(basis.combination(0.0, labels.iter().copied())),
            xi: (noise > 0).then(|| unit(basis.combination(0.0, (0..basis.z.len()).map(of_noise)))).flatten(),
        }
    }

    /// No data.
    pub fn none() -> Directions {
        Directions { z: [None, None], eta: None, xi: None }
    }

    /// The law of samples in the same basis; `root_d` is √d.
    pub fn law(&self, samples: &Samples, root_d: f64) -> Law {
        let rows = || samples.x.chunks_exact(samples.size);
        let count = samples.count() as f64;
        let nu = samples.nu();
        let along = |direction: &Option<Vec<f64>>| {
            let Some(direction) = direction else { return f64::NAN };
            let one = |x: &[f64]| {
                let along: f64 = x.iter().zip(direction).map(|(x, e)| x * e).sum();
                if x[0] < 0.0 { -along } else { along }
            };
            rows().map(one).sum::<f64>() / (count * root_d)
        };
        let plus = nu.iter().filter(|x| **x > 0.0).count() as f64;
        let orthogonal = &samples.orthogonal;
        let spread = orthogonal.iter().sum::<f64>() / orthogonal.len() as f64;
        let along = [along(&self.z[0]), along(&self.z[1]), along(&self.eta), along(&self.xi)];
        let variance = samples.scale * samples.scale * spread;
        Law::new(plus / count, [mode(&nu, 1.0), mode(&nu, -1.0)], root_d, variance, along)
    }
}
