//! Mathematics in LaTeX, with the package amsmath.

use super::{Accent, Comma, Fence, Math};

impl Math {
    /// In LaTeX, for mathematics.
    pub fn latex(&self) -> String {
        match self {
            Math::Row(pieces) => pieces.iter().map(Math::latex).collect(),
            Math::List(pieces, comma) => joined(
                pieces,
                match comma {
                    Comma::Close => ",",
                    Comma::Spaced => ", ",
                    Comma::Wide => ",\\; ",
                },
            ),
            Math::Letter(_, command) | Math::Function(_, command) => command.clone(),
            Math::Upright(letter) => format!("\\mathrm{{{letter}}}"),
            Math::Word(word) => format!("\\mathrm{{{word}}}"),
            Math::Number(digits) => digits.clone(),
            Math::Sign(sign) => sign.tex.to_string(),
            Math::Fraction(above, below) => format!("\\frac{{{}}}{{{}}}", above.latex(), below.latex()),
            Math::Root(inside) => format!("\\sqrt{{{}}}", inside.latex()),
            Math::Power(base, exponent) => format!("{}^{{{}}}", base.latex(), exponent.latex()),
            Math::Indexed(base, above, indices) => {
                let above = above.map_or(String::new(), |sign| format!("^{{{}}}", sign.tex));
                let below = match indices.is_empty() {
                    true => String::new(),
                    false => format!("_{{{}}}", joined(indices, ",")),
                };
                format!("{}{above}{below}", base.latex())
            }
            Math::Under(what, over) => format!("{}_{{{}}}", what.latex(), over.latex()),
            Math::Accented(accent, letter) => {
                let accent = match accent {
                    Accent::Hat => "hat",
                    Accent::Tilde => "tilde",
                    Accent::Bar => "bar",
                    Accent::Dot => "dot",
                };
                format!("\\{accent}{{{}}}", letter.latex())
            }
            Math::Fenced(fence, inside) => {
                let (open, close) = match fence {
                    Fence::Round => ('(', ')'),
                    Fence::Square => ('[', ']'),
                    Fence::Bars => ('|', '|'),
                };
                format!("\\left{open}{}\\right{close}", inside.latex())
            }
            Math::Cases(cases) => {
                let [then, condition, otherwise] = cases.each_ref().map(Math::latex);
                format!(
                    "\\begin{{cases}} {then} & {condition} \\\\ {otherwise} & \\text{{otherwise}} \\end{{cases}}"
                )
            }
        }
    }
}

fn joined(pieces: &[Math], comma: &str) -> String {
    pieces.iter().map(Math::latex).collect::<Vec<_>>().join(comma)
}
