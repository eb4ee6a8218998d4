//! The distribution function of two correlated normal variables, with its digits in the tails and for any correlation.
//!
//! In coordinates in which the variables are independent the event is a wedge, whose apex is at a distance R from the origin. Along a
//! ray from the apex at an angle ψ to the way to the origin, with y = R cos ψ, the density integrates to
//!
//! ```text
//! f(ψ) = [e^(−R²/2) + √(2π) y Φ(y) e^(−(R sin ψ)²/2)]/(2π)
//! ```
//!
//! (for y < 0 the same as e^(−R²/2) (1 − |y| (1 − Φ(|y|))/φ(y))/(2π)): one smooth and positive function, which falls as ψ grows. It is integrated
//! between the edges of the wedge, so that nothing cancels, whatever the arguments.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::tails::mills_deficit;

/// Nodes above 0 and weights of the Gauss–Legendre rule of 16 points.
const RULE: [(f64, f64); 8] = [
    (0.09501250983763744, 0.1894506104550685),
    (0.28160355077925891, 0.18260341504492359),
    (0.45801677765722739, 0.16915651939500254),
    (0.61787624440264375, 0.14959598881657673),
    (0.75540440835500303, 0.12462897125553387),
    (0.86563120238783174, 0.095158511682492785),
    (0.94457502307323258, 0.062253523938647893),
    (0.98940093499164993, 0.027152459411754095),
];
/// 1/(2π)
const INVERSE_2_PI: f64 = 0.159_154_943_091_895_34;
/// √(2π)
const SQRT_2_PI: f64 = 2.506_628_274_631_000_5;
/// Beyond, a variable is below for certain; to the left of −½ of it, the probability is less than any number.
const CERTAIN: f64 = 100.0;

/// P(X ≤ a, Y ≤ b) for normal variables X and Y of mean 0, variance 1 and correlation ρ.
pub fn bivariate_normal_cdf(a: f64, b: f64, rho: f64) -> f64 {
    if a.is_nan() || b.is_nan() || !(-1.0..=1.0).contains(&rho) {
        return f64::NAN;
    }
    if a.min(b) < -0.5 * CERTAIN {
        return 0.0;
    }
    if a.max(b) > CERTAIN || rho == 1.0 {
        return cdf(a.min(b));
    }
    if rho == -1.0 {
        // P(−b ≤ X ≤ a), from the tail where both ends are.
        let (low, high) = (-b, a);
        return if low >= high {
            0.0
        } else if low > 0.0 {
            cdf(-low) - cdf(-high)
        } else {
            cdf(high) - cdf(low)
        };
    }
    let s = libm::sqrt((1.0 - rho) * (1.0 + rho));
    // The apex is (a, (b − ρa)/s), and (b, (a − ρb)/s) where the roles are exchanged.
    let (along_a, along_b) = (difference(b, rho, a) / s, difference(a, rho, b) / s);
    let radius = libm::hypot(a, along_a);
    // Angles of both edges to the way to the origin.
    let (alpha, beta) = (libm::atan2(a.abs(), along_a), libm::atan2(b.abs(), along_b));
    let opening = libm::atan2(s, -rho);
    if radius == 0.0 {
        return INVERSE_2_PI * opening;
    }
    if radius == 0.0 {
        return INVERSE_2_PI * opening;
    }
    // A thin wedge is known by its width.
    let over = |from: f64, width: f64| integral(radius, from, width.min(PI - from));
    let rest = |x: f64, along: f64| libm::atan2(x.abs(), -along);
    match (a >= 0.0, b >= 0.0) {
        // The way to the origin lies inside, …
        (true, true) => over(0.0, alpha) + over(0.0, beta),
        // … its continuation beyond the apex does, …
        (false, false) => {
            integral(radius, alpha, rest(a, along_a)) + integral(radius, beta, rest(b, along_b))
        }
        // … or neither.
        (true, false) => over(beta, opening),
        (false, true) => over(alpha, opening),
    }
}

/// Φ(x).
fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// b − ρa, of which the product is not rounded (T. J. Dekker, Numer. Math. 18, 1971): where ρ is near 1, no digits are left of a
/// rounded one.
fn difference(b: f64, rho: f64, a: f64) -> f64 {
    let split = |x: f64| {
        let scaled = 134_217_729.0 * x;
        let high = scaled - (scaled - x);
        (high, x - high)
    };
    let product = rho * a;
    let ((r, r_low), (x, x_low)) = (split(rho), split(a));
    let error = ((r * x - product) + r * x_low + r_low * x) + r_low * x_low;
    (b - product) - error
}

/// ∫ f from an angle on, over panels on which log f changes by a few units.
fn integral(radius: f64, from: f64, width: f64) -> f64 {
    let at_apex = libm::exp(-0.5 * radius * radius);
    let density = |angle: f64| {
        let along = radius * libm::cos(angle);
        if along < 0.0 {
            return at_apex * mills_deficit(-along);
        }
        let across = radius * libm::sin(angle);
        at_apex + SQRT_2_PI * along * cdf(along) * libm::exp(-0.5 * across * across)
    };
    let (mut sum, mut done) = (0.0, 0.0);
    while done < width {
        let (across, along) = (radius * libm::sin(from + done), radius * libm::cos(from + done));
        let step = if along > 0.0 { 3f64.min(8.0 / across) } else { 2.0 - along };
        let mut end = done + (step / radius).min(1.2);
        // No panel is much shorter than the others.
        if end + 0.1 * (end - done) > width {
            end = width;
        }
        let (middle, half) = (from + 0.5 * (done + end), 0.5 * (end - done));
        let panel: f64 = RULE
            .iter()
            .map(|(x, weight)| weight * (density(middle - half * x) + density(middle + half * x)))
            .sum();
        sum += half * panel;
        if half * panel < 1e-18 * sum {
            break;
        }
        done = end;
    }
    INVERSE_2_PI * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_its_digits_in_the_tails_and_for_any_correlation() {
        // mpmath 1.3, 50 digits: the density integrated over the correlation from −1, rounded to 17 digits.
        for ([a, b, rho], value) in [
            ([0.3, -0.2, 0.5], 0.33619843701551877),
            ([1.7, 0.4, -0.8], 0.61088096114425158),
            ([-2.5, -1.5, 0.3], 0.0015379129507226923),
            ([-2.5, -1.5, -0.3], 4.4304430082745017e-5),
            ([-8.0, -9.0, 0.3], 1.9323876520553382e-27),
            ([-8.0, -9.0, 0.999], 1.1285884059538406e-19),
            ([-1.25, -1.5, -0.99], 4.572543740853014e-87),
            ([1.0, -3.0, -0.9], 1.7848133861460294e-8),
            ([1.0, -3.0, 0.9], 0.0013498980316300945),
            ([2.0, 2.5, -0.9999], 0.97104020272604466),
            ([0.0, 1.5, 0.7], 0.49759685897058277),
            ([0.0, 0.0, -0.875], 0.080430623255166244),
            ([0.0, 0.0, 0.9999999999], 0.49999774920911647),
            ([5.5, 6.5, 0.1], 0.99999998097027755),
            ([-0.75, -0.75, 0.9999999999999991], 0.22662734731349528),
            ([-0.75, 0.75, -0.9999999999990905], 1.620279335384993e-7),
            ([1e-300, -1.0, 0.25], 0.10345570630580473),
            ([-30.0, 1.0, 0.5], 4.9067139271481871e-198),
            ([20.0, -3.0, -0.5], 0.0013498980316300945),
            ([-0.5, 0.625, 0.0], 0.22647101825657134),
        ] {
            for (a, b) in [(a, b), (b, a)] {
                let found = bivariate_normal_cdf(a, b, rho);
                let off = ((found - value) / value).abs() / f64::EPSILON;
                // An exponent E is rounded to up to 3E units.
                assert!(
                    off <= 8.0 - 3.0 * value.ln(),
                    "{a} {b} {rho}: {found:e}, {off:.1} units off {value:e}"
                );
            }
        }
    }

    #[test]
    fn a_quadrant_is_known_in_closed_form() {
        // Sheppard: 1/4 + asin(ρ)/(2π)
        for i in -20..=20 {
            let rho = f64::from(i) / 20.0;
            let found = bivariate_normal_cdf(0.0, 0.0, rho);
            let value = 0.25 + libm::asin(rho) * INVERSE_2_PI;
            assert!((found - value).abs() <= 2e-16, "{rho}: {found} {value}");
        }
    }

    #[test]
    fn its_ends_are_limits_and_what_has_none_is_no_number() {
        let (inf, least) = (f64::INFINITY, f64::NEG_INFINITY);
        for x in [-3.0, 0.0, 0.7] {
            for rho in [-1.0, -0.3, 0.0, 0.9, 1.0] {
                assert_eq!(bivariate_normal_cdf(x, inf, rho), cdf(x));
                assert_eq!(bivariate_normal_cdf(least, x, rho), 0.0);
                for out in [x + 10.0, 2.0 * x] {
                    let found = bivariate_normal_cdf(x, out, 1.0);
                    assert_eq!(found, cdf(x.min(out)), "{x} {out}");
                }
            }
        }
        assert_eq!((bivariate_normal_cdf(inf, inf, 0.5), bivariate_normal_cdf(inf, least, 0.5)), (1.0, 0.0));
        assert_eq!(
            (bivariate_normal_cdf(-0.3, 0.2, -1.0), bivariate_normal_cdf(0.3, -0.3, -1.0)),
            (0.0, 0.0)
        );
        let between = bivariate_normal_cdf(9.0, -8.0, -1.0);
        // Φ(−8) − Φ(−9), mpmath.
        assert!((between / 6.219_831_985_865_830_3e-16 - 1.0).abs() < 1e-13, "{between:e}");
        for [a, b, rho] in
            [[f64::NAN, 0.0, 0.0], [inf, f64::NAN, 0.0], [0.0, 0.0, f64::NAN], [0.0, 0.0, 1.0 + 1e-15]]
        {
            assert!(bivariate_normal_cdf(a, b, rho).is_nan(), "{a} {b} {rho}");
        }
    }

    #[test]
    fn it_is_continuous_where_the_pieces_meet() {
        for rho in [-0.999, -0.5, 0.0, 0.7, 0.999_999] {
            for b in [-2.0, -1e-9, 0.0, 1e-9, 1.3] {
                let [left, right] = [-1e-17, 1e-17].map(|a| bivariate_normal_cdf(a, b, rho));
                assert!((left - right).abs() <= 2e-16, "{b} {rho}: {left:e} {right:e}");
            }
        }
    }
}
