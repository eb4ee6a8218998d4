//! The two names of a quantity: plain ASCII in files (`q_eta_plus`), the field's symbol in figures
//! (`q_η₊`).

use super::{decomposed, is_accent};
use crate::mathematics::{Accent, Math, sign};

/// Greek letters and their spelled names; the first symbol of a name is the one that is written.
const GREEK: &[(&str, char)] = &[
    ("alpha", 'α'),
    ("beta", 'β'),
    ("gamma", 'γ'),
    ("delta", 'δ'),
    ("epsilon", 'ε'),
    ("epsilon", 'ϵ'),
    ("zeta", 'ζ'),
    ("eta", 'η'),
    ("theta", 'θ'),
    ("theta", 'ϑ'),
    ("iota", 'ι'),
    ("kappa", 'κ'),
    ("kappa", 'ϰ'),
    ("lambda", 'λ'),
    ("mu", 'μ'),
    ("mu", 'µ'), // the micro sign, U+00B5
    ("nu", 'ν'),
    ("xi", 'ξ'),
    ("omicron", 'ο'),
    ("pi", 'π'),
    ("pi", 'ϖ'),
    ("rho", 'ρ'),
    ("rho", 'ϱ'),
    ("sigma", 'σ'),
    ("sigma", 'ς'),
    ("tau", 'τ'),
    ("upsilon", 'υ'),
    ("phi", 'φ'),
    ("phi", 'ϕ'),
    ("chi", 'χ'),
    ("psi", 'ψ'),
    ("omega", 'ω'),
    ("Alpha", 'Α'),
    ("Beta", 'Β'),
    ("Gamma", 'Γ'),
    ("Delta", 'Δ'),
    ("Delta", '∆'), // the increment sign, U+2206
    ("Epsilon", 'Ε'),
    ("Zeta", 'Ζ'),
    ("Eta", 'Η'),
    ("Theta", 'Θ'),
    ("Iota", 'Ι'),
    ("Kappa", 'Κ'),
    ("Lambda", 'Λ'),
    ("Mu", 'Μ'),
    ("Nu", 'Ν'),
    ("Xi", 'Ξ'),
    ("Omicron", 'Ο'),
    ("Pi", 'Π'),
    ("Rho", 'Ρ'),
    ("Sigma", 'Σ'),
    ("Tau", 'Τ'),
    ("Upsilon", 'Υ'),
    ("Phi", 'Φ'),
    ("Chi", 'Χ'),
    ("Psi", 'Ψ'),
    ("Omega", 'Ω'),
    ("Omega", '\u{2126}'), // the ohm sign
    ("ell", 'ℓ'),
];

/// Marks that are set on or beside a letter, and the word that spells each.
const MARKS: &[(&str, char)] = &[
    ("plus", '₊'),
    ("plus", '⁺'),
    ("minus", '₋'),
    ("minus", '⁻'),
    ("star", '*'),
    ("star", '⋆'),
    ("prime", '′'),
    ("hat", '\u{302}'),
    ("tilde", '\u{303}'),
    ("bar", '\u{304}'),
];

/// The symbol of a spelled name, for figures.
///
/// A one-letter quantity takes the rest of its name as indices: `omega` → `ω`, `q_eta_plus` →
/// `q_η₊`, `alpha_0` → `α₀`, `r_hat` → `r̂`. A word stays a word: `mse_test` → `mse (test)`, `fraction_plus` → `fraction +`,
/// `quadrature_error` → `quadrature error`.
pub fn symbol_of(name: &str) -> String {
    let mut words = name.split('_').filter(|word| !word.is_empty());
    let Some(first) = words.next() else {
        return name.to_owned();
    };
    let mut symbol = letter_or_word(first);
    let rest: Vec<&str> = words.collect();
    if is_letter(&symbol) {
        add_indices(&mut symbol, &rest);
        return symbol;
    }
    for word in rest {
        match word {
            "train" | "test" => symbol.push_str(&format!(" ({word})")),
            "plus" => symbol.push_str(" +"),
            "minus" => symbol.push_str(" −"),
            _ => {
                symbol.push(' ');
                symbol.push_str(&letter_or_word(word));
            }
        }
    }
    symbol
}

/// Sets words as marks and indices on a letter: `["eta", "plus"]` on `q` gives `q_η₊`.
fn add_indices(symbol: &mut String, words: &[&str]) {
    let mut has_index = false;
    for word in words {
        if let Some(mark) = spelled(MARKS, word) {
            symbol.push(mark);
            continue;
        }
        let index = letter_or_word(word);
        if let Some(digits) = small_digits(&index) {
            symbol.push_str(if has_index { "," } else { "" });
            symbol.push_str(&digits);
        } else {
            symbol.push_str(if has_index { "," } else { "_" });
            symbol.push_str(&index);
        }
        has_index = true;
    }
}

/// A word with its Greek letter in place of the spelled one, digits behind it made small.
fn letter_or_word(word: &str) -> String {
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = small_digits(&word[stem.len()..]).unwrap_or_default();
    match spelled(GREEK, stem) {
        Some(letter) => format!("{letter}{digits}"),
        None if stem.chars().count() == 1 => format!("{stem}{digits}"),
        None => word.to_owned(),
    }
}

/// Whether a symbol is one letter, possibly with small digits, so that indices can be set on it.
fn is_letter(symbol: &str) -> bool {
    let mut characters = symbol.chars();
    characters.next().is_some_and(char::is_alphabetic) && characters.all(|c| ('₀'..='₉').contains(&c))
}

fn spelled(names: &[(&str, char)], word: &str) -> Option<char> {
    let entry = names.iter().find(|(name, _)| *name == word);
    entry.map(|(_, symbol)| *symbol)
}

/// Digits as subscripts; nothing if the text is empty or holds anything else.
fn small_digits(text: &str) -> Option<String> {
    let small = |c: char| char::from_u32('₀' as u32 + c.to_digit(10)?);
    if text.is_empty() {
        return None;
    }
    text.chars().map(small).collect()
}

/// The symbol of a name, for mathematics: `omega` → ω, `q_eta_plus` → q with the indices η and +, `r_hat` → r with a hat. Words are
/// upright, with the words behind them as indices.
pub fn math_of(name: &str) -> Math {
    let ascii = ascii_name(name).unwrap_or_else(|| name.to_string());
    let mut words = ascii.split('_').filter(|word| !word.is_empty());
    let Some(first) = words.next() else { return Math::Letter('_', "\\_".into()) };
    let (mut base, digits) = math_word(first);
    let mut indices: Vec<Math> = number(digits).into_iter().collect();
    let mut above = None;
    for word in words {
        let accent = match word {
            "hat" => Accent::Hat,
            "tilde" => Accent::Tilde,
            "bar" => Accent::Bar,
            "star" | "prime" => {
                above = Some(if word == "star" { sign::STAR } else { sign::PRIME });
                continue;
            }
            "plus" | "minus" => {
                indices.push(if word == "plus" { sign::INDEX_PLUS } else { sign::NEGATIVE }.into());
                continue;
            }
            _ => {
                let (word, digits) = math_word(word);
                indices.push(match number(digits) {
                    Some(digits) => Math::Row(vec![word, digits]),
                    None => word,
                });
                continue;
            }
        };
        base = Math::Accented(accent, Box::new(base));
    }
    match above.is_none() && indices.is_empty() {
        true => base,
        false => Math::Indexed(Box::new(base), above, indices),
    }
}

/// The symbol of a name in LaTeX: `\omega`, `q_{\eta,+}`, `\hat{r}`, `\mathrm{mse}_{\mathrm{test}}`.
pub fn latex_of(name: &str) -> String {
    math_of(name).latex()
}

fn number(digits: &str) -> Option<Math> {
    (!digits.is_empty()).then(|| Math::Number(digits.to_string()))
}

/// A word, and the digits behind it where it is a letter.
fn math_word(word: &str) -> (Math, &str) {
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &word[stem.len()..];
    // Those that look like Latin letters have no command.
    const LATIN: [(&str, char); 14] = [
        ("omicron", 'o'),
        ("Alpha", 'A'),
        ("Beta", 'B'),
        ("Epsilon", 'E'),
        ("Zeta", 'Z'),
        ("Eta", 'H'),
        ("Iota", 'I'),
        ("Kappa", 'K'),
        ("Mu", 'M'),
        ("Nu", 'N'),
        ("Omicron", 'O'),
        ("Rho", 'P'),
        ("Tau", 'T'),
        ("Chi", 'X'),
    ];
    match (spelled(&LATIN, stem), spelled(GREEK, stem)) {
        (Some(letter), _) => return (Math::Upright(letter), digits),
        (None, Some(letter)) => return (Math::Letter(letter, format!("\\{stem}")), digits),
        (None, None) => {}
    }
    let mut letters = stem.chars();
    match (letters.next(), letters.next()) {
        (None, _) => (Math::Number(digits.to_string()), ""),
        (Some(letter), None) => (Math::letter(letter), digits),
        _ => (Math::Word(word.to_string()), ""),
    }
}

/// The plain ASCII name of an identifier, for column headings and options.
///
/// Accents go (`é` → `e`), or are spelled where they are marks of their own (`m̂` → `m_hat`). Greek letters are spelled (`ω` → `omega`, `q_η` → `q_eta`, `Δt` → `Delta_t`), small digits become
/// digits (`σ²` → `sigma2`), signs and marks words (`q₊` → `q_plus`). Nothing if the name is empty,
/// starts with a digit, or holds a character without an ASCII spelling.
pub fn ascii_name(name: &str) -> Option<String> {
    let mut ascii = String::new();
    // Whether the last character was spelled as a word, so that a letter after it needs a gap.
    let mut after_word = false;
    let spelled_whole = |c: char| plain_digit(c).is_some() || spelling(c).is_some();
    let parts = |c: char| if spelled_whole(c) { vec![c] } else { decomposed(c).collect() };
    for character in name.chars().flat_map(parts) {
        if let Some(digit) = plain_digit(character) {
            ascii.push(digit);
            after_word = false;
        } else if character.is_ascii_alphanumeric() || character == '_' {
            if after_word && character.is_ascii_alphabetic() {
                ascii.push('_');
            }
            ascii.push(character);
            after_word = false;
        } else if let Some(word) = spelling(character) {
            if ascii.ends_with(|c: char| c != '_') {
                ascii.push('_');
            }
            ascii.push_str(word);
            after_word = true;
        } else if !is_accent(character) {
            return None;
        }
    }
    let starts_well = ascii.starts_with(|c: char| !c.is_ascii_digit());
    starts_well.then_some(ascii)
}

/// The word that spells a Greek letter or a mark.
fn spelling(character: char) -> Option<&'static str> {
    GREEK.iter().chain(MARKS).find(|(_, symbol)| *symbol == character).map(|(word, _)| *word)
}

/// The digit that a superscript or subscript digit stands for.
fn plain_digit(character: char) -> Option<char> {
    const SUPERSCRIPTS: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    const SUBSCRIPTS: &str = "₀₁₂₃₄₅₆₇₈₉";
    let place = |digits: &str| digits.chars().position(|digit| digit == character);
    let value = place(SUPERSCRIPTS).or_else(|| place(SUBSCRIPTS))?;
    char::from_digit(value as u32, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_letters_marks_and_indices_in_latex() {
        for (name, latex) in [
            ("omega", "\\omega"),
            ("ω", "\\omega"),
            ("q_eta_plus", "q_{\\eta,+}"),
            ("r_hat", "\\hat{r}"),
            ("q_hat_1", "\\hat{q}_{1}"),
            ("x0", "x_{0}"),
            ("alpha_0", "\\alpha_{0}"),
            ("m_star", "m^{*}"),
            ("mse_test", "\\mathrm{mse}_{\\mathrm{test}}"),
            ("Phi2", "\\Phi_{2}"),
            ("ell", "\\ell"),
            ("Eta", "\\mathrm{H}"),
            ("Upsilon", "\\Upsilon"),
            ("_", "\\_"),
        ] {
            assert_eq!(latex_of(name), latex, "{name}");
        }
    }

    #[test]
    fn a_spelled_name_becomes_the_symbol_of_the_field() {
        let names = [
            ("omega", "ω"),
            ("b", "b"),
            ("kappa", "κ"),
            ("ell", "ℓ"),
            ("Delta", "Δ"),
            ("q_eta", "q_η"),
            ("q_eta_plus", "q_η₊"),
            ("p_eta_minus", "p_η₋"),
            ("q_xi", "q_ξ"),
            ("n_plus", "n₊"),
            ("alpha_0", "α₀"),
            ("x1", "x₁"),
            ("x1_plus", "x₁₊"),
            ("q_1_2", "q₁,₂"),
            ("n_train", "n_train"),
            ("omega_star", "ω*"),
            ("r_hat", "r\u{302}"),
        ];
        for (name, symbol) in names {
            assert_eq!(symbol_of(name), symbol);
        }
    }

    #[test]
    fn words_stay_words() {
        let names = [
            ("mse_train", "mse (train)"),
            ("mse_test", "mse (test)"),
            ("fraction_plus", "fraction +"),
            ("quadrature_error", "quadrature error"),
            ("status", "status"),
            ("energy_lambda", "energy λ"),
            ("log2", "log2"),
            ("", ""),
            ("_", "_"),
        ];
        for (name, symbol) in names {
            assert_eq!(symbol_of(name), symbol);
        }
    }

    #[test]
    fn a_symbol_becomes_a_plain_name() {
        let names = [
            ("ω", "omega"),
            ("q_η", "q_eta"),
            ("qη", "q_eta"),
            ("q_η₊", "q_eta_plus"),
            ("p_η⁻", "p_eta_minus"),
            ("Δ", "Delta"),
            ("Δt", "Delta_t"),
            ("ϕ", "phi"),
            ("µ", "mu"),
            ("σ²", "sigma2"),
            ("x₁₂", "x12"),
            ("λ_1", "lambda_1"),
            ("ℓ", "ell"),
            ("r\u{302}", "r_hat"),
            ("φ′", "phi_prime"),
            ("mse_test", "mse_test"),
            ("_x", "_x"),
            ("é", "e"),
            ("e\u{301}", "e"),
            ("Äö_ñ", "Ao_n_tilde"),
            ("ά", "alpha"),
            ("ŝ", "s_hat"),
        ];
        for (name, ascii) in names {
            assert_eq!(ascii_name(name).as_deref(), Some(ascii), "{name}");
        }
    }

    #[test]
    fn a_name_without_a_plain_spelling_is_refused() {
        for name in ["", "变", "ø", "a-b", "a b", "1x", "₁x"] {
            assert_eq!(ascii_name(name), None, "{name}");
        }
    }

    #[test]
    fn every_greek_letter_goes_to_ascii_and_back() {
        for (word, letter) in GREEK {
            assert_eq!(ascii_name(&letter.to_string()).as_deref(), Some(*word));
            let first = spelled(GREEK, word).unwrap();
            assert_eq!(symbol_of(word), first.to_string());
        }
    }

    #[test]
    fn the_plain_name_of_a_symbol_is_the_name_it_came_from() {
        for name in ["omega", "b", "q_eta_plus", "p_eta_minus", "q_xi", "n_plus"] {
            assert_eq!(ascii_name(&symbol_of(name)).as_deref(), Some(name));
        }
    }
}
