//! A root between two places, by values alone: no Newton step and no bracket is shared with those of the engine.

/// Secants and halvings of a bracket.
const STEPS: usize = 400;

/// A root between two places, by secants and halving, and how wide the bracket is in which it lies.
pub fn halved(at: &dyn Fn(f64) -> f64, mut a: f64, mut b: f64) -> Option<(f64, f64)> {
    let (mut fa, mut fb) = (at(a), at(b));
    if !(fa * fb <= 0.0) {
        return None;
    }
    // What is minimal sticks at 0 where |p| is in it, and 0 is a thousand halvings away: looked at once a bracket is left with it. (Where a
    // value is infinite at 0, halvings are what leads to small roots.)
    let beside_0 = |round: usize, finite: bool| match round {
        8 if finite => Some(f64::MIN_POSITIVE),
        9 if finite => Some(-f64::MIN_POSITIVE),
        _ => None,
    };
    for round in 0..STEPS {
        let middle = 0.5 * (a + b);
        if fa == 0.0 || fb == 0.0 || middle == a || middle == b || (b - a).abs() <= 2.0 * f64::MIN_POSITIVE {
            break;
        }
        let inside = |p: f64| a.min(b) < p && p < a.max(b);
        let secant = b - fb * ((b - a) / (fb - fa));
        // Every other step halves, so that no shape of the equation can hold the bracket open.
        let p = match beside_0(round, fa.is_finite() && fb.is_finite()) {
            Some(p) if inside(p) => p,
            _ if round % 2 == 0 && inside(secant) => secant,
            _ => middle,
        };
        let f = at(p);
        if f.is_nan() {
            return None;
        }
        if (f > 0.0) == (fa > 0.0) && f != 0.0 { (a, fa) = (p, f) } else { (b, fb) = (p, f) }
    }
    let width = if fa == 0.0 || fb == 0.0 { 0.0 } else { (b - a).abs() };
    Some((if fa.abs() < fb.abs() { a } else { b }, width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// The root, how wide its bracket is, and at how many places it was looked for.
    fn found(f: impl Fn(f64) -> f64, a: f64, b: f64) -> (f64, f64, usize) {
        let asked = Cell::new(0);
        let at = |x: f64| {
            asked.set(asked.get() + 1);
            f(x)
        };
        let (p, width) = halved(&at, a, b).unwrap();
        (p, width, asked.get())
    }

    #[test]
    fn roots_jumps_and_kinks_are_found_to_rounding() {
        let (p, width, _) = found(|x| x * x * x - 2.0, 0.0, 2.0);
        assert!((p - 2f64.cbrt()).abs() <= 3e-16 && width <= 3e-16, "{p} {width}");
        for (a, b) in [(-1.0, 2.0), (2.0, -1.0), (0.0, 1.0)] {
            let (p, width, _) = found(|x| if x < 0.3 { -1.0 } else { 7.0 }, a, b);
            assert!((p - 0.3).abs() <= 1e-16 && width <= 1e-16, "{p} {width}");
        }
        // Small roots, where the function is finite at 0 and where it is not.
        for small in [1e-12, -1e-40] {
            let (p, ..) = found(|x| x.powi(3) - f64::powi(small, 3), -1.0, 2.0);
            assert!((p - small).abs() <= 1e-14 * small.abs(), "{p} {small}");
        }
        let (p, ..) = found(|x| x.ln() + 40.0, 0.0, 1.0);
        assert!((p / (-40f64).exp() - 1.0).abs() < 1e-13, "{p}");
    }

    #[test]
    fn a_minimum_that_sticks_at_0_takes_few_places() {
        // The slope of p²/2 − zp + |p|, which is 0 nowhere.
        for z in [0.0, 0.3, -0.9] {
            let slope = |p: f64| p - z + if p < 0.0 { -1.0 } else { 1.0 };
            for (a, b) in [(-1.0, 2.0), (2.0, -5.0)] {
                let (p, width, asked) = found(slope, a, b);
                assert!(p.abs() <= 1e-307 && width <= 1e-307 && asked <= 15, "z = {z}: {p} {width} {asked}");
            }
        }
    }

    #[test]
    fn what_has_no_change_of_sign_or_is_no_number_has_no_root() {
        assert_eq!(halved(&|x: f64| x * x + 1.0, -1.0, 1.0), None);
        assert_eq!(halved(&|x: f64| if x.abs() < 0.9 { f64::NAN } else { x }, -1.0, 1.0), None);
        assert_eq!(halved(&|x: f64| x, 0.0, 1.0), Some((0.0, 0.0)));
    }
}
