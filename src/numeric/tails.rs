//! The tails of the normal distribution, without the 0/0 and the log 0 that quotients of its density and its
//! distribution function run into.
//!
//! Everything comes from erfcx(x) = e^(x²) erfc(x), which is well-conditioned for x ≥ 0: W. J. Cody, "Rational Chebyshev
//! approximations for the error function", Math. Comp. 23 (1969), with the coefficients of his CALERF. Where e^(−x²) is
//! needed, x² is split so that its rounding does not count (also Cody's); each value is right to a few units in the last
//! place wherever the function itself is well-conditioned.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2};

/// 1/√π
const INVERSE_SQRT_PI: f64 = 0.564_189_583_547_756_3;
/// √(2/π)
const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;
/// 1/√(2π)
const INVERSE_SQRT_2_PI: f64 = 0.398_942_280_401_432_7;

/// |x| ≤ 0.46875: erf x = x · A(x²)/B(x²), highest power first.
const SMALL: ([f64; 5], [f64; 5]) = (
    [
        1.857_777_061_846_031_5e-1,
        3.161_123_743_870_565_6,
        1.138_641_541_510_501_6e2,
        3.774_852_376_853_020_2e2,
        3.209_377_589_138_469_5e3,
    ],
    [
        1.0,
        2.360_129_095_234_412_1e1,
        2.440_246_379_344_441_7e2,
        1.282_616_526_077_372_3e3,
        2.844_236_833_439_170_6e3,
    ],
);

/// 0.46875 ≤ x ≤ 4: erfcx x = C(x)/D(x).
const MIDDLE: ([f64; 9], [f64; 9]) = (
    [
        2.153_115_354_744_038_5e-8,
        5.641_884_969_886_700_9e-1,
        8.883_149_794_388_375_9,
        6.611_919_063_714_163e1,
        2.986_351_381_974_001_3e2,
        8.819_522_212_417_690_9e2,
        1.712_047_612_634_070_6e3,
        2.051_078_377_826_071_5e3,
        1.230_339_354_797_997_3e3,
    ],
    [
        1.0,
        1.574_492_611_070_983_5e1,
        1.176_939_508_913_125e2,
        5.371_811_018_620_098_6e2,
        1.621_389_574_566_690_2e3,
        3.290_799_235_733_459_6e3,
        4.362_619_090_143_247e3,
        3.439_367_674_143_721_6e3,
        1.230_339_354_803_749_4e3,
    ],
);

/// x ≥ 4: √π x erfcx x = 1 − √π y P(y)/Q(y) with y = 1/x².
const LARGE: ([f64; 6], [f64; 6]) = (
    [
        1.631_538_713_730_209_8e-2,
        3.053_266_349_612_323_4e-1,
        3.603_448_999_498_044_4e-1,
        1.257_817_261_112_292_5e-1,
        1.608_378_514_874_227_7e-2,
        6.587_491_615_298_378_0e-4,
    ],
    [
        1.0,
        2.568_520_192_289_822_4,
        1.872_952_849_923_467_2,
        5.279_051_029_514_284_1e-1,
        6.051_834_131_244_131_9e-2,
        2.335_204_976_268_691_9e-3,
    ],
);

fn ratio<const N: usize>((numerator, denominator): &([f64; N], [f64; N]), x: f64) -> f64 {
    let polynomial = |coefficients: &[f64; N]| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    polynomial(numerator) / polynomial(denominator)
}

/// e^(factor · x²), where the factor is ± a power of two: x = y + d with y² exact.
fn exp_of_square(x: f64, factor: f64) -> f64 {
    let x = x.abs();
    // Beyond, the result is 0 or infinite whatever the rounding.
    if x > 64.0 {
        return libm::exp(factor * x * x);
    }
    let y = (16.0 * x).trunc() / 16.0;
    libm::exp(factor * y * y) * libm::exp(factor * (x - y) * (x + y))
}

/// x² (1 − √π x erfcx x) for x ≥ 4: about ½.
fn scaled_deficit(x: f64) -> f64 {
    ratio(&LARGE, 1.0 / (x * x)) / INVERSE_SQRT_PI
}

/// 1 − √π x erfcx x for x ≥ 4: about 1/(2x²).
fn deficit(x: f64) -> f64 {
    scaled_deficit(x) / (x * x)
}

/// e^(x²) erfc(x).
pub fn erfcx(x: f64) -> f64 {
    if x < -0.46875 {
        2.0 * exp_of_square(x, 1.0) - erfcx(-x)
    } else if x <= 0.46875 {
        let square = x * x;
        libm::exp(square) * (1.0 - x * ratio(&SMALL, square))
    } else if x <= 4.0 {
        ratio(&MIDDLE, x)
    } else {
        INVERSE_SQRT_PI * (1.0 - deficit(x)) / x
    }
}

/// 1 − Φ(x) for x ≥ 0.
fn upper_tail(x: f64) -> f64 {
    0.5 * exp_of_square(x, -0.5) * erfcx(x * FRAC_1_SQRT_2)
}

/// log Φ(x): −x²/2 + log(erfcx(−x/√2)/2) to the left, where nothing cancels; log(1 − (1 − Φ)) to the right.
pub fn log_normal_cdf(x: f64) -> f64 {
    if x < 0.0 {
        -0.5 * x * x + (libm::log(erfcx(-x * FRAC_1_SQRT_2)) - LN_2)
    } else {
        libm::log1p(0.0 - upper_tail(x))
    }
}

/// φ(x)/Φ(x), which tends to −x for x → −∞.
pub fn inverse_mills(x: f64) -> f64 {
    let s = -x * FRAC_1_SQRT_2;
    if s > 4.0 {
        // √π s erfcx(s) = 1 − deficit, and −x = √2 s.
        -x / (1.0 - deficit(s))
    } else if x < 0.0 {
        SQRT_2_OVER_PI / erfcx(s)
    } else {
        INVERSE_SQRT_2_PI * exp_of_square(x, -0.5) / (1.0 - upper_tail(x))
    }
}

/// x + φ(x)/Φ(x), the mean distance of a normal variable from −x where it is known to lie beyond; it makes up the slopes
/// of [`inverse_mills`] and [`erfcx`], and is about −1/x for x → −∞.
pub fn mills_excess(x: f64) -> f64 {
    let s = -x * FRAC_1_SQRT_2;
    if s > 4.0 {
        // −x deficit, with s² = x²/2.
        2.0 * scaled_deficit(s) / -x / (1.0 - deficit(s))
    } else {
        // At most a factor of 35 is lost.
        x + inverse_mills(x)
    }
}

/// (1 + x²)(1 − x (1 − Φ(x))/φ(x)) for 0.75 ≤ x ≤ 5.75 in t = (x − 3.25)/2.5, highest power first: a Chebyshev fit at 60 digits (mpmath),
/// wrong by less than 1e-17.
const DEFICIT: [f64; 30] = [
    -2.1578104759859564e-09,
    6.052709661655422e-09,
    -5.70605699060862e-10,
    3.5111913206414327e-10,
    -5.2121710113577346e-08,
    1.368829624995984e-07,
    -2.448795270155154e-07,
    5.974508519305389e-07,
    -1.5710467897942671e-06,
    3.7287629136906853e-06,
    -8.528184129091169e-06,
    1.9297628232337834e-05,
    -4.2672396397335096e-05,
    9.170802423867686e-05,
    -0.00019138547278380516,
    0.0003869166951925525,
    -0.0007550796346929659,
    0.0014162438840175347,
    -0.002538456943121358,
    0.004313642182440864,
    -0.006868825715359013,
    0.01005778006819378,
    -0.01308036601517547,
    0.01394215371267133,
    -0.008966730019871725,
    -0.007023320635490288,
    0.038668998541454086,
    -0.08460770301278711,
    0.127757596845507,
    0.8759521417167894,
];

/// 1 − x (1 − Φ(x))/φ(x) for x ≥ 0.
pub fn mills_deficit(x: f64) -> f64 {
    let s = x * FRAC_1_SQRT_2;
    if x < 0.75 {
        1.0 - s * erfcx(s) / INVERSE_SQRT_PI
    } else if x < 5.75 {
        let t = (x - 3.25) / 2.5;
        DEFICIT.iter().fold(0.0, |sum, c| sum * t + c) / (1.0 + x * x)
    } else {
        deficit(s)
    }
}

/// log(1 + e^x).
pub fn softplus(x: f64) -> f64 {
    let part = libm::log1p(libm::exp(-x.abs()));
    if x > 0.0 { x + part } else { part }
}

/// log(e^a + e^b).
pub fn log_add_exp(a: f64, b: f64) -> f64 {
    // Equal infinities have no difference.
    if a == b {
        return a + LN_2;
    }
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    large + libm::log1p(libm::exp(small - large))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function with its values by mpmath 1.3 (60 digits, rounded to 17).
    type Known<'a> = (fn(f64) -> f64, &'a [(f64, f64)]);

    fn assert_right(name: &str, (function, values): Known<'_>, units: f64) {
        for &(x, value) in values {
            let found = function(x);
            let off = ((found - value) / value).abs() / f64::EPSILON;
            assert!(off <= units, "{name}({x}) = {found:e}, {off:.1} units off {value:e}");
        }
    }

    #[test]
    fn log_normal_cdf_keeps_its_digits_in_both_tails() {
        let values = [
            (-100000.0, -5.000000012431864e9),
            (-40.0, -804.60844201375379),
            (-8.0, -35.01343715991455),
            (-6.0, -20.736768949974706),
            (-3.7, -9.1352353718728765),
            (-1.0, -1.8410216450092635),
            (-1e-09, -0.69314718135782987),
            (0.3, -0.48141016158848121),
            (1.0, -0.17275377902344989),
            (2.5, -6.2290254858600024e-3),
            (5.0, -2.8665161296376359e-7),
            (9.0, -1.1285884059538406e-19),
            (30.0, -4.9067139271481871e-198),
        ];
        assert_right("log_normal_cdf", (log_normal_cdf, &values), 3.0);
    }

    #[test]
    fn the_inverse_mills_ratio_keeps_its_digits_in_both_tails() {
        let values = [
            (-100000000.0, 1.0000000000000001e8),
            (-1000.0, 1000.000999998),
            (-40.0, 40.024968847207264),
            (-6.0, 6.1584826045445989),
            (-5.0, 5.1865039671258421),
            (-2.5, 2.8227447976639073),
            (-0.7, 1.2904993394581665),
            (-1e-09, 0.79788456143948513),
            (0.3, 0.61722085361273445),
            (1.0, 0.28759997093917836),
            (2.5, 0.017637825486916735),
            (5.0, 1.4867199409049057e-6),
            (20.0, 5.5209483621597632e-88),
            (37.0, 2.1200065515246056e-298),
        ];
        assert_right("inverse_mills", (inverse_mills, &values), 5.0);
    }

    #[test]
    fn the_excess_of_the_mills_ratio_does_not_cancel() {
        let values = [
            (-100000000.0, 9.999999999999998e-9),
            (-1000.0, 9.9999800000999993e-4),
            (-40.0, 0.024968847207263723),
            (-6.0, 0.15848260454459892),
            (-5.0, 0.18650396712584212),
            (-2.5, 0.32274479766390725),
            (-0.7, 0.59049933945816656),
            (-1e-09, 0.79788456043948513),
            (0.3, 0.91722085361273444),
            (2.5, 2.5176378254869167),
            (20.0, 20.0),
        ];
        assert_right("mills_excess", (mills_excess, &values), 40.0);
    }

    #[test]
    fn erfcx_keeps_its_digits() {
        let values = [
            (-26.0, 7.6577249314905684e293),
            (-5.3, 3.1649145747493398e12),
            (-1.0, 5.0089800807622835),
            (-0.3, 1.4537492328427656),
            (1e-09, 0.99999999887162083),
            (0.3, 0.73459933456765515),
            (0.5, 0.61569034419292587),
            (0.9, 0.45653165132311703),
            (2.0, 0.25539567631050574),
            (3.9, 0.14031418160068974),
            (4.1, 0.13383411641865199),
            (7.0, 0.079800054329152933),
            (30.0, 0.018795888861416751),
            (10000000000.0, 5.6418958354775629e-11),
        ];
        assert_right("erfcx", (erfcx, &values), 5.0);
    }

    #[test]
    fn softplus_keeps_its_digits() {
        let values = [
            (-700.0, 9.8596765437597709e-305),
            (-40.0, 4.248354255291589e-18),
            (-3.0, 0.048587351573742059),
            (-0.001, 0.6926473055599401),
            (0.0, std::f64::consts::LN_2),
            (0.4, 0.91301525239995264),
            (3.0, 3.0485873515737421),
            (36.0, 36.0),
            (50.0, 50.0),
            (800.0, 800.0),
        ];
        assert_right("softplus", (softplus, &values), 2.0);
    }
    #[test]
    fn the_ends_of_the_line_are_limits() {
        let (inf, zero) = (f64::INFINITY, 0.0);
        let least = f64::NEG_INFINITY;
        for (f, left, right) in [
            (log_normal_cdf as fn(f64) -> f64, least, zero),
            (inverse_mills, inf, zero),
            (mills_excess, zero, inf),
            (erfcx, inf, zero),
            (softplus, zero, inf),
        ] {
            assert_eq!((f(least), f(inf)), (left, right));
            assert!(f(f64::NAN).is_nan());
            for x in [1e200, 1e308, f64::MAX] {
                assert!(!f(x).is_nan() && !f(-x).is_nan(), "{x:e}: {} {}", f(x), f(-x));
            }
        }
        assert_eq!((softplus(-800.0), softplus(800.0), inverse_mills(-1e300)), (0.0, 800.0, 1e300));
        for (a, b, both) in [(least, least, least), (inf, inf, inf), (least, inf, inf), (least, 2.0, 2.0)] {
            assert_eq!((log_add_exp(a, b), log_add_exp(b, a)), (both, both));
        }
        assert_eq!(log_add_exp(-1e10, 1.0), 1.0);
        assert!((log_add_exp(1000.0, 1001.0) - 1_001.313_261_687_518_2).abs() < 2e-13);
    }

    #[test]
    fn the_pieces_of_each_approximation_meet() {
        for edge in [0.46875, 4.0] {
            let (below, above) = (erfcx(edge * (1.0 - 1e-15)), erfcx(edge * (1.0 + 1e-15)));
            assert!((below / above - 1.0).abs() < 4e-15, "erfcx at {edge}: {below} {above}");
        }
        for edge in [0.0, -4.0 * std::f64::consts::SQRT_2] {
            let (below, above) = (edge - 1e-15, edge + 1e-15);
            for f in [log_normal_cdf, inverse_mills] {
                assert!((f(below) / f(above) - 1.0).abs() < 1e-14, "{edge}: {} {}", f(below), f(above));
            }
            assert!((mills_excess(below) / mills_excess(above) - 1.0).abs() < 2e-14, "excess at {edge}");
        }
    }
}
