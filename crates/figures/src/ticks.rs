//! Where the ticks of an axis stand, and what is written at them.

/// The steps between ticks, within a power of ten.
const STEPS: [f64; 3] = [1.0, 2.0, 5.0];

/// A labelled value.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Where it stands.
    pub value: f64,
    /// What is written at it.
    pub label: String,
}

/// Ticks at the multiples of a round step, the smallest that gives no more than `most` of them.
pub fn linear_ticks(low: f64, high: f64, most: usize) -> Vec<Tick> {
    // Multiples are counted in whole numbers, so that a tick is 0 exactly, or 3·0.1 rounded once.
    let multiples = |size: f64| {
        let first = (low / size - 1e-9).ceil() as i64;
        let last = (high / size + 1e-9).floor() as i64;
        first..=last
    };
    let finest = ((high - low) / (most + 1) as f64).log10().floor() as i32;
    let mut steps = (finest..).flat_map(|exponent| STEPS.map(|step| (step, exponent)));
    let few =
        |&(step, exponent): &(f64, i32)| multiples(step * power_of_ten(exponent)).count() <= most.max(2);
    // Steps grow without end, so one is found.
    let Some((step, exponent)) = steps.find(few) else {
        return Vec::new();
    };
    let size = step * power_of_ten(exponent);

    let largest = low.abs().max(high.abs());
    let leading = largest.log10().floor() as i32;
    // Numbers from 0.001 to 99 999 are written out, others with a power of ten for the whole axis.
    let power = if (-3..5).contains(&leading) { 0 } else { leading };
    let decimals = (power - exponent).max(0) as usize;
    multiples(size)
        .map(|multiple| {
            let value = multiple as f64 * size;
            let mantissa = multiple as f64 * step * power_of_ten(exponent - power);
            let label = match (multiple, power) {
                (0, _) if power != 0 => "0".to_owned(),
                (_, 0) => with_minus(&format!("{mantissa:.decimals$}")),
                _ => with_minus(&format!("{mantissa:.decimals$}×{}", raised(power))),
            };
            Tick { value, label }
        })
        .collect()
}

/// Ticks at powers of ten, or at 1, 2, 5 times them, or evenly, whichever a range has room for; the
/// ends are decadic logarithms. With them the values of the fine grid.
pub fn logarithmic_ticks(low: f64, high: f64, most: usize) -> (Vec<Tick>, Vec<f64>) {
    let (first, last) = ((low - 1e-9).ceil() as i32, (high + 1e-9).floor() as i32);
    let within = |value: &f64| (low - 1e-9..=high + 1e-9).contains(&value.log10());
    let decades = low.floor() as i32..=high.floor() as i32;
    let multiples_of = |steps: &'static [f64]| {
        let decade = move |exponent| steps.iter().map(move |step| step * power_of_ten(exponent));
        decades.clone().flat_map(decade).filter(within)
    };
    let fine = if last - first < 8 {
        multiples_of(&[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]).collect()
    } else {
        Vec::new()
    };

    if last > first {
        let count = (last - first) as usize + 1;
        let stride = count.div_ceil(most.max(2)) as i32;
        let written_out = first >= -3 && last <= 4;
        let tick = |exponent: i32| Tick {
            value: power_of_ten(exponent),
            label: if written_out { format!("{}", power_of_ten(exponent)) } else { raised(exponent) },
        };
        let multiples = (first..=last).filter(|exponent| exponent.rem_euclid(stride) == 0);
        return (multiples.map(tick).collect(), fine);
    }
    let some: Vec<Tick> =
        multiples_of(&STEPS).map(|value| Tick { value, label: round_label(value) }).collect();
    if some.len() >= 3 {
        return (some, fine);
    }
    // Values lie within 10^±300 (see `Scale::shows`), so both powers are finite.
    let even = linear_ticks(10_f64.powf(low), 10_f64.powf(high), most);
    (even, Vec::new())
}

/// A round positive number, written out if it is neither very small nor very large.
fn round_label(value: f64) -> String {
    let exponent = (value.log10() + 1e-9).floor() as i32;
    if (-3..5).contains(&exponent) {
        format!("{:.*}", (-exponent).max(0) as usize, value)
    } else {
        let mantissa = (value / power_of_ten(exponent)).round();
        format!("{mantissa}×{}", raised(exponent))
    }
}

/// 10ⁿ, correctly rounded (`powi` is not).
fn power_of_ten(exponent: i32) -> f64 {
    format!("1e{exponent}").parse().unwrap_or(f64::NAN)
}

/// 10ⁿ as text.
fn raised(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let small = |c: char| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]);
    format!("10{}", exponent.to_string().chars().map(small).collect::<String>())
}

/// A number with the true minus sign, which is as wide as a digit.
fn with_minus(number: &str) -> String {
    number.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::super::axis::{Axis, Scale};

    fn axis(values: &[f64], log: bool) -> Axis {
        Axis::around(values.iter().copied(), Scale::new(log), 0.05, 6).unwrap()
    }

    fn labels(values: &[f64], log: bool) -> Vec<String> {
        let ticks = axis(values, log).ticks.into_iter();
        ticks.map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_stand_at_round_values() {
        assert_eq!(labels(&[0.0, 1.0], false), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&[-1.0, 1.0], false), ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(labels(&[0.0, 2.0], false), ["0.0", "0.5", "1.0", "1.5", "2.0"]);
        assert_eq!(labels(&[0.0, 400.0], false), ["0", "100", "200", "300", "400"]);
        assert_eq!(labels(&[0.1, 0.3], false), ["0.10", "0.15", "0.20", "0.25", "0.30"]);
    }

    #[test]
    fn very_small_and_very_large_values_share_a_power_of_ten() {
        assert_eq!(labels(&[0.0, 2e-5], false), ["0", "0.5×10⁻⁵", "1.0×10⁻⁵", "1.5×10⁻⁵", "2.0×10⁻⁵"]);
        assert_eq!(labels(&[-3e7, 1e7], false), ["−3×10⁷", "−2×10⁷", "−1×10⁷", "0", "1×10⁷"]);
    }

    #[test]
    fn no_label_has_a_signed_zero_or_rounding_digits() {
        for start in -50..50 {
            for width in [0.003, 0.07, 0.3, 1.0, 4.0, 11.0, 350.0] {
                let low = f64::from(start) * 0.1 * width;
                let axis = axis(&[low, low + width], false);
                assert!((2..=6).contains(&axis.ticks.len()), "{axis:?}");
                for tick in &axis.ticks {
                    let number = tick.label.replace('−', "-");
                    assert!(tick.label.chars().count() <= 8, "{}", tick.label);
                    assert!(!(number.starts_with('-') && number.parse() == Ok(0.0)), "{number}");
                    let error = number.parse::<f64>().unwrap() - tick.value;
                    assert!(error.abs() <= 1e-9 * width, "{number} at {}", tick.value);
                }
                let mut labels: Vec<_> = axis.ticks.iter().map(|tick| &tick.label).collect();
                labels.dedup();
                assert_eq!(labels.len(), axis.ticks.len());
            }
        }
    }

    #[test]
    fn a_logarithmic_axis_has_ticks_at_powers_of_ten() {
        assert_eq!(labels(&[0.01, 100.0], true), ["0.01", "0.1", "1", "10", "100"]);
        assert_eq!(labels(&[1e-6, 1e-2], true), ["10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²"]);
        assert_eq!(labels(&[1e-17, 1.0], true).len(), 6);
        assert_eq!(axis(&[1.0, 10.0], true).fine[1..], [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    }

    #[test]
    fn a_short_logarithmic_axis_still_has_ticks() {
        assert_eq!(labels(&[8.0, 70.0], true), ["10", "20", "50"]);
        assert_eq!(labels(&[1.5, 9.0], true), ["2", "4", "6", "8"]);
        assert_eq!(labels(&[3.0], true), ["1", "2", "5"]);
        assert!(labels(&[2e-7, 9e-7], true).len() >= 3);
        assert!(labels(&[300.0, 310.0], true).len() >= 2);
    }
}
