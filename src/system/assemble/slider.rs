//! Where the sliders of parameters begin and end.

use toml::Spanned;

use super::Builder;
use crate::language::error::EquationError;
use crate::system::equations::System;
use crate::system::schema::Number;
use crate::value::parameter::Parameters;

/// The two ends, where there are two.
pub fn ends(slider: &Spanned<Vec<Spanned<Number>>>) -> Option<[f64; 2]> {
    match slider.get_ref().as_slice() {
        [from, to] => Some([from.get_ref().0, to.get_ref().0]),
        _ => None,
    }
}

impl Builder<'_> {
    /// A slider is a pair of finite numbers, the smaller first, around the default.
    pub(super) fn check_sliders(&self, system: &System) -> Result<(), EquationError> {
        let all = Parameters { whose: system.name(), all: &system.parameters };
        for ((name, entry), default) in self.file.parameters.iter().zip(all.numbers(&[])) {
            let Some(slider) = &entry.slider else { continue };
            let name = name.get_ref();
            let refused =
                |why: String| Err(self.structure(slider.span(), format!("the slider of `{name}` {why}")));
            if entry.values.is_some() {
                return refused("is not possible: its values are words; leave out `slider`".into());
            }
            let Some([from, to]) = ends(slider) else {
                return refused("is a pair [from, to]".into());
            };
            if !(from.is_finite() && to.is_finite()) {
                return refused(format!("goes from {from} to {to}; its ends are finite numbers"));
            }
            if from >= to {
                return refused(format!("goes from {from} to {to}; the smaller end stands first"));
            }
            // An infinite default is beyond any slider.
            if default.is_finite() && !(from <= default && default <= to) {
                return refused(format!("from {from} to {to} does not hold its default {default}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::system::Theory;

    fn read(parameter: &str) -> Result<Theory, String> {
        let text = format!(
            "title = \"a line\"\ncontrol = {{ name = \"t\", from = 0, to = 1, points = 3 }}\n\
             [parameters]\n{parameter}\n[outputs]\ny = {{ value = \"t\" }}\n"
        );
        Theory::parse_at(Path::new("line.toml"), &text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_slider_is_kept_and_shown_and_bounds_nothing() {
        let theory =
            read(r#"a = { default = 2, domain = "a > 0", slider = [0.5, 4], meaning = "gain" }"#).unwrap();
        let known = theory.known().next().unwrap();
        assert_eq!(known.all[0].slider, Some([0.5, 4.0]));
        let shown = theory.to_string();
        assert!(shown.contains("a = 2   [a > 0]   gain   (slider from 0.5 to 4)"), "{shown}");
        assert!(known.check(&[("a".into(), 100.0.into())]).is_ok());
        assert!(read("a = { default = inf, slider = [1, 100] }").is_ok());
        assert_eq!(read("a = { default = 2 }").unwrap().known().next().unwrap().all[0].slider, None);
    }

    #[test]
    fn a_slider_that_is_none_is_refused_at_its_place() {
        for (slider, words) in [
            ("[4, 0]", "the slider of `a` goes from 4 to 0; the smaller end stands first"),
            ("[2, 2]", "the smaller end stands first"),
            ("[0, inf]", "the slider of `a` goes from 0 to inf; its ends are finite numbers"),
            ("[nan, 3]", "its ends are finite numbers"),
            ("[3, 4]", "the slider of `a` from 3 to 4 does not hold its default 2"),
            ("[1]", "the slider of `a` is a pair [from, to]"),
            ("[0, 1, 2]", "the slider of `a` is a pair [from, to]"),
            ("4", "expected a sequence"),
            ("[\"b\", 1]", "number"),
        ] {
            let error = read(&format!("a = {{ default = 2, slider = {slider} }}")).unwrap_err();
            assert!(error.contains(words) && error.contains("line.toml:4:"), "{error}");
        }
        let words = read(r#"a = { default = "up", values = ["up", "down"], slider = [0, 1] }"#).unwrap_err();
        assert!(words.contains("its values are words; leave out `slider`"), "{words}");
    }
}
