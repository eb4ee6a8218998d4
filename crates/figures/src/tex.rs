//! Text for TeX: symbols in its mathematics, words as they are.

use overlaps::name::latex_of;

/// A text as TeX sets it: letters that stand alone are symbols (`t`, `q_η₊`, `√d`), runs of letters are words. Letters that have no
/// command stay, for an engine whose fonts have them.
pub fn typeset(text: &str) -> String {
    let mut set = String::new();
    let letters: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < letters.len() {
        let rest = &letters[at..];
        let word = rest.iter().take_while(|c| c.is_alphabetic() && !is_small(**c)).count();
        let (taken, part) = match word {
            0 => sign(rest),
            1 if !is_article(rest, at.checked_sub(1).map(|before| letters[before])) => symbol(rest),
            _ if rest[..word].iter().any(|c| greek(*c).is_some()) => {
                (1, math(&greek(rest[0]).unwrap_or_else(|| rest[0].to_string())))
            }
            _ => (word, rest[..word].iter().collect()),
        };
        set.push_str(&part);
        at += taken;
    }
    set
}

fn math(inside: &str) -> String {
    format!("\\ensuremath{{{inside}}}")
}

/// The `a` of a sentence.
fn is_article(rest: &[char], before: Option<char>) -> bool {
    let word_follows = rest.len() > 3 && rest[1] == ' ' && rest[2..4].iter().all(|c| c.is_ascii_alphabetic());
    matches!(rest[0], 'a' | 'A') && word_follows && before.is_none_or(|c| c == ' ')
}

/// A letter with its accent, indices and powers.
fn symbol(rest: &[char]) -> (usize, String) {
    let letter = greek(rest[0]).unwrap_or_else(|| rest[0].to_string());
    let (mut taken, mut set) = (1, letter);
    while let Some(accent) = rest.get(taken).and_then(|c| accent(*c)) {
        set = format!("\\{accent}{{{set}}}");
        taken += 1;
    }
    let is_index = |c: &char| c.is_alphanumeric() || "+-−,₊₋⁺⁻".contains(*c) || is_small(*c);
    if rest.get(taken) == Some(&'_') {
        let mut length = rest[taken + 1..].iter().take_while(|c| is_index(c)).count();
        // A comma at the end belongs to the sentence.
        while length > 0 && rest[taken + length] == ',' {
            length -= 1;
        }
        if length > 0 {
            set += &format!("_{{{}}}", index(&rest[taken + 1..=taken + length]));
            taken += length + 1;
        }
    }
    let small = rest[taken..].iter().take_while(|c| is_small(**c)).count();
    set += &raised_or_lowered(&rest[taken..taken + small]);
    (taken + small, math(&set))
}

/// An index: words upright.
fn index(letters: &[char]) -> String {
    let mut set = String::new();
    let mut at = 0;
    while at < letters.len() {
        let word = letters[at..].iter().take_while(|c| c.is_ascii_alphabetic()).count();
        match (word, letters[at]) {
            (2.., _) => set += &format!("\\mathrm{{{}}}", letters[at..at + word].iter().collect::<String>()),
            (_, '−') => set.push('-'),
            (_, c) => match (plain(c), greek(c)) {
                (Some((_, plain)), _) => set.push(plain),
                (None, Some(command)) => set += &format!("{command}{{}}"),
                (None, None) => set.push(c),
            },
        }
        at += word.max(1);
    }
    set
}

/// What is no letter.
fn sign(rest: &[char]) -> (usize, String) {
    let digits = |from: usize| rest[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    match rest[0] {
        '√' => {
            let under = digits(1).max(usize::from(rest.len() > 1 && rest[1].is_alphabetic()));
            let radicand = match rest.get(1) {
                Some(letter) if under > 0 && letter.is_alphabetic() => {
                    greek(*letter).unwrap_or_else(|| letter.to_string())
                }
                _ => rest[1..=under].iter().collect(),
            };
            (1 + under, math(&format!("\\sqrt{{{radicand}}}")))
        }
        c if c.is_ascii_digit() => {
            let number = digits(0);
            let small = rest[number..].iter().take_while(|c| is_small(**c)).count();
            let text: String = rest[..number].iter().collect();
            match small {
                0 => (number, text),
                _ => {
                    let power = raised_or_lowered(&rest[number..number + small]);
                    (number + small, math(&format!("{text}{power}")))
                }
            }
        }
        c if is_small(c) => {
            let small = rest.iter().take_while(|c| is_small(**c)).count();
            (small, math(&format!("{{}}{}", raised_or_lowered(&rest[..small]))))
        }
        '\\' => (1, "\\textbackslash{}".into()),
        '^' => (1, "\\textasciicircum{}".into()),
        '~' => (1, "\\textasciitilde{}".into()),
        c if "#$%&_{}".contains(c) => (1, format!("\\{c}")),
        c if "<>|*".contains(c) => (1, math(&c.to_string())),
        c if c.is_control() => (1, " ".into()),
        c => (1, command(c).map_or_else(|| c.to_string(), math)),
    }
}

/// Small signs: those above, and those below.
fn raised_or_lowered(small: &[char]) -> String {
    let mut set = String::new();
    for part in small.chunk_by(|a, b| plain(*a).map(|p| p.0) == plain(*b).map(|p| p.0)) {
        let plain_signs: String = part.iter().filter_map(|c| plain(*c)).map(|(_, plain)| plain).collect();
        let raised = plain(part[0]).is_some_and(|(raised, _)| raised);
        set += &format!("{}{{{plain_signs}}}", if raised { '^' } else { '_' });
    }
    set
}

fn is_small(c: char) -> bool {
    plain(c).is_some()
}

/// The full sign of a small one, and whether that stands above.
fn plain(c: char) -> Option<(bool, char)> {
    const ABOVE: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ";
    const BELOW: &str = "₀₁₂₃₄₅₆₇₈₉₊₋ₙ";
    let find = |all: &str| all.chars().position(|known| known == c);
    let full = |place: usize| "0123456789+-n".chars().nth(place);
    let above = find(ABOVE).and_then(full).map(|c| (true, c));
    above.or_else(|| find(BELOW).and_then(full).map(|c| (false, c)))
}

fn accent(c: char) -> Option<&'static str> {
    match c {
        '\u{302}' => Some("hat"),
        '\u{303}' => Some("tilde"),
        '\u{304}' | '\u{305}' => Some("bar"),
        '\u{307}' => Some("dot"),
        _ => None,
    }
}

/// The command of a letter that is not Latin.
fn greek(c: char) -> Option<String> {
    let set = latex_of(&c.to_string());
    (c.is_alphabetic() && set.starts_with('\\')).then_some(set)
}

/// The command of a sign of mathematics, and what stands for one of a sentence.
fn command(c: char) -> Option<&'static str> {
    Some(match c {
        '−' => "-",
        '±' => "\\pm",
        '×' => "\\times",
        '·' => "\\cdot",
        '→' => "\\to",
        '↔' => "\\leftrightarrow",
        '∞' => "\\infty",
        '≤' => "\\le",
        '≥' => "\\ge",
        '≈' => "\\approx",
        '∝' => "\\propto",
        '∈' => "\\in",
        '∂' => "\\partial",
        '∫' => "\\int",
        '½' => "\\tfrac12",
        '°' => "{}^\\circ",
        '…' => "\\dots",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::typeset;

    #[test]
    fn symbols_are_mathematics_and_words_are_not() {
        for (text, expected) in [
            ("ω", "\\ensuremath{\\omega}"),
            ("q_η₊", "\\ensuremath{q_{\\eta{}+}}"),
            (
                "p_test = 0.8, k = ∞",
                "\\ensuremath{p_{\\mathrm{test}}} = 0.8, \\ensuremath{k} = \\ensuremath{\\infty}",
            ),
            ("t_c", "\\ensuremath{t_{c}}"),
            ("p̄", "\\ensuremath{\\bar{p}}"),
            ("1/√d", "1/\\ensuremath{\\sqrt{d}}"),
            ("√2", "\\ensuremath{\\sqrt{2}}"),
            ("−2×10⁻⁴", "\\ensuremath{-}2\\ensuremath{\\times}\\ensuremath{10^{-4}}"),
            ("E[x₁²]", "\\ensuremath{E}[\\ensuremath{x_{1}^{2}}]"),
            ("first-phase", "first-phase"),
            ("a quantity", "a quantity"),
            ("fit a + b", "fit \\ensuremath{a} + \\ensuremath{b}"),
            ("100 % of {x} & y_", "100 \\% of \\{\\ensuremath{x}\\} \\& \\ensuremath{y}\\_"),
            ("σz", "\\ensuremath{\\sigma}\\ensuremath{z}"),
            ("p_η₋, t", "\\ensuremath{p_{\\eta{}-}}, \\ensuremath{t}"),
        ] {
            assert_eq!(typeset(text), expected, "{text}");
        }
    }

    #[test]
    fn braces_are_paired_whatever_the_text() {
        for text in [
            "",
            "_",
            "√",
            "x_",
            "x_,",
            "\\end{document}",
            "²",
            "10⁻",
            "a\u{304}\u{302}_β²₁",
            "√√ω",
            "学習 の",
        ] {
            let set = typeset(text).replace("\\{", "").replace("\\}", "");
            assert_eq!(set.matches('{').count(), set.matches('}').count(), "{text}: {set}");
        }
    }
}
