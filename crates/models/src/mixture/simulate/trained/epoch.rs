//! One epoch on the full batch: the gradient with fresh or with fixed noise.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::adam::Step;
use super::batch::Batch;
use super::network::{Network, NoiseVectors, Weights, dot_products};
use super::noise::{Drawn, Frame, rest};
use crate::mixture::{Coefficients, Noise, Setting};
use overlaps::numeric::tanh_and_sech2;

/// Sums over all samples of fresh noise.
#[derive(Debug, Clone, Copy, Default)]
struct SampleSums {
    phi2: f64,
    phi_delta: f64,
    delta2: f64,
    /// Σ φ ξ_l and Σ δ ξ_l for the columns ξ of the noise.
    phi_xi: [f64; 2],
    delta_xi: [f64; 2],
    /// Σ ξ².
    squares: f64,
    /// Σ φ u·x_t.
    phi_along: f64,
}

impl SampleSums {
    /// Over the noise samples of all data, with Σ φ and Σ δ of each datum; `data` has u·x₁ and w·x₁, `c` and `uu` are the
    /// skip connection and |u|².
    fn of(
        at: Coefficients,
        c: f64,
        uu: f64,
        data: &[(f64, f64)],
        draws: usize,
        drawn: &Drawn,
    ) -> (SampleSums, Vec<[f64; 2]>) {
        let Coefficients { alpha, beta, .. } = at;
        let mut sums = SampleSums::default();
        let mut datum = vec![[0.0f64; 2]; data.len()];
        for (i, (data, weights)) in data.iter().zip(&mut datum).enumerate() {
            for j in i * draws..(i + 1) * draws {
                let (xi, noise) = (drawn.xi[j], drawn.along_u[j]);
                let (phi, slope) = (drawn.phi[j], drawn.slope[j]);
                // u·x_t and δ = φ′ u·(c x_t + uφ − x₁).
                let along = alpha * noise + beta * data.0;
                let delta = slope * (c * along + uu * phi - data.0);
                weights[0] += phi;
                weights[1] += delta;
                for (l, xi) in xi.iter().enumerate() {
                    sums.phi_xi[l] += phi * xi;
                    sums.delta_xi[l] += delta * xi;
                    sums.squares += xi * xi;
                }
                sums.phi2 += phi * phi;
                sums.phi_delta += phi * delta;
                sums.delta2 += delta * delta;
                sums.phi_along += phi * along;
            }
        }
        (sums, datum)
    }
}

/// The frames of the noise: its columns along span(w, u), its rows along span(φ, δ), and the products of the two normal
/// vectors g of the rows with u, w and themselves.
struct Frames {
    columns: Frame,
    rows: Frame,
    products: [[f64; 3]; 2],
}

impl Frames {
    /// g·e of the frame of the columns.
    fn g_along(&self, m: usize, l: usize) -> f64 {
        let (terms, products) = (self.columns.in_terms[l], self.products[m]);
        terms[0] * products[1] + terms[1] * products[0]
    }

    /// P = Σφx₀ and Q = Σδx₀ = Σ_l (weights·ξ_l − …) e_l + Σ_m components g_m.
    fn combination(&self, which: usize, with_xi: [f64; 2]) -> [f64; 4] {
        let Frames { columns, rows, .. } = self;
        let mut total = [0.0; 4];
        for m in 0..rows.size {
            total[2 + m] = rows.components[m][which];
        }
        for (l, with_xi) in with_xi.iter().enumerate().take(columns.size) {
            let removed = (0..rows.size).map(|m| rows.components[m][which] * self.g_along(m, l)).sum::<f64>();
            total[0] += (with_xi - removed) * columns.in_terms[l][1];
            total[1] += (with_xi - removed) * columns.in_terms[l][0];
        }
        total
    }
}

impl Network {
    /// One epoch: draws the noise (unless it is fixed), takes one step of Adam on the full batch.
    ///
    /// Fresh noise comes as `draws` samples per datum, over which the loss is averaged.
    pub fn epoch(
        &mut self,
        setting: &Setting,
        batch: &Batch,
        at: Coefficients,
        step: &Step,
        draws: usize,
        rng: &mut impl Rng,
    ) {
        let (by_b, by_c) = match batch.noise {
            Noise::Fresh => self.fresh(setting, batch, at, step, draws, rng),
            Noise::Fixed(k) => self.fixed(setting, batch, at, step, k),
        };
        self.b.update(step, by_b);
        self.c.update(step, by_c);
        self.epoch += 1;
    }

    /// φ and δ = φ′ u·(c x_t + uφ − x₁) for noise with products (u·x₀, w·x₀).
    fn activation(&self, at: Coefficients, root_d: f64, data: (f64, f64), noise: (f64, f64)) -> (f64, f64) {
        let Coefficients { alpha, beta, .. } = at;
        let (phi, slope) = tanh_and_sech2((alpha * noise.1 + beta * data.1) / root_d + self.b.value);
        let along_u = self.c.value * (alpha * noise.0 + beta * data.0) + self.norms()[0] * phi - data.0;
        (phi, slope * along_u)
    }

    fn fresh(
        &mut self,
        setting: &Setting,
        batch: &Batch,
        at: Coefficients,
        step: &Step,
        draws: usize,
        rng: &mut impl Rng,
    ) -> (f64, f64) {
        let Coefficients { alpha, beta, .. } = at;
        let (n, root_d, c, inverse) = (setting.n, setting.root_d(), self.c.value, 1.0 / draws as f64);
        let [uu, uw, ww] = self.norms();
        // The columns of the noise along span(w, u), and what they make of every noise sample.
        let columns = Frame::new(ww, uw, uu);
        let data: Vec<(f64, f64)> = (0..n).map(|i| self.dots(i)).collect();
        let drawn = Drawn::new(&columns, &data, draws, rng, |data, noise| {
            (alpha * noise.1 + beta * data.1) / root_d + self.b.value
        });
        let (sums, datum) = SampleSums::of(at, c, uu, &data, draws, &drawn);

        // The rows along span(φ, δ): two normal vectors g, made orthogonal to w and u by their products with them.
        let rows = Frame::new(sums.phi2, sums.phi_delta, sums.delta2);
        let vectors = self.noise_vectors(batch.d, rows.size, rng);
        let products = [&vectors[0], &vectors[1]].map(|g| dot_products(g, &self.u, &self.w));
        let frames = Frames { columns, rows, products };
        let g_along = |m: usize, l: usize| frames.g_along(m, l);
        let (p, q) = (frames.combination(0, sums.phi_xi), frames.combination(1, sums.delta_xi));
        let mut by_u = p.map(|x| inverse * c * alpha * x);
        by_u[0] += inverse * sums.phi2 + setting.lambda;
        let mut by_w = q.map(|x| inverse * alpha / root_d * x);
        by_w[1] += setting.ell;
        let weights = Weights {
            rows: datum.iter().map(|weights| weights.map(|x| x as f32)).collect(),
            by_u: by_u.map(|x| x as f32),
            by_w: by_w.map(|x| x as f32),
            factors: [(inverse * (c * beta - 1.0)) as f32, (inverse * beta / root_d) as f32],
        };
        let blocks = self.pass(batch, &weights, &vectors, step);

        // Σ|x₀|² and Σ x₀·x₁ for the gradient in c, from the same noise.
        let e_data =
            |i: usize, l: usize| columns.in_terms[l][0] * data[i].1 + columns.in_terms[l][1] * data[i].0;
        let over = |f: &dyn Fn(usize) -> f64| (0..n).map(f).sum::<f64>();
        let e_sum = |which: usize, l: usize| over(&|i| datum[i][which] * e_data(i, l));
        let mut squares = sums.squares;
        let mut cross = 0.0;
        let data_squares = draws as f64 * batch.squares.iter().sum::<f64>();
        // |X₁|² beyond both frames.
        let mut data_left = data_squares;
        for l in 0..columns.size {
            let xi = |i: usize| drawn.xi[i * draws..(i + 1) * draws].iter().map(|xi| xi[l]).sum::<f64>();
            cross += over(&|i| e_data(i, l) * xi(i));
            data_left -= draws as f64 * over(&|i| e_data(i, l) * e_data(i, l));
        }
        for (m, product) in products.iter().enumerate().take(rows.size) {
            let [a, b] = rows.in_terms[m];
            squares += product[2] - (0..columns.size).map(|l| g_along(m, l) * g_along(m, l)).sum::<f64>();
            let along_g = |which: usize| {
                blocks.noise[m][which]
                    - (0..columns.size).map(|l| g_along(m, l) * e_sum(which, l)).sum::<f64>()
            };
            cross += a * along_g(0) + b * along_g(1);
            data_left -= a * a * blocks.sums[0] + 2.0 * a * b * blocks.sums[1] + b * b * blocks.sums[2];
            for l in 0..columns.size {
                data_left += (a * e_sum(0, l) + b * e_sum(1, l)).powi(2);
            }
        }
        let size = (n * draws - rows.size) as f64 * (batch.d - columns.size) as f64;
        let (rest_squares, rest_cross) = rest(size, data_left.max(0.0).sqrt(), rng);
        squares += rest_squares;
        cross += rest_cross;

        let spread = alpha * alpha * squares + 2.0 * alpha * beta * cross + beta * beta * data_squares;
        let target = alpha * cross + beta * data_squares;
        let by_b: f64 = datum.iter().map(|weights| weights[1]).sum();
        (inverse * by_b, inverse * (c * spread + sums.phi_along - target))
    }

    fn fixed(
        &mut self,
        setting: &Setting,
        batch: &Batch,
        at: Coefficients,
        step: &Step,
        k: usize,
    ) -> (f64, f64) {
        let Coefficients { alpha, beta, .. } = at;
        let (n, root_d, c, inverse) = (setting.n, setting.root_d(), self.c.value, 1.0 / k as f64);
        let mut rows = vec![[0.0f64; 2]; n * (1 + k)];
        let (mut phi2, mut by_b, mut by_c) = (0.0, 0.0, 0.0);
        for j in 0..n * k {
            let (i, x) = (j / k, n + j);
            let (data, noise) = (self.dots(i), self.dots(x));
            let (phi, delta) = self.activation(at, root_d, data, noise);
            let (phi, delta) = (inverse * phi, inverse * delta);
            rows[i][0] += (c * beta - 1.0) * phi;
            rows[i][1] += beta / root_d * delta;
            rows[x] = [c * alpha * phi, alpha / root_d * delta];
            phi2 += phi * phi / inverse;
            by_b += delta;
            let [square, cross] = batch.fixed[j];
            let spread = alpha * alpha * square + 2.0 * alpha * beta * cross + beta * beta * batch.squares[i];
            let target = alpha * cross + beta * batch.squares[i];
            by_c += phi * (alpha * noise.0 + beta * data.0) + inverse * (c * spread - target);
        }
        let weights = Weights {
            rows: rows.iter().map(|row| row.map(|x| x as f32)).collect(),
            by_u: [(phi2 + setting.lambda) as f32, 0.0, 0.0, 0.0],
            by_w: [0.0, setting.ell as f32, 0.0, 0.0],
            factors: [1.0, 1.0],
        };
        self.pass(batch, &weights, &[Vec::new(), Vec::new()], step);
        (by_b, by_c)
    }

    /// `count` vectors of d normals, padded with zeros; a vector that is not needed is empty.
    fn noise_vectors(&self, d: usize, count: usize, rng: &mut impl Rng) -> NoiseVectors {
        [0, 1].map(|which| {
            if which >= count {
                return Vec::new();
            }
            let mut vector = vec![0.0f32; self.u.len()];
            for x in &mut vector[..d] {
                *x = StandardNormal.sample(rng);
            }
            vector
        })
    }
}
