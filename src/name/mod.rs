//! Names: as they are compared, as they are spelled in files and written in figures ([`symbol_of`], [`ascii_name`]), and
//! which of those that are known is meant by one that is not ([`did_you_mean`]).
//!
//! One letter is one letter, whatever code a keyboard gives it.
//! The micro sign µ is the letter μ, the ohm sign Ω the letter Ω, é one letter or e with an accent: names are brought to the
//! normal form NFKC of Unicode (as identifiers in Python are) where they enter, in equation files, on the command line and
//! in the headers of tables.

mod nearest;
mod symbol;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

pub use nearest::{did_you_mean, nearest};
pub use symbol::{ascii_name, latex_of, math_of, symbol_of};

/// Characters whose compatible forms are no letters of names (₊ → +), or another letter (ℓ → l).
const KEPT: &str = "₊⁺₋⁻ℓ";

/// The form in which names are compared and shown.
pub fn canonical(name: &str) -> String {
    if name.is_ascii() {
        return name.to_string();
    }
    // What is kept stands between parts, each of which has its normal form.
    let mut canonical = String::new();
    for part in name.split_inclusive(|c| KEPT.contains(c)) {
        match part.chars().next_back().filter(|last| KEPT.contains(*last)) {
            Some(kept) => {
                canonical.extend(part[..part.len() - kept.len_utf8()].nfkc());
                canonical.push(kept);
            }
            None => canonical.extend(part.nfkc()),
        }
    }
    canonical
}

/// The letters and marks that a character is composed of: é is e and an accent.
pub fn decomposed(character: char) -> impl Iterator<Item = char> {
    let kept = KEPT.contains(character).then_some(character);
    let parts = std::iter::once(character).nfkd().filter(move |_| kept.is_none());
    kept.into_iter().chain(parts)
}

/// Whether a character is an accent or another mark that is set on a letter.
pub fn is_accent(character: char) -> bool {
    is_combining_mark(character)
}

/// Whether a text can be a name in an equation file: letters, accents on them, digits and `_`, no digit first.
pub fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && characters.all(|c| c.is_alphanumeric() || c == '_' || is_accent(c))
}

/// The parts of a text that can be names, numbers among them.
pub fn words_in(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || is_accent(c)));
    parts.filter(|part| !part.is_empty())
}

/// Whether a text can be one of the values of a parameter of words. `inf` and `nan` are numbers.
pub fn is_word(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && text.parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_look_the_same_are_the_same() {
        for (given, name) in [
            ("µ", "μ"),
            ("\u{2126}", "Ω"),
            ("e\u{301}", "é"),
            ("ϕ", "φ"),
            ("ϑ_1", "θ_1"),
            ("\u{212b}", "Å"),
            ("ｍ", "m"),
            ("x₁", "x1"),
            ("σ²", "σ2"),
        ] {
            assert_eq!(canonical(given), name);
        }
    }

    #[test]
    fn names_stay_as_they_are() {
        for name in ["q_eta_plus", "ω", "q_η₊", "ℓ", "φ′", "r\u{302}", "变", ""] {
            assert_eq!(canonical(name), name);
        }
    }
}
