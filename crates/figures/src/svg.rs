//! Text in SVG: escaped, and indices of symbols set as indices.

use std::fmt::Write;

/// A text in which no sign has a meaning in XML.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A text with what follows `_` after a single letter set small and low: in `q_η₊`, `η₊`.
pub fn with_indices(text: &str) -> String {
    let mut marked = String::new();
    let mut rest = text;
    // Whether the text after an index must be raised to the baseline again.
    let mut lowered = false;
    while let Some((before, index, after)) = next_index(rest) {
        push_raised(&mut marked, before, lowered);
        let plain: String = index.chars().map(plain_sign).collect();
        // Writing to a string cannot fail.
        let _ = write!(marked, "<tspan dy=\"0.3em\" font-size=\"75%\">{plain}</tspan>");
        rest = after;
        lowered = true;
    }
    push_raised(&mut marked, rest, lowered);
    marked
}

/// What an index of 0.3 em at 75 % lowered by: 0.225 em of the text around it.
fn push_raised(marked: &mut String, text: &str, lowered: bool) {
    if !lowered {
        marked.push_str(text);
    } else if !text.is_empty() {
        let _ = write!(marked, "<tspan dy=\"-0.225em\">{text}</tspan>");
    }
}

/// The text up to the first index (the letter included), the index, and the text after it.
fn next_index(text: &str) -> Option<(&str, &str, &str)> {
    let is_index = |c: char| c.is_alphanumeric() || "+-−,₊₋⁺⁻".contains(c);
    text.match_indices('_').find_map(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + 1..]);
        let mut backwards = before.chars().rev();
        let on_a_letter = backwards.next().is_some_and(char::is_alphabetic)
            && !backwards.next().is_some_and(|c| c.is_alphanumeric() || c == '_');
        let length = after.find(|c| !is_index(c)).unwrap_or(after.len());
        // A comma at the end belongs to the sentence.
        let index = after[..length].trim_end_matches(',');
        let found = on_a_letter && !index.is_empty();
        found.then(|| (before, index, &after[index.len()..]))
    })
}

/// The full-size sign for a small one, since the index is small already.
fn plain_sign(character: char) -> char {
    match character {
        '₊' | '⁺' => '+',
        '₋' | '⁻' | '-' => '−',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_set_small_and_low() {
        assert_eq!(with_indices("q_η₊"), "q<tspan dy=\"0.3em\" font-size=\"75%\">η+</tspan>");
        assert_eq!(
            with_indices("p_η₋, t = 1"),
            "p<tspan dy=\"0.3em\" font-size=\"75%\">η−</tspan><tspan dy=\"-0.225em\">, t = 1</tspan>"
        );
    }

    #[test]
    fn words_with_underscores_stay_as_they_are() {
        for text in ["first_phase", "mse (test)", "ω", "_", "x_", "a __ b", "10_000"] {
            assert_eq!(with_indices(text), text);
        }
    }
}
