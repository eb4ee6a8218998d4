//! Mathematics in MathML Core, which browsers draw. Nothing of it needs a script, a style or a font of its own.

use super::{Accent, Comma, Fence, Math, Sign, sign};

impl Math {
    /// As elements of MathML, without the `math` around them; always one element.
    pub fn mathml(&self) -> String {
        let two = |name: &str, one: &Math, other: &Math| element(name, &(one.mathml() + &other.mathml()));
        match self {
            Math::Row(pieces) => match pieces.as_slice() {
                [piece] => piece.mathml(),
                pieces => row(pieces),
            },
            Math::List(pieces, _) if pieces.len() == 1 => pieces[0].mathml(),
            Math::List(pieces, comma) => {
                let comma = match comma {
                    Comma::Close => r#"<mo lspace="0" rspace="0">,</mo>"#,
                    Comma::Spaced => "<mo>,</mo>",
                    Comma::Wide => r#"<mo rspace="0.6em">,</mo>"#,
                };
                let pieces: Vec<String> = pieces.iter().map(Math::mathml).collect();
                element("mrow", &pieces.join(comma))
            }
            Math::Letter(letter, _) => element("mi", &escaped(*letter)),
            Math::Upright(letter) => format!(r#"<mi mathvariant="normal">{letter}</mi>"#),
            Math::Word(word) | Math::Function(word, _) if word.chars().nth(1).is_none() => {
                format!(r#"<mi mathvariant="normal">{}</mi>"#, escaped_text(word))
            }
            Math::Word(word) | Math::Function(word, _) => element("mi", &escaped_text(word)),
            Math::Number(digits) => element("mn", digits),
            Math::Sign(sign) => of_sign(*sign),
            Math::Fraction(above, below) => two("mfrac", above, below),
            Math::Root(inside) => element("msqrt", &inside.mathml()),
            Math::Power(base, exponent) => match base.as_ref() {
                // The exponent stands above the indices.
                Math::Indexed(base, None, indices) => {
                    element("msubsup", &(base.mathml() + &close(indices) + &exponent.mathml()))
                }
                base => two("msup", base, exponent),
            },
            Math::Indexed(base, None, indices) => element("msub", &(base.mathml() + &close(indices))),
            Math::Indexed(base, Some(above), indices) if indices.is_empty() => {
                element("msup", &(base.mathml() + &of_sign(*above)))
            }
            Math::Indexed(base, Some(above), indices) => {
                element("msubsup", &(base.mathml() + &close(indices) + &of_sign(*above)))
            }
            Math::Under(what, over) => two("munder", what, over),
            Math::Accented(accent, letter) => {
                let accent = match accent {
                    Accent::Hat => '^',
                    Accent::Tilde => '~',
                    Accent::Bar => '¯',
                    Accent::Dot => '˙',
                };
                let above = format!(r#"<mo stretchy="false">{accent}</mo>"#);
                format!(r#"<mover accent="true">{}{above}</mover>"#, letter.mathml())
            }
            Math::Fenced(fence, inside) => {
                let (open, close) = match fence {
                    Fence::Round => ('(', ')'),
                    Fence::Square => ('[', ']'),
                    Fence::Bars => ('|', '|'),
                };
                // Brackets that grow stand further off.
                let grows = inside.is_tall();
                let bracket = |form: &str, bracket: char| {
                    format!(r#"<mo form="{form}" fence="true" stretchy="{grows}">{bracket}</mo>"#)
                };
                element("mrow", &(bracket("prefix", open) + &inside.mathml() + &bracket("postfix", close)))
            }
            Math::Cases(cases) => {
                let [then, condition, otherwise] = cases.each_ref().map(Math::mathml);
                format!(
                    r#"<mrow><mo form="prefix" fence="true" stretchy="true">{{</mo><mtable class="cases"><mtr><mtd>{then}</mtd><mtd>{condition}</mtd></mtr><mtr><mtd>{otherwise}</mtd><mtd><mtext>otherwise</mtext></mtd></mtr></mtable></mrow>"#
                )
            }
        }
    }
}

fn element(name: &str, inside: &str) -> String {
    format!("<{name}>{inside}</{name}>")
}

/// Pieces side by side; a function is applied to what stands behind it.
fn row(pieces: &[Math]) -> String {
    let mut inside = String::new();
    for (place, piece) in pieces.iter().enumerate() {
        inside += &piece.mathml();
        let is_function = matches!(piece.leading(), Math::Function(..));
        if is_function && matches!(pieces.get(place + 1), Some(Math::Fenced(..))) {
            inside += "<mo>\u{2061}</mo>";
        }
    }
    element("mrow", &inside)
}

/// Indices.
fn close(indices: &[Math]) -> String {
    match indices {
        [index] => index.mathml(),
        _ => Math::List(indices.to_vec(), Comma::Close).mathml(),
    }
}

fn of_sign(of: Sign) -> String {
    match of.character {
        sign::SPACE => r#"<mspace width="0.17em"/>"#.to_string(),
        '∞' | '𝔼' | '∂' => element("mi", &of.character.to_string()),
        // Sums have their limits below them where there is room.
        '∑' | '∏' => format!(r#"<mo movablelimits="true">{}</mo>"#, of.character),
        other if of.is_prefix => format!(r#"<mo form="prefix">{}</mo>"#, escaped(other)),
        other => element("mo", &escaped(other)),
    }
}

fn escaped(character: char) -> String {
    match character {
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        '&' => "&amp;".into(),
        other => other.into(),
    }
}

fn escaped_text(text: &str) -> String {
    text.chars().map(escaped).collect()
}

/// Whether every element is closed, has the children that its name asks for, and holds no bare `<` or `&`.
#[cfg(test)]
pub(crate) fn check(text: &str) -> Result<(), String> {
    let mut open: Vec<(&str, usize)> = vec![("", 0)];
    for part in text.split_inclusive('>') {
        let (before, tag) = part.split_once('<').ok_or(format!("text behind the end: {part}"))?;
        if before.replace("&lt;", "").replace("&gt;", "").replace("&amp;", "").contains('&') {
            return Err(format!("a bare & in {before}"));
        }
        let tag =
            tag.strip_suffix('>').filter(|tag| !tag.contains('<')).ok_or(format!("a bare < in {part}"))?;
        let name = tag.trim_matches('/').split(' ').next().unwrap_or_default();
        if !tag.starts_with('/') {
            open.last_mut().ok_or("more is closed than open")?.1 += 1;
            open.push((name, 0));
        }
        if tag.starts_with('/') || tag.ends_with('/') {
            let (last, children) = open.pop().ok_or("more is closed than open")?;
            let needed = match last {
                "mfrac" | "msub" | "msup" | "munder" | "mover" => Some(2),
                "msubsup" => Some(3),
                "mi" | "mn" | "mo" | "mtext" | "mspace" => Some(0),
                _ => None,
            };
            if last != name || needed.is_some_and(|needed| needed != children) {
                return Err(format!("<{last}> with {children} children is closed by <{tag}>"));
            }
        }
    }
    (open == [("", 1)]).then_some(()).ok_or(format!("not one element: {open:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::expression::printed;

    #[test]
    fn expressions_become_elements() {
        for (text, elements) in [
            (
                "q_eta[a]^2",
                "<msubsup><mi>q</mi><mrow><mi>η</mi><mo lspace=\"0\" rspace=\"0\">,</mo><mi>a</mi></mrow><mn>2</mn></msubsup>",
            ),
            ("a/2", "<mfrac><mi>a</mi><mn>2</mn></mfrac>"),
            ("tanh(h)^2", "<mrow><msup><mi>tanh</mi><mn>2</mn></msup><mo>\u{2061}</mo>(h)</mrow>"),
            ("r_hat", "<mover accent=\"true\"><mi>r</mi><mo stretchy=\"false\">^</mo></mover>"),
            ("a < b", "<mrow><mi>a</mi><mo>&lt;</mo><mi>b</mi></mrow>"),
            ("-a", "<mrow><mo form=\"prefix\">−</mo><mi>a</mi></mrow>"),
            ("sqrt(inf)", "<msqrt><mi>∞</mi></msqrt>"),
        ] {
            let math = printed(text).unwrap().mathml();
            let fences = "<mrow><mo form=\"prefix\" fence=\"true\" stretchy=\"false\">(</mo>\
                <mi>h</mi><mo form=\"postfix\" fence=\"true\" stretchy=\"false\">)</mo></mrow>";
            assert_eq!(math.replace(fences, "(h)"), elements, "{text}");
            assert_eq!(check(&math), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_is_not_well_formed_is_noticed() {
        for text in [
            "<mi>a",
            "<mi>a</mn>",
            "<mfrac><mi>a</mi></mfrac>",
            "<mo><</mo>",
            "<mi>&</mi>",
            "<mi>a</mi><mi>b</mi>",
            "a",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
