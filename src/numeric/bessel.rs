//! The modified Bessel functions I₀ and I₁, their scaled forms, and log I₀ with its derivatives, all without cancellation.
//!
//! Up to |x| = 20 the power series (DLMF 10.25.2), whose terms are all positive; beyond, Hankel's expansion (DLMF 10.40.1),
//! which has all digits there.

use std::f64::consts::PI;

/// Where Hankel's expansion takes over: its smallest term is e^(−2x).
const FAR: f64 = 20.0;

/// The same for [`bessel_fall`]: what the expansion leaves out, e^(−2x), is to be compared with x^(−k).
fn far(k: u8) -> f64 {
    FAR + 3.0 * f64::from(k)
}

/// Iₙ(x).
pub fn bessel_i(n: u8, x: f64) -> f64 {
    let size = x.abs();
    let value = if size <= FAR {
        series(n, size)
    } else {
        // Half of the exponential at a time: Iₙ is finite a little beyond where e^x is.
        let half = libm::exp(0.5 * size);
        half * (hankel(n, size) / libm::sqrt(2.0 * PI * size)) * half
    };
    if size == f64::INFINITY {
        return if x < 0.0 && n % 2 == 1 { -size } else { size };
    }
    if x < 0.0 && n % 2 == 1 { -value } else { value }
}

/// e^(−|x|) Iₙ(x).
pub fn bessel_ie(n: u8, x: f64) -> f64 {
    let size = x.abs();
    let value = if size <= FAR {
        libm::exp(-size) * series(n, size)
    } else {
        hankel(n, size) / libm::sqrt(2.0 * PI * size)
    };
    if x < 0.0 && n % 2 == 1 { -value } else { value }
}

/// log I₀(x).
pub fn log_bessel_i0(x: f64) -> f64 {
    let size = x.abs();
    if size <= FAR {
        // I₀ − 1 = q (1 + q/4 (1 + …))
        let q = 0.25 * size * size;
        libm::log1p(q * tail_of_series(0, q, 2))
    } else if size == f64::INFINITY {
        size
    } else {
        size + (libm::log(hankel(0, size)) - 0.5 * libm::log(2.0 * PI * size))
    }
}

/// Derivative of order k of e^(−x) I₀(x) at |x|, without its sign: (1/π)∫₀^π (1 − cos θ)ᵏ e^(−|x|(1 − cos θ)) dθ.
pub fn bessel_fall(k: u8, x: f64) -> f64 {
    if k == 0 {
        return bessel_ie(0, x);
    }
    let size = x.abs();
    let order = f64::from(k);
    if size <= far(k) {
        // c M(k + ½, k + 1, −2x) = c e^(−2x) M(½, k + 1, 2x) with c = (½)ₖ 2ᵏ/k!, whose terms are positive.
        let c = (1..=k).fold(1.0, |c, i| c * (2.0 * f64::from(i) - 1.0) / f64::from(i));
        let z = 2.0 * size;
        let terms = (z + 9.0 * z.sqrt() + 18.0) as u32;
        let sum = (1..=terms)
            .rev()
            .map(f64::from)
            .fold(1.0, |sum, m| 1.0 + sum * (z * (m - 0.5) / (m * (order + m))));
        c * libm::exp(-z) * sum
    } else {
        let first = (1..=k).fold(1.0, |c, i| c * (f64::from(i) - 0.5) / size);
        first * (expansion(size, |m| (order + m - 0.5) * (m - 0.5)) / libm::sqrt(2.0 * PI * size))
    }
}

/// Derivative of order n ≥ 1 of log I₀: the cumulant of order n of cos θ, where θ has the density e^(x cos θ)/(2π I₀(x)).
/// I₁/I₀ for n = 1.
pub fn bessel_cumulant(n: u8, x: f64) -> f64 {
    let size = x.abs();
    let odd = n % 2 == 1;
    let value = if n <= 1 {
        let ratio = |over: fn(u8, f64) -> f64| over(1, size) / over(0, size);
        if size <= FAR { ratio(series) } else { ratio(hankel) }
    } else if size < NEAR {
        cumulant(n, |j| moment_of_cosine(j, size))
    } else {
        // Of u = 1 − cos θ, which is small.
        let value = cumulant(n, |j| moment_of_distance(j, size));
        if odd { -value } else { value }
    };
    if x < 0.0 && odd { -value } else { value }
}

/// Where the moments of 1 − cos θ lose less to cancellation than those of cos θ.
const NEAR: f64 = 1.5;

/// κₙ = mₙ − Σ (n−1 over k−1) κₖ mₙ₋ₖ
fn cumulant(n: u8, moment: impl Fn(u8) -> f64) -> f64 {
    let n = usize::from(n);
    let moments: Vec<f64> = (0..=n as u8).map(moment).collect();
    let mut cumulants = vec![0.0; n + 1];
    for order in 1..=n {
        let mut sum = moments[order];
        let mut binomial = 1.0;
        for k in 1..order {
            sum -= binomial * cumulants[k] * moments[order - k];
            binomial *= (order - k) as f64 / k as f64;
        }
        cumulants[order] = sum;
    }
    cumulants[n]
}

/// E cosʲ θ from E cos iθ = Iᵢ/I₀.
fn moment_of_cosine(j: u8, x: f64) -> f64 {
    let (mut sum, mut binomial) = (0.0, 1.0);
    for i in 0..=j {
        sum += binomial * series(j.abs_diff(2 * i), x);
        binomial *= f64::from(j - i) / f64::from(i + 1);
    }
    let halves = (0..j).fold(1.0, |product, _| 0.5 * product);
    halves * sum / series(0, x)
}

/// E (1 − cos θ)ʲ.
fn moment_of_distance(j: u8, x: f64) -> f64 {
    if x <= far(j) {
        return bessel_fall(j, x) / bessel_fall(0, x);
    }
    let order = f64::from(j);
    let above = expansion(x, |m| (order + m - 0.5) * (m - 0.5));
    let below = expansion(x, |m| (m - 0.5) * (m - 0.5));
    (1..=j).fold(above / below, |c, i| c * (f64::from(i) - 0.5) / x)
}

/// Iₙ(x) for 0 ≤ x ≤ 20.
fn series(n: u8, x: f64) -> f64 {
    let q = 0.25 * x * x;
    let first = (1..=n).fold(1.0, |product, i| product * (0.5 * x) / f64::from(i));
    first * tail_of_series(n, q, 1)
}

/// 1 + q/(m(m + n)) (1 + q/((m+1)(m+1+n)) (1 + …)), begun at m = `from`.
fn tail_of_series(n: u8, q: f64, from: u32) -> f64 {
    let order = f64::from(n);
    let terms = if q < 4.0 { 16 } else { 42 };
    (from..=terms).rev().map(f64::from).fold(1.0, |sum, m| 1.0 + sum * (q / (m * (m + order))))
}

/// √(2πx) e^(−x) Iₙ(x) for x > 20.
fn hankel(n: u8, x: f64) -> f64 {
    let order = f64::from(n);
    // −a_k/a_(k−1) = ((2k − 1)² − 4n²)/(8k) = ((k − ½)² − n²)/(2k)
    expansion(x, |k| (k - 0.5 - order) * (k - 0.5 + order))
}

/// 1 + t₁ + t₂ + … with t_k = t_(k−1) factor(k)/(2kx), for x > 20.
fn expansion(x: f64, factor: impl Fn(f64) -> f64) -> f64 {
    let half = 0.5 / x;
    let (mut term, mut rest) = (1.0, 0.0);
    for k in 1..=40u8 {
        let k = f64::from(k);
        term *= factor(k) / k * half;
        rest += term;
        if term.abs() < 1e-18 {
            break;
        }
    }
    1.0 + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::digits::assert_right;

    #[test]
    fn bessel_functions_keep_their_digits() {
        assert_right(
            "bessel_i 0",
            |x| bessel_i(0, x),
            &[
                (1e-09, 1.0),
                (0.3, 1.022626879351597),
                (-1.7, 1.8639649620738396),
                (3.9, 10.368957916732943),
                (4.1, 12.323570116019568),
                (12.0, 18948.925349296309),
                (19.9, 3.9513376520066824e7),
                (20.1, 4.8017874107136503e7),
                (-55.0, 4.1487895607331778e22),
                (700.0, 1.5295933476718737e302),
            ],
            8.0,
        );
        assert_right(
            "bessel_i 1",
            |x| bessel_i(1, x),
            &[
                (1e-09, 5.0000000000000003e-10),
                (0.3, 0.15169384000359277),
                (-1.7, -1.1963465656344822),
                (3.9, 8.912787451362725),
                (4.1, 10.687741836417758),
                (12.0, 18141.348781638832),
                (19.9, 3.8507423874862283e7),
                (20.1, 4.6807739533029883e7),
                (-55.0, -4.1108986452992798e22),
                (700.0, 1.5285003902339007e302),
            ],
            8.0,
        );
        assert_right(
            "bessel_i 2",
            |x| bessel_i(2, x),
            &[
                (0.3, 0.011334612660978455),
                (-1.7, 0.45649841426856638),
                (3.9, 5.798297685264879),
                (4.1, 7.1100375128889536),
                (12.0, 15925.36721902317),
                (19.9, 3.564328366832187e7),
                (20.1, 4.3360387586437013e7),
                (-55.0, 3.9993023372677494e22),
                (700.0, 1.5252262036997769e302),
            ],
            8.0,
        );
        assert_right(
            "bessel_i 3",
            |x| bessel_i(3, x),
            &[
                (0.3, 5.6567119054670566e-4),
                (-1.7, -0.12223264970844364),
                (3.9, 2.9658154664756694),
                (4.1, 3.7511198726236561),
                (12.0, 12832.893041964442),
                (19.9, 3.1342944745551354e7),
                (20.1, 3.8178806680007592e7),
                (-55.0, -3.8200402934979889e22),
                (700.0, 1.5197848119270448e302),
            ],
            8.0,
        );
        assert_right(
            "bessel_ie 0",
            |x| bessel_ie(0, x),
            &[
                (1e-09, 0.999999999),
                (0.3, 0.75758062518254786),
                (-1.7, 0.34051568798247093),
                (3.9, 0.20988752793578061),
                (4.1, 0.20423452732363756),
                (12.0, 0.11642622121344044),
                (19.9, 0.090008588864389597),
                (20.1, 0.089553763620613444),
                (-55.0, 0.053916898493938759),
                (700.0, 0.015081295651531358),
                (100000.0, 0.0012615678379767768),
            ],
            8.0,
        );
        assert_right(
            "bessel_ie 1",
            |x| bessel_ie(1, x),
            &[
                (1e-09, 4.9999999950000003e-10),
                (0.3, 0.1123775606398388),
                (-1.7, -0.21855280659849343),
                (3.9, 0.18041185432576088),
                (4.1, 0.17712447623277522),
                (12.0, 0.11146429929018098),
                (19.9, 0.087717102131706101),
                (20.1, 0.087296851843201592),
                (-55.0, -0.053424475195194519),
                (700.0, 0.015070519444716847),
                (100000.0, 0.0012615615301218171),
            ],
            8.0,
        );
    }

    #[test]
    fn log_i0_and_its_derivatives_keep_their_digits() {
        assert_right(
            "log_bessel_i0 0",
            log_bessel_i0,
            &[
                (1e-100, 2.5e-201),
                (1e-09, 2.5000000000000003e-19),
                (0.3, 0.022374688622041903),
                (-1.7, 0.62270591891604351),
                (3.9, 2.3388165270022713),
                (12.0, 9.8495024991028438),
                (19.9, 17.492149818621351),
                (20.1, 17.687083876788981),
                (700.0, 695.80569999844345),
                (100000.0, 99993.324599984316),
            ],
            3.0,
        );
        assert_right(
            "cumulant 1",
            |x| bessel_cumulant(1, x),
            &[
                (1e-09, 5.0000000000000003e-10),
                (0.3, 0.14833742694087526),
                (-1.4, -0.57042279943309178),
                (1.6, 0.61989864944547579),
                (3.9, 0.85956443481940284),
                (12.0, 0.95738140539524224),
                (19.9, 0.9745414658579312),
                (22.0, 0.97700180014135983),
                (700.0, 0.99928545881842609),
                (100000.0, 0.99999499998749987),
            ],
            5.0,
        );
        assert_right(
            "cumulant 2",
            |x| bessel_cumulant(2, x),
            &[
                (1e-09, 0.5),
                (0.3, 0.48353791796564295),
                (-1.4, 0.26717297314899202),
                (1.6, 0.22828900851225277),
                (3.9, 0.040747845260420354),
                (12.0, 0.0036390608204939834),
                (19.9, 0.0012969983657897299),
                (22.0, 0.0010583097868442016),
                (700.0, 1.0211385927539994e-6),
                (100000.0, 5.0000250003750078e-11),
            ],
            10.0,
        );
        assert_right(
            "cumulant 3",
            |x| bessel_cumulant(3, x),
            &[
                (1e-09, -3.7500000000000002e-10),
                (0.3, -0.10705296836782769),
                (-1.4, 0.20460890798949865),
                (1.6, -0.18356481650050346),
                (3.9, -0.023985850528722415),
                (12.0, -6.2271141174968058e-4),
                (19.9, -1.3223202084748297e-4),
                (22.0, -9.7447363396463338e-5),
                (700.0, -2.9185845517067808e-9),
                (100000.0, -1.0000075001500039e-15),
            ],
            16.0,
        );
        assert_right(
            "fall 1",
            |x| bessel_fall(1, x),
            &[
                (0.0, 1.0),
                (1e-09, 0.9999999985),
                (0.3, 0.64520306454270906),
                (-1.4, 0.16455492300571149),
                (1.6, 0.13429550780505199),
                (3.9, 0.029475673610019726),
                (12.0, 0.0049619219232594666),
                (19.9, 0.0022914867326834962),
                (22.0, 0.0019675197322012823),
                (700.0, 1.0776206814510638e-5),
                (100000.0, 6.307854959639557e-9),
            ],
            8.0,
        );
        assert_right(
            "fall 2",
            |x| bessel_fall(2, x),
            &[
                (0.0, 1.5),
                (1e-09, 1.4999999975),
                (0.3, 0.91581426028595546),
                (-1.4, 0.17303299430444046),
                (1.6, 0.13170383441242067),
                (3.9, 0.012691897392921275),
                (12.0, 6.3515223900385176e-4),
                (19.9, 1.7507888588427346e-4),
                (22.0, 1.3578890647421599e-4),
                (700.0, 2.3100136568636958e-8),
                (100000.0, 9.4618060942702585e-14),
            ],
            8.0,
        );
        assert_right(
            "fall 3",
            |x| bessel_fall(3, x),
            &[
                (0.0, 2.5),
                (1e-09, 2.499999995625),
                (0.3, 1.48502627705119),
                (-1.4, 0.24063828831727123),
                (1.6, 0.17623338470589471),
                (3.9, 0.0092188650309152102),
                (12.0, 1.3568270369347883e-4),
                (19.9, 2.2303378488047317e-5),
                (22.0, 1.5624113691367664e-5),
                (700.0, 8.2530036710145437e-11),
                (100000.0, 2.3654574373146493e-18),
            ],
            8.0,
        );
    }

    #[test]
    fn bessel_functions_far_out_are_limits() {
        let (inf, least) = (f64::INFINITY, f64::NEG_INFINITY);
        assert_eq!((bessel_i(0, least), bessel_i(1, inf), bessel_i(1, least)), (inf, inf, least));
        assert_eq!((bessel_ie(0, inf), bessel_ie(1, least), bessel_fall(1, inf)), (0.0, 0.0, 0.0));
        assert_eq!(
            (log_bessel_i0(least), bessel_cumulant(1, inf), bessel_cumulant(1, least)),
            (inf, 1.0, -1.0)
        );
        assert_eq!((bessel_cumulant(2, inf), bessel_cumulant(3, least)), (0.0, 0.0));
        assert_eq!((bessel_i(0, 0.0), bessel_i(1, 0.0), bessel_cumulant(2, 0.0)), (1.0, 0.0, 0.5));
        assert!(bessel_i(0, 713.9).is_finite() && bessel_i(0, 714.0) == inf);
        assert_eq!(bessel_cumulant(1, 1e300), 1.0);
    }
}
