//! Element-wise operations over whole arrays of quadrature nodes, and sums with a fixed order.
//!
//! Each function is compiled for several instruction sets and chosen at run time. Rust never fuses a
//! multiplication with an addition, and sums run over eight fixed lanes, so every set gives the same bits.

use multiversion::multiversion;

/// ln 2
const LN_2: f64 = std::f64::consts::LN_2;
/// 1/√(2π)
const INVERSE_SQRT_2_PI: f64 = 0.398_942_280_401_432_7;
/// log₂ e.
const LOG2_E: f64 = std::f64::consts::LOG2_E;
/// ln 2 in two parts (fdlibm): the product of the first with an integer below 2²⁰ is exact.
const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// 1.5 · 2⁵²: adding it rounds to an integer, which then stands in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// (e^x − 1, e^x) for x ≤ 0, both to about one unit in the last place.
///
/// x = k ln 2 + r with |r| ≤ ln 2 / 2, e^r − 1 by its Taylor series to r¹³ (remainder below 5e-18 of it), and
/// e^x − 1 = 2^k (e^r − 1) + (2^k − 1), where no cancellation occurs for x ≤ 0 beyond that of the result.
#[inline(always)]
pub fn exp_m1_and_exp(x: f64) -> (f64, f64) {
    // Below −708 the result no longer is a normal number; comparing this way keeps NaN.
    let x = if x < -708.0 { -708.0 } else { x };
    let shifted = x * LOG2_E + ROUND;
    let k = shifted - ROUND;
    let em1 = reduced_exp_m1((x - k * LN2_HIGH) - k * LN2_LOW);
    let scale = f64::from_bits((shifted.to_bits().wrapping_add(1023)) << 52);
    (scale * em1 + (scale - 1.0), scale * em1 + scale)
}

/// e^r − 1 for |r| ≤ ln 2 / 2.
#[inline(always)]
fn reduced_exp_m1(r: f64) -> f64 {
    // Taylor coefficients 1/j!.
    let mut p = 1.0 / 6_227_020_800.0;
    p = p * r + 1.0 / 479_001_600.0;
    p = p * r + 1.0 / 39_916_800.0;
    p = p * r + 1.0 / 3_628_800.0;
    p = p * r + 1.0 / 362_880.0;
    p = p * r + 1.0 / 40_320.0;
    p = p * r + 1.0 / 5_040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    r + r * r * p
}

/// e^x for any x, to about one unit in the last place, without a branch: the same series, and 2^k in two factors so that
/// it overflows and vanishes where e^x does.
#[inline(always)]
fn exp(x: f64) -> f64 {
    // Comparing this way keeps NaN.
    let x = if x < -746.0 { -746.0 } else { x };
    let x = if x > 710.0 { 710.0 } else { x };
    let shifted = x * LOG2_E + ROUND;
    let k = shifted - ROUND;
    let em1 = reduced_exp_m1((x - k * LN2_HIGH) - k * LN2_LOW);
    let half = 0.5 * k + ROUND;
    let rest = (k - (half - ROUND)) + ROUND;
    let power = |shifted: f64| f64::from_bits((shifted.to_bits().wrapping_add(1023)) << 52);
    (1.0 + em1) * power(half) * power(rest)
}

/// tanh x and 1 − tanh² x from one exponential: with e = e^(−2|x|), tanh|x| = (1 − e)/(1 + e) and
/// 1 − tanh² = 4e/(1 + e)².
#[inline(always)]
pub fn tanh_and_sech2(x: f64) -> (f64, f64) {
    let (em1, e) = exp_m1_and_exp(-2.0 * x.abs());
    let inverse = 1.0 / (2.0 + em1);
    let t = -em1 * inverse;
    (t.copysign(x), 4.0 * e * inverse * inverse)
}

/// Hyperbolic tangent, the same bits as the array kernel.
pub fn tanh(x: f64) -> f64 {
    tanh_and_sech2(x).0
}

/// 1 − tanh², the same bits as the array kernel.
pub fn sech2(x: f64) -> f64 {
    tanh_and_sech2(x).1
}

/// out = tanh x.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub fn tanh_array(x: &[f64], out: &mut [f64]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = tanh_and_sech2(x).0;
    }
}

/// out = 1 − tanh² x.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub fn sech2_array(x: &[f64], out: &mut [f64]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = tanh_and_sech2(x).1;
    }
}

/// out = e^x.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub fn exp_array(x: &[f64], out: &mut [f64]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = exp(x);
    }
}

/// out = 1/(1 + e^(−x)), from e^(−|x|), which never overflows.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub fn logistic_array(x: &[f64], out: &mut [f64]) {
    for (out, &x) in out.iter_mut().zip(x) {
        let e = exp(-x.abs());
        *out = if x >= 0.0 { 1.0 } else { e } / (1.0 + e);
    }
}

/// log(1 + e) for 0 ≤ e ≤ 1, to about two units in the last place: 2 artanh s with s = e/(2 + e), where e is large after ln 2 has been taken
/// out, so that |s| ≤ 0.1716 and the series ends at s¹⁹ (remainder below 1e-17 of it).
#[inline(always)]
fn log1p_of_fraction(e: f64) -> f64 {
    let large = e > 0.414;
    let s = if large { (e - 1.0) / (e + 3.0) } else { e / (2.0 + e) };
    let square = s * s;
    let mut p = 1.0 / 19.0;
    for odd in [17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        p = p * square + 1.0 / odd;
    }
    let part = 2.0 * s + 2.0 * s * (square * p);
    if large { LN_2 + part } else { part }
}

/// log cosh x = |x| − log 2 + log(1 + e^(−2|x|)); near 0, where that loses digits, log(1 + c) with c = cosh x − 1 = (e^(−|x|) − 1)²/(2 e^(−|x|)).
#[inline(always)]
fn log_cosh(x: f64) -> f64 {
    let a = x.abs();
    let near = a < 1.25;
    let (em1, e) = exp_m1_and_exp(if near { -a } else { -2.0 * a });
    let part = log1p_of_fraction(if near { em1 * em1 / (2.0 * e) } else { e });
    if near { part } else { (a - LN_2) + part }
}

/// out = log cosh x.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub fn log_cosh_array(x: &[f64], out: &mut [f64]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = log_cosh(x);
    }
}

/// out = log(1 + e^x).
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub fn softplus_array(x: &[f64], out: &mut [f64]) {
    for (out, &x) in out.iter_mut().zip(x) {
        let part = log1p_of_fraction(exp(-x.abs()));
        *out = if x > 0.0 { x + part } else { part };
    }
}

/// out = the density of N(0, 1).
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub fn normal_pdf_array(x: &[f64], out: &mut [f64]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = INVERSE_SQRT_2_PI * exp(-0.5 * x * x);
    }
}

/// Bodies of kernels, for those who compile a whole sequence of them for an instruction set.
pub(crate) mod inlined {
    macro_rules! array_by_array {
        ($($name:ident: |$a:ident, $b:ident| $value:expr;)*) => {$(
            #[inline(always)]
            pub fn $name(a: &[f64], b: &[f64], out: &mut [f64]) {
                for ((out, &$a), &$b) in out.iter_mut().zip(a).zip(b) {
                    *out = $value;
                }
            }
        )*};
    }

    macro_rules! array_by_number {
        ($($name:ident: |$a:ident, $b:ident| $value:expr;)*) => {$(
            #[inline(always)]
            pub fn $name(a: &[f64], $b: f64, out: &mut [f64]) {
                for (out, &$a) in out.iter_mut().zip(a) {
                    *out = $value;
                }
            }
        )*};
    }

    array_by_array! {
        add: |a, b| a + b;
        subtract: |a, b| a - b;
        multiply: |a, b| a * b;
        divide: |a, b| a / b;
    }

    array_by_number! {
        add_number: |a, b| a + b;
        subtract_number: |a, b| a - b;
        subtract_from_number: |a, b| b - a;
        multiply_number: |a, b| a * b;
        divide_number: |a, b| a / b;
        divide_into_number: |a, b| b / a;
    }

    /// t = tanh x and s = 1 − tanh² x.
    #[inline(always)]
    pub fn tanh_sech2_array(x: &[f64], t: &mut [f64], s: &mut [f64]) {
        for ((t, s), &x) in t.iter_mut().zip(s).zip(x) {
            (*t, *s) = super::tanh_and_sech2(x);
        }
    }

    /// out = offset + slope · z, the commonest pre-activation.
    #[inline(always)]
    pub fn affine(offset: f64, slope: f64, z: &[f64], out: &mut [f64]) {
        for (out, &z) in out.iter_mut().zip(z) {
            *out = offset + slope * z;
        }
    }

    /// Σ aᵢ bᵢ over eight lanes in a fixed order.
    #[inline(always)]
    pub fn dot(a: &[f64], b: &[f64]) -> f64 {
        let mut lanes = [0.0f64; 8];
        let ((a8, a_rest), (b8, b_rest)) = (a.as_chunks(), b.as_chunks());
        a8.iter().zip(b8).for_each(|(a, b)| add_products(&mut lanes, a, b));
        sum_of_lanes(lanes, a_rest, b_rest)
    }

    /// The same for four b at once, whose additions then wait for each other less.
    #[inline(always)]
    pub fn dots(a: &[f64], b: [&[f64]; 4]) -> [f64; 4] {
        let [mut k, mut l, mut m, mut n] = [[0.0f64; 8]; 4];
        let (a8, a_rest) = a.as_chunks();
        let [(k8, k_rest), (l8, l_rest), (m8, m_rest), (n8, n_rest)] = b.map(|b| b.as_chunks());
        for ((((a, kb), lb), mb), nb) in a8.iter().zip(k8).zip(l8).zip(m8).zip(n8) {
            add_products(&mut k, a, kb);
            add_products(&mut l, a, lb);
            add_products(&mut m, a, mb);
            add_products(&mut n, a, nb);
        }
        let rests = [(k, k_rest), (l, l_rest), (m, m_rest), (n, n_rest)];
        rests.map(|(lanes, rest)| sum_of_lanes(lanes, a_rest, rest))
    }

    #[inline(always)]
    fn add_products(lanes: &mut [f64; 8], a: &[f64; 8], b: &[f64; 8]) {
        for i in 0..8 {
            lanes[i] += a[i] * b[i];
        }
    }

    /// Σ aᵢ bᵢ cᵢ over eight lanes in a fixed order.
    #[inline(always)]
    pub fn dot3(a: &[f64], b: &[f64], c: &[f64]) -> f64 {
        let mut lanes = [0.0f64; 8];
        let (a8, a_rest) = a.as_chunks::<8>();
        let (b8, b_rest) = b.as_chunks::<8>();
        let (c8, c_rest) = c.as_chunks::<8>();
        for ((a, b), c) in a8.iter().zip(b8).zip(c8) {
            for i in 0..8 {
                lanes[i] += a[i] * (b[i] * c[i]);
            }
        }
        for (lane, ((a, b), c)) in lanes.iter_mut().zip(a_rest.iter().zip(b_rest).zip(c_rest)) {
            *lane += a * (b * c);
        }
        sum_of_lanes(lanes, &[], &[])
    }

    /// The lanes together, with what is left beyond the last eight.
    #[inline(always)]
    fn sum_of_lanes(mut l: [f64; 8], a: &[f64], b: &[f64]) -> f64 {
        l.iter_mut().zip(a.iter().zip(b)).for_each(|(lane, (a, b))| *lane += a * b);
        ((l[0] + l[4]) + (l[1] + l[5])) + ((l[2] + l[6]) + (l[3] + l[7]))
    }
}

macro_rules! chosen_at_run_time {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) $(-> $out:ty)?;)*) => {$(
        $(#[$doc])*
        #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
        pub fn $name($($argument: $type),*) $(-> $out)? {
            inlined::$name($($argument),*)
        }
    )*};
}

chosen_at_run_time! {
    /// out = a + b, for two arrays.
    add(a: &[f64], b: &[f64], out: &mut [f64]);
    /// out = a − b, for two arrays.
    subtract(a: &[f64], b: &[f64], out: &mut [f64]);
    /// out = a b, for two arrays.
    multiply(a: &[f64], b: &[f64], out: &mut [f64]);
    /// out = a / b, for two arrays.
    divide(a: &[f64], b: &[f64], out: &mut [f64]);
    /// out = a + b, for an array and a number.
    add_number(a: &[f64], b: f64, out: &mut [f64]);
    /// out = a − b, for an array and a number.
    subtract_number(a: &[f64], b: f64, out: &mut [f64]);
    /// out = b − a, for an array and a number.
    subtract_from_number(a: &[f64], b: f64, out: &mut [f64]);
    /// out = a b, for an array and a number.
    multiply_number(a: &[f64], b: f64, out: &mut [f64]);
    /// out = a / b, for an array and a number.
    divide_number(a: &[f64], b: f64, out: &mut [f64]);
    /// out = b / a, for an array and a number.
    divide_into_number(a: &[f64], b: f64, out: &mut [f64]);
    /// t = tanh x and s = 1 − tanh² x.
    tanh_sech2_array(x: &[f64], t: &mut [f64], s: &mut [f64]);
    /// Σ aᵢ bᵢ over eight lanes in a fixed order.
    dot(a: &[f64], b: &[f64]) -> f64;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::function::Function;

    #[test]
    fn tanh_and_its_derivative_are_right_to_three_units_in_the_last_place() {
        let points: Vec<f64> = (-4000..=4000)
            .map(|i| f64::from(i) * 0.005_03)
            .chain((0..300).map(|i| 10f64.powi(-i)))
            .chain([0.0, -0.0, 20.0, 350.0, 1e300])
            .collect();
        for &x in &points {
            // libm computes tanh by its own expm1 and cosh by its own exp.
            let t = libm::tanh(x);
            assert!((tanh(x) - t).abs() <= 3.0 * f64::EPSILON * t.abs(), "tanh {x:e}: {} {t}", tanh(x));
            if x.abs() < 350.0 {
                let s = 1.0 / (libm::cosh(x) * libm::cosh(x));
                assert!((sech2(x) - s).abs() <= 6.0 * f64::EPSILON * s, "sech² {x}: {} {s}", sech2(x));
            }
        }
        assert_eq!((tanh(f64::INFINITY), tanh(f64::NEG_INFINITY)), (1.0, -1.0));
        assert!(sech2(f64::INFINITY) < 1e-300 && tanh(f64::NAN).is_nan() && sech2(f64::NAN).is_nan());
    }

    #[test]
    fn exponentials_agree_with_those_of_libm_to_two_units_in_the_last_place() {
        let x: Vec<f64> = (-7460..=7097).map(|i| f64::from(i) * 0.100_01).collect();
        let mut out = vec![0.0; x.len()];
        exp_array(&x, &mut out);
        for (x, e) in x.iter().zip(&out) {
            let exact = libm::exp(*x);
            let least = f64::from_bits(1);
            assert!((e - exact).abs() <= (2.0 * f64::EPSILON * exact).max(least), "exp {x}: {e:e} {exact:e}");
        }
        let ends = [f64::NEG_INFINITY, -800.0, -0.0, 0.0, 709.9, f64::INFINITY, f64::NAN];
        let mut out = [0.0; 7];
        exp_array(&ends, &mut out);
        assert_eq!(out[..6], [0.0, 0.0, 1.0, 1.0, f64::INFINITY, f64::INFINITY]);
        assert!(out[6].is_nan());
        logistic_array(&ends, &mut out);
        assert_eq!(out[..6], [0.0, 0.0, 0.5, 0.5, 1.0, 1.0]);
        assert!(out[6].is_nan());
    }

    #[test]
    fn softplus_and_the_density_agree_with_those_of_one_number_to_two_units_in_the_last_place() {
        let x: Vec<f64> = (-8000..=8000)
            .map(|i| f64::from(i) * 0.005_03)
            .chain((1..160).flat_map(|i| [10f64.powi(-i), -10f64.powi(-i)]))
            .chain([0.0, 0.5, -0.5, 700.0, -700.0, -744.0, 1e300])
            .collect();
        type Kernel = fn(&[f64], &mut [f64]);
        let all: [(Kernel, Function); 3] = [
            (log_cosh_array, Function::LogCosh),
            (softplus_array, Function::Softplus),
            (normal_pdf_array, Function::NormalPdf),
        ];
        for (kernel, function) in all {
            let mut out = vec![0.0; x.len()];
            kernel(&x, &mut out);
            for (x, value) in x.iter().zip(&out) {
                let exact = function.apply(*x);
                // Both are right to 2.2 units in the last place, of 2⁻⁵² (mpmath).
                let allowed = (4.5 * f64::EPSILON * exact.abs()).max(f64::MIN_POSITIVE);
                assert!((value - exact).abs() <= allowed, "{function:?} {x:e}: {value:e} {exact:e}");
            }
            let ends = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
            let mut out = [0.0; 3];
            kernel(&ends, &mut out);
            assert!(out[0].is_nan());
            assert_eq!(out[1..], [function.apply(ends[1]), function.apply(ends[2])], "{function:?}");
        }
    }

    #[test]
    fn the_array_kernels_give_the_bits_of_the_scalar_ones_whatever_the_length() {
        for n in [0, 1, 3, 8, 13, 64, 101] {
            let x: Vec<f64> = (0..n).map(|i| (i as f64 - 31.0) * 0.37).collect();
            let (mut t, mut s) = (vec![0.0; n], vec![0.0; n]);
            tanh_sech2_array(&x, &mut t, &mut s);
            let (mut t1, mut s1) = (vec![0.0; n], vec![0.0; n]);
            tanh_array(&x, &mut t1);
            sech2_array(&x, &mut s1);
            for i in 0..n {
                assert_eq!(t[i].to_bits(), tanh(x[i]).to_bits());
                assert_eq!(s[i].to_bits(), sech2(x[i]).to_bits());
            }
            assert_eq!((t, s), (t1, s1));
        }
    }

    #[test]
    fn sums_agree_with_the_plain_loop() {
        let a: Vec<f64> = (0..101).map(|i| (f64::from(i) * 0.7).sin()).collect();
        let b: Vec<f64> = (0..101).map(|i| (f64::from(i) * 1.3).cos()).collect();
        let plain: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
        assert!((dot(&a, &b) - plain).abs() < 1e-13);
        let plain: f64 = a.iter().zip(&b).map(|(a, b)| a * b * b).sum();
        assert!((inlined::dot3(&a, &b, &b) - plain).abs() < 1e-13);
        // Each is what it is alone.
        let [ab, aa] = [dot(&a, &b), dot(&a, &a)];
        assert_eq!(inlined::dots(&a, [&b, &a, &b, &a]), [ab, aa, ab, aa]);
    }
}
