//! Texts with values in braces: `{gamma:5}` has five significant digits, `{x:.4}` four decimals, `{d:e}` a power of ten
//! from 10⁴ on, `{kappa}` all digits, and a word is itself. `{all z:2}` lists the values at all places.

use std::ops::Range;

use crate::diagnostic::Text;
use crate::language::{EquationError, Problem};
use crate::name::nearest;
use crate::numeric::significant;
use crate::output::Cell;

/// How a number is written.
#[derive(Debug, Clone, Copy)]
enum Digits {
    All,
    Significant(usize),
    Decimals(usize),
    Power,
}

impl Digits {
    fn read(text: &str) -> Option<Digits> {
        match text.strip_prefix('.') {
            Some(decimals) => decimals.parse().ok().filter(|n| *n <= 17).map(Digits::Decimals),
            None if text == "e" => Some(Digits::Power),
            None => text.parse().ok().filter(|n| (1..=17).contains(n)).map(Digits::Significant),
        }
    }

    fn write(self, cell: &Cell) -> String {
        let (Some(x), false) = (cell.number(), matches!(self, Digits::All)) else { return cell.to_string() };
        match self {
            Digits::Significant(digits) => significant(x, digits),
            Digits::Decimals(decimals) => format!("{x:.decimals$}"),
            Digits::Power if x >= 1e4 => format!("{x:e}"),
            Digits::Power | Digits::All => x.to_string(),
        }
    }
}

#[derive(Debug, Clone)]
enum Piece {
    Words(String),
    Value { name: String, digits: Digits, all: bool },
}

/// A text that is filled in.
#[derive(Debug, Clone)]
pub struct Template(Vec<Piece>);

impl Template {
    /// Reads a text in which these names have values.
    ///
    /// # Errors
    /// A brace without its other half, a name that is not known, digits that are none, at their places.
    pub fn read<'n>(
        text: &Text,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<Template, EquationError> {
        let mut pieces = Vec::new();
        let mut at = 0;
        let structure =
            |range: Range<usize>, message: &str| text.error(range, Problem::Structure(message.to_string()));
        while let Some(open) = text.value[at..].find('{').map(|open| at + open) {
            pieces.push(Piece::Words(text.value[at..open].to_string()));
            let Some(close) = text.value[open..].find('}').map(|close| open + close) else {
                return Err(structure(open..open + 1, "this brace is not closed"));
            };
            let inside = &text.value[open + 1..close];
            let (name, digits) = match inside.split_once(':') {
                None => (inside, Digits::All),
                Some((name, digits)) => {
                    let place = open + 1 + name.len() + 1..close;
                    let message = "these are no digits; write 4 for four significant digits, .4 for four decimals, e for a power of ten";
                    (name, Digits::read(digits).ok_or_else(|| structure(place, message))?)
                }
            };
            let (all, name) = name.strip_prefix("all ").map_or((false, name), |name| (true, name));
            if !names.clone().any(|known| known == name) {
                let problem =
                    Problem::UnknownName { name: name.to_string(), nearest: nearest(name, names.clone()) };
                return Err(text.error(open + 1..close, problem));
            }
            pieces.push(Piece::Value { name: name.to_string(), digits, all });
            at = close + 1;
        }
        pieces.push(Piece::Words(text.value[at..].to_string()));
        Ok(Template(pieces))
    }

    /// The text with values: those at one of several places, or at all of them.
    pub fn fill(&self, place: usize, places: usize, value: impl Fn(&str, usize) -> Cell) -> String {
        let filled = self.0.iter().map(|piece| match piece {
            Piece::Words(words) => words.clone(),
            Piece::Value { name, digits, all: false } => digits.write(&value(name, place)),
            Piece::Value { name, digits, all: true } => {
                (0..places).map(|place| digits.write(&value(name, place))).collect::<Vec<_>>().join(" and ")
            }
        });
        filled.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::Source;

    fn read(value: &str) -> Result<Template, EquationError> {
        let source = Arc::new(Source { name: "x.toml".into(), text: format!("a = \"{value}\"") });
        let text = Text::new(value.into(), 4..value.len() + 6, source);
        Template::read(&text, ["gamma", "d", "schedule"].into_iter())
    }

    #[test]
    fn values_stand_with_the_digits_that_are_asked_for() {
        let value = |name: &str, place: usize| match name {
            "gamma" => Cell::Number([-1.01737, 2e-7][place]),
            "d" => Cell::Integer([5000, 5_000_000_000][place]),
            _ => Cell::from("plain"),
        };
        for (text, place, filled) in [
            ("γ = {gamma:5}", 0, "γ = -1.0174"),
            ("{gamma:.2}, {gamma}", 0, "-1.02, -1.01737"),
            ("{gamma:1} at d = {d:e}", 1, "2e-7 at d = 5e9"),
            ("d = {d:e}, {schedule}", 0, "d = 5000, plain"),
            ("z = {all gamma:2}", 0, "z = -1 and 2e-7"),
            ("none", 0, "none"),
        ] {
            assert_eq!(read(text).unwrap().fill(place, 2, value), filled);
        }
    }

    #[test]
    fn what_is_wrong_is_shown_at_its_place() {
        for (text, part) in [
            ("γ = {gama:5}", "did you mean `gamma`?"),
            ("γ = {gama:5}", "x.toml:1:11"),
            ("{gamma", "not closed"),
            ("{gamma:x}", "no digits"),
            ("{gamma:99}", "x.toml:1:13"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
