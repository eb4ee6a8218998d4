//! Numbers as people write them: the shortest text of one, and grids without rounding errors between their ends.

/// The shortest text that reads back as the same number.
///
/// Very small and very large numbers are written with an exponent; −0 loses its sign, which means
/// nothing in a result and upsets comparisons of files.
pub fn shortest(value: f64) -> String {
    let magnitude = value.abs();
    if value.is_nan() {
        "nan".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "inf" } else { "-inf" }.to_owned()
    } else if value == 0.0 {
        "0".to_owned()
    } else if (1e-5..1e16).contains(&magnitude) {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}

/// The number with at most 12 digits, where it differs from the given one by no more than round-off: 0.6 in place
/// of 0.6000000000000001.
pub fn without_round_off(x: f64) -> f64 {
    match format!("{x:.11e}").parse::<f64>() {
        Ok(short) if (short - x).abs() <= 4.0 * f64::EPSILON * x.abs() => short,
        _ => x,
    }
}

/// Evenly spaced values; the last is exactly `to`.
pub fn grid(from: f64, to: f64, points: usize) -> Vec<f64> {
    let last = points.saturating_sub(1);
    // Interpolating between both ends gives 0.1, 0.2, … rather than sums of rounding errors.
    (0..points)
        .map(|i| {
            if i == last && last > 0 {
                to
            } else if last == 0 {
                from
            } else {
                without_round_off((from * (last - i) as f64 + to * i as f64) / last as f64)
            }
        })
        .collect()
}

/// A number to so many significant digits, without trailing zeros; with an exponent below 10⁻⁴ and
/// where the digits do not reach the decimal point.
pub fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() || value == 0.0 {
        return shortest(value);
    }
    let digits = digits.max(1);
    // Rounding first decides the exponent: 9.9999999 to six digits is 1.00000e1.
    let scientific = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let places: i64 = exponent.parse().unwrap_or(0);
    if (-4..digits as i64).contains(&places) {
        let decimals = digits as i64 - 1 - places;
        without_trailing_zeros(&format!("{value:.*}", decimals as usize)).to_owned()
    } else {
        format!("{}e{exponent}", without_trailing_zeros(mantissa))
    }
}

fn without_trailing_zeros(decimal: &str) -> &str {
    if decimal.contains('.') { decimal.trim_end_matches('0').trim_end_matches('.') } else { decimal }
}
