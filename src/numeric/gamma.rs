//! log Γ and its derivatives for positive arguments; negative ones, where Γ has poles and signs, are not numbers.

/// B₂ₖ, k = 1, 2, …
const BERNOULLI: [f64; 11] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174_611.0 / 330.0,
    854_513.0 / 138.0,
];

/// log Γ(x).
pub fn log_gamma(x: f64) -> f64 {
    if x < 0.0 { f64::NAN } else { libm::lgamma(x) }
}

/// ψ⁽ⁿ⁾(x), the derivative of order n + 1 of log Γ: digamma for n = 0, trigamma for n = 1.
pub fn polygamma(n: u8, x: f64) -> f64 {
    if x.is_nan() || x < 0.0 {
        f64::NAN
    } else if n == 0 {
        digamma(x)
    } else if n % 2 == 1 {
        sum_of_powers(n, x)
    } else {
        -sum_of_powers(n, x)
    }
}

/// The recurrence ψ(x + 1) = ψ(x) + 1/x leads to the asymptotic series (DLMF 5.11.2) or to [1, 2], where the zero is.
fn digamma(x: f64) -> f64 {
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if x >= 10.0 {
        let square = 1.0 / (x * x);
        let series = (1..=8u8)
            .rev()
            .fold(0.0, |sum, k| square * (sum + BERNOULLI[usize::from(k) - 1] / f64::from(2 * k)));
        return libm::log(x) - (0.5 / x + series);
    }
    let (mut x, mut sum) = (x, 0.0);
    if x < 1.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    while x > 2.0 {
        x -= 1.0;
        sum += 1.0 / x;
    }
    sum + digamma_between_1_and_2(x)
}

/// ψ(x)/(x − x₀) in t = 2x − 3, highest power first: a Chebyshev fit on [1, 2] at 50 digits (mpmath), wrong by 4e-18.
const OVER_DISTANCE: [f64; 23] = [
    2.832706668021759e-11,
    -8.498137230186096e-11,
    9.206434499177992e-11,
    -2.7619635330317715e-10,
    1.2358072433984831e-09,
    -3.7075072647122386e-09,
    1.0542687624027994e-08,
    -3.163020268955334e-08,
    9.542050972688906e-08,
    -2.86315275846934e-07,
    8.589127353033379e-07,
    -2.57809436305308e-06,
    7.741232223504057e-06,
    -2.325824239445257e-05,
    6.995018873950506e-05,
    -0.00021074841140458636,
    0.0006368880303257201,
    -0.0019350666648590097,
    0.005936795278305649,
    -0.018550615381735115,
    0.060135621060196744,
    -0.2118137106407303,
    0.9510558760318328,
];

/// ψ for 1 ≤ x ≤ 2, with its digits also near the zero x₀, which has two parts.
fn digamma_between_1_and_2(x: f64) -> f64 {
    let distance = (x - 1.4616321449683622) - 9.549995429965697e-17;
    let t = 2.0 * x - 3.0;
    distance * OVER_DISTANCE.iter().fold(0.0, |sum, c| sum * t + c)
}

/// |ψ⁽ⁿ⁾(x)| = n! Σ 1/(x + k)^(n+1) for n ≥ 1, whose terms all have one sign: the first of them, until the asymptotic series
/// (DLMF 5.15.8) has its digits.
fn sum_of_powers(n: u8, x: f64) -> f64 {
    let order = f64::from(n);
    let factorial = (1..=n).fold(1.0, |product, i| product * f64::from(i));
    let power = |x: f64, n: u8| {
        let inverse = 1.0 / x;
        (0..n).fold(1.0, |product, _| product * inverse)
    };
    if x == 0.0 {
        return f64::INFINITY;
    }
    let (mut far, mut first) = (x, 0.0);
    while far < 12.0 + order {
        // (n + 1)-th powers.
        first += factorial * (power(far, n) / far);
        far += 1.0;
    }
    // (n − 1)!/xⁿ · [1 + n/(2x) + Σ B₂ₖ n (n + 1) … (n + 2k − 1)/((2k)! x²ᵏ)]
    let square = 1.0 / (far * far);
    let mut rest = 0.0;
    let mut factor = 1.0;
    for (k, b) in BERNOULLI.iter().enumerate() {
        let k = 2.0 * k as f64;
        factor *= square * ((order + k) / (k + 1.0)) * ((order + k + 1.0) / (k + 2.0));
        rest += factor * b;
    }
    let tail = factorial / order * power(far, n);
    first + (tail + tail * (0.5 * order / far + rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::digits::assert_right;

    #[test]
    fn log_gamma_and_its_derivatives_keep_their_digits_near_their_zeros_and_at_any_size() {
        assert_right(
            "log_gamma 0",
            log_gamma,
            &[
                (1e-300, 690.77552789821371),
                (1e-08, 18.420680738180209),
                (0.3, 1.0957979948180756),
                (0.9999, 5.7729791561193863e-5),
                (1.0000000001, -5.772157125783244e-11),
                (1.4616321449683622, -0.12148629053584961),
                (1.9999, -4.2275208772153458e-5),
                (2.000000001, 4.2278437040226696e-10),
                (3.7, 1.4280723266653881),
                (25.0, 54.784729398112319),
                (171.5, 709.14316303092824),
                (10000000000.0, 2.2025850928881058e11),
                (1e+300, 6.8977552789821374e302),
            ],
            3.0,
        );
        assert_right(
            "polygamma 0",
            |x| polygamma(0, x),
            &[
                (1e-40, -1.0000000000000001e40),
                (1e-05, -100000.57719921567),
                (0.2, -5.289039896592188),
                (0.46, -2.1754936054653442),
                (1.0, -0.57721566490153286),
                (1.4, -0.061384544585116237),
                (1.46, -0.0015805619870834521),
                (1.4616321449683622, -9.2412655217294275e-17),
                (1.4616321449683625, 1.2245374622004069e-16),
                (1.4617, 6.5659392293676496e-5),
                (1.9, 0.35618416116405966),
                (2.5, 0.70315664064524319),
                (9.99, 2.2507003728312011),
                (10.0, 2.2517525890667211),
                (77.0, 4.3372978603883566),
                (1000000000000.0, 27.631021115928048),
            ],
            3.0,
        );
        assert_right(
            "polygamma 1",
            |x| polygamma(1, x),
            &[
                (1e-40, 1.0000000000000001e80),
                (1e-05, 1.0000000001644908e10),
                (0.2, 26.267377205423776),
                (1.0, 1.6449340668482264),
                (1.46, 0.96911962150988789),
                (5.5, 0.19934238698962766),
                (12.9, 0.080601553001316944),
                (13.1, 0.079323511917335578),
                (77.0, 0.013071709298222166),
                (1000000000000.0, 1.0000000000005e-12),
            ],
            4.0,
        );
        assert_right(
            "polygamma 2",
            |x| polygamma(2, x),
            &[
                (1e-40, -2.0000000000000004e120),
                (1e-05, -2.0000000000000019e15),
                (0.2, -251.47803611443589),
                (1.0, -2.4041138063191886),
                (1.46, -0.88806304258183324),
                (5.5, -0.039608947521302043),
                (13.9, -0.0055614402051562108),
                (14.1, -0.0053992895436639418),
                (77.0, -1.7086715120590341e-4),
                (1000000000000.0, -1.000000000001e-24),
            ],
            5.0,
        );
        assert_right(
            "polygamma 3",
            |x| polygamma(3, x),
            &[
                (1e-40, 6.0000000000000017e160),
                (1e-05, 5.999999999999998e20),
                (0.55, 66.817706331072004),
                (1.0, 6.4939394022668291),
                (1.46, 1.5574377156905409),
                (5.5, 0.015690592675882819),
                (14.9, 6.6818766462068238e-4),
                (15.1, 6.4114415749219845e-4),
                (77.0, 4.4669242651309817e-6),
                (1000000000000.0, 2.000000000003e-36),
            ],
            5.0,
        );
    }

    #[test]
    fn poles_and_what_is_left_of_them() {
        assert_eq!((log_gamma(0.0), log_gamma(f64::INFINITY)), (f64::INFINITY, f64::INFINITY));
        assert_eq!((polygamma(0, 0.0), polygamma(0, f64::INFINITY)), (f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!((polygamma(1, 0.0), polygamma(2, -0.0)), (f64::INFINITY, f64::NEG_INFINITY));
        for n in 1..6 {
            assert_eq!(polygamma(n, f64::INFINITY), 0.0);
        }
        for x in [-0.5, -1.0, -1e300, f64::NEG_INFINITY, f64::NAN] {
            assert!(log_gamma(x).is_nan() && polygamma(0, x).is_nan() && polygamma(3, x).is_nan(), "{x}");
        }
    }
}
