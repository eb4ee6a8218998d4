//! How many digits a function has, for the tests of this room.

/// Values by mpmath 1.3 (40 digits and more, rounded to 17).
pub fn assert_right(name: &str, function: impl Fn(f64) -> f64, values: &[(f64, f64)], units: f64) {
    for &(x, value) in values {
        let found = function(x);
        let off = ((found - value) / value).abs() / f64::EPSILON;
        assert!(off <= units, "{name}({x}) = {found:e}, {off:.1} units off {value:e}");
    }
}
