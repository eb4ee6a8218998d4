//! Where the slider of a parameter begins and ends: where its file says, or around its default, and as far as its domain goes.

use serde_json::{Value as Json, json};

use overlaps::output::json::number;
use overlaps::system::Theory;
use overlaps::value::{Parameter, Value};

/// How far a slider on a logarithmic scale goes from the default, as a factor.
const FACTOR: f64 = 100.0;
/// Halvings to the end of a domain.
const HALVINGS: usize = 60;

/// A slider.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slider {
    /// Its left end.
    pub from: f64,
    /// Its right end.
    pub to: f64,
    /// Whether equal steps are equal ratios.
    pub log: bool,
    /// Whether it stops at whole numbers only.
    pub whole: bool,
}

impl Slider {
    /// That of a parameter with numbers as values.
    pub fn of(theory: &Theory, parameter: &Parameter, default: f64) -> Slider {
        let accepts = |x: f64| accepts(theory, &parameter.name, x);
        let default = if default.is_finite() { default } else { 10.0 };
        let is_size = theory.counts().iter().any(|(name, _)| *name == parameter.name);
        let is_stepwise = !accepts(default + 0.5) && (accepts(default + 1.0) || accepts(default - 1.0));
        let whole = default.fract() == 0.0 && (is_size || is_stepwise);
        let size = default.abs().max(1.0);
        let around = |least: f64, most: f64| {
            let default = default.clamp(least, most);
            let accepts = |x: f64| accepts(if whole { x.round() } else { x });
            let (from, to) = (end(default, least, accepts), end(default, most, accepts));
            let whole_end = |x: f64, inside: fn(f64) -> f64| if whole { inside(x) } else { x };
            Slider { from: whole_end(from, f64::ceil), to: whole_end(to, f64::floor), log: false, whole }
        };
        if let Some([from, to]) = parameter.slider {
            return Slider { log: from > 0.0 && to >= FACTOR * from, ..around(from, to) };
        }
        // There are as many equations as an index has values.
        if is_size && whole && default >= 1.0 {
            return around(1.0, 2.0 * default + 2.0);
        }
        if accepts(-size) || default < 0.0 {
            return around(default - 2.0 * size, default + 2.0 * size);
        }
        if default == 0.0 {
            return around(0.0, 2.0);
        }
        let slider = around(0.0, FACTOR * default);
        // A domain that ends, such as that of a fraction, or few whole numbers, are shown as they are.
        if slider.to < FACTOR * default || whole && default < 4.0 {
            return if whole && slider.to > 24.0 { around(0.0, default + 9.0) } else { slider };
        }
        let from = if whole { slider.from.max(1.0) } else { slider.from.max(default / FACTOR) };
        Slider { from, log: true, ..slider }
    }

    /// For the page.
    pub fn json(&self) -> Json {
        json!({"from": number(self.from), "to": number(self.to), "log": self.log, "whole": self.whole})
    }
}

/// Whether a number is in the domain, with all other parameters at their defaults.
fn accepts(theory: &Theory, name: &str, x: f64) -> bool {
    let with_it = || theory.known().filter(|known| known.all.iter().any(|own| own.name == name));
    with_it().all(|known| known.check(&[(name.to_string(), Value::Number(x))]).is_ok())
}

/// The end of a domain on the way from an accepted number to another, to three digits where these are accepted.
fn end(start: f64, goal: f64, accepts: impl Fn(f64) -> bool) -> f64 {
    if accepts(goal) || start == goal {
        return goal;
    }
    let (mut inside, mut outside) = (start, goal);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (inside + outside);
        if accepts(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    // The domain is open there: a little before it.
    let before = outside + (start - outside) * 1e-3;
    let near = if outside.abs() < 1e-9 * (goal - start).abs() { 0.0 } else { rounded(outside) };
    let candidates = [near, rounded(before), before, inside];
    let lies_inside = |x: &f64| accepts(*x) && (*x - start) * (outside - start) >= 0.0;
    candidates.into_iter().find(lies_inside).unwrap_or(start)
}

fn rounded(x: f64) -> f64 {
    format!("{x:.2e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_domain_is_found_from_inside() {
        assert_eq!(end(0.3, 30.0, |x| x <= 1.0), 1.0);
        assert_eq!(end(0.5, 0.0, |x| x > 0.0 && x < 1.0), 0.0005);
        assert!((0.99..1.0).contains(&end(0.5, 50.0, |x| x > 0.0 && x < 1.0)));
        assert_eq!(end(5.0, 0.0, |x| x.round() >= 1.0), 0.5);
        assert_eq!(end(2.0, 7.0, |_| true), 7.0);
    }

    #[test]
    fn a_slider_of_the_file_goes_where_it_says_as_far_as_the_domain_does() {
        let slider = |parameter: &str| {
            let text = format!(
                "title = \"a line\"\ncontrol = {{ name = \"t\", from = 0, to = 1, points = 3 }}\n\
                 [parameters]\n{parameter}\n[outputs]\ny = {{ value = \"t\" }}\n"
            );
            let theory = Theory::parse_at("line.toml".as_ref(), &text).unwrap();
            let known = theory.known().next().unwrap();
            Slider::of(&theory, &known.all[0], known.check(&[]).unwrap()[0])
        };
        let plain = Slider { from: 0.0, to: 4.0, log: false, whole: false };
        assert_eq!(slider("a = { default = 1, slider = [0, 4] }"), plain);
        assert_eq!(slider(r#"a = { default = 1, domain = "a >= 0", slider = [-1, 4] }"#), plain);
        let log = slider("a = { default = inf, slider = [0.1, 10] }");
        assert_eq!(log, Slider { from: 0.1, to: 10.0, log: true, whole: false });
        let whole = slider(r#"k = { default = 2, domain = "k == 1 || k == 2 || k == 3", slider = [1, 3] }"#);
        assert_eq!(whole, Slider { from: 1.0, to: 3.0, log: false, whole: true });
    }

    #[test]
    fn how_far_an_index_runs_is_a_small_whole_number() {
        let theory = Theory::load("denoiser-units").unwrap();
        let known = theory.known().next().unwrap();
        let parameter = known.all.iter().find(|parameter| parameter.name == "K").unwrap();
        let slider = Slider::of(&theory, parameter, 2.0);
        assert_eq!(slider, Slider { from: 2.0, to: 6.0, log: false, whole: true });
    }

    #[test]
    fn every_slider_of_the_library_lies_in_its_domain_and_holds_the_default() {
        for built_in in overlaps::system::BUILT_IN {
            let theory = Theory::load(built_in.name).unwrap();
            for known in theory.known() {
                let defaults = known.check(&[]).unwrap();
                for (parameter, default) in known.all.iter().zip(defaults) {
                    if !parameter.words.is_empty() {
                        continue;
                    }
                    let slider = Slider::of(&theory, parameter, default);
                    let name = format!("{}: {} = {default}: {slider:?}", built_in.name, parameter.name);
                    assert!(
                        slider.from <= slider.to && slider.from.is_finite() && slider.to.is_finite(),
                        "{name}"
                    );
                    assert!(!slider.log || slider.from > 0.0, "{name}");
                    let ends = [slider.from, slider.to].map(|x| accepts(&theory, &parameter.name, x));
                    let alone = slider.from == slider.to;
                    assert!(alone || ends == [true, true], "{name} {ends:?}");
                    assert!(
                        default.is_infinite() || slider.from <= default && default <= slider.to,
                        "{name}"
                    );
                }
            }
        }
    }
}
