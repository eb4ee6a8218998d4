//! A piece of mathematics as it is set, written in [`Math::latex`] for papers and [`Math::mathml`] for web pages.

mod latex;
pub(crate) mod mathml;

/// A piece of mathematics.
#[derive(Debug, Clone, PartialEq)]
pub enum Math {
    /// Pieces side by side.
    Row(Vec<Math>),
    /// Pieces with commas between them; those of a list of indices stand close.
    List(Vec<Math>, Comma),
    /// A letter that stands for a quantity, and its command in LaTeX.
    Letter(char, String),
    /// A capital Greek letter that looks like a Latin one.
    Upright(char),
    /// A word that stands for a quantity.
    Word(String),
    /// The name of a function, and its command in LaTeX.
    Function(String, String),
    /// A number as it is written.
    Number(String),
    /// A sign.
    Sign(Sign),
    /// Above a line, below it.
    Fraction(Box<Math>, Box<Math>),
    /// A square root.
    Root(Box<Math>),
    /// A base, its exponent.
    Power(Box<Math>, Box<Math>),
    /// A base, a mark above its indices, the indices.
    Indexed(Box<Math>, Option<Sign>, Vec<Math>),
    /// What runs, such as a sum, and below it over what.
    Under(Box<Math>, Box<Math>),
    /// A letter with an accent above.
    Accented(Accent, Box<Math>),
    /// Between two brackets.
    Fenced(Fence, Box<Math>),
    /// A value, when it holds, and another.
    Cases(Box<[Math; 3]>),
}

/// Between the pieces of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comma {
    /// Between indices.
    Close,
    /// Between arguments.
    Spaced,
    /// Between equations.
    Wide,
}

/// Brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fence {
    /// ( )
    Round,
    /// [ ]
    Square,
    /// | |
    Bars,
}

/// What stands above a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accent {
    /// r̂
    Hat,
    /// r̃
    Tilde,
    /// r̄
    Bar,
    /// ṙ
    Dot,
}

/// A sign, with its spaces in LaTeX, and its character; the character of a space is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    /// In LaTeX.
    pub tex: &'static str,
    /// Its character.
    pub character: char,
    /// In front of what it belongs to.
    pub is_prefix: bool,
}

/// Signs.
#[allow(missing_docs)]
pub mod sign {
    use super::Sign;

    const fn infix(tex: &'static str, character: char) -> Sign {
        Sign { tex, character, is_prefix: false }
    }

    const fn prefix(tex: &'static str, character: char) -> Sign {
        Sign { tex, character, is_prefix: true }
    }

    pub const OR: Sign = infix(" \\lor ", '∨');
    pub const AND: Sign = infix(" \\land ", '∧');
    pub const EQUAL: Sign = infix(" = ", '=');
    pub const NOT_EQUAL: Sign = infix(" \\neq ", '≠');
    pub const LESS: Sign = infix(" < ", '<');
    pub const LESS_EQUAL: Sign = infix(" \\leq ", '≤');
    pub const GREATER: Sign = infix(" > ", '>');
    pub const GREATER_EQUAL: Sign = infix(" \\geq ", '≥');
    pub const PLUS: Sign = infix(" + ", '+');
    pub const MINUS: Sign = infix(" - ", '−');
    pub const TIMES: Sign = infix(" \\, ", SPACE);
    pub const DOT: Sign = infix(" \\cdot ", '⋅');
    pub const NEGATIVE: Sign = prefix("-", '−');
    pub const NOT: Sign = prefix("\\lnot ", '¬');
    pub const GAP: Sign = prefix(" ", SPACE);
    pub const WIDE_GAP: Sign = prefix(" \\;", SPACE);
    pub const PARTIAL: Sign = prefix("\\partial", '∂');
    pub const INFINITY: Sign = prefix("\\infty", '∞');
    pub const SUM: Sign = prefix("\\sum", '∑');
    pub const PRODUCT: Sign = prefix("\\prod", '∏');
    pub const EXPECTATION: Sign = prefix("\\mathbb{E}", '𝔼');
    pub const BECOMES: Sign = infix("\\leftarrow ", '←');
    pub const COLON: Sign = infix(" :\\;", ':');
    pub const STAR: Sign = prefix("*", '∗');
    pub const PRIME: Sign = prefix("\\prime", '′');
    pub const INDEX_PLUS: Sign = prefix("+", '+');
    /// The character of a space.
    pub const SPACE: char = '\u{2009}';
}

impl Math {
    /// A letter that is its own command.
    pub fn letter(letter: char) -> Math {
        Math::Letter(letter, letter.to_string())
    }

    /// In round brackets.
    pub fn bracketed(self) -> Math {
        Math::Fenced(Fence::Round, Box::new(self))
    }

    /// With further indices.
    pub fn indexed(self, further: Vec<Math>) -> Math {
        match self {
            Math::Indexed(base, above, mut indices) => {
                indices.extend(further);
                Math::Indexed(base, above, indices)
            }
            other => Math::Indexed(Box::new(other), None, further),
        }
    }

    /// Whether it is higher than a line.
    fn is_tall(&self) -> bool {
        match self {
            Math::Fraction(..) | Math::Root(_) | Math::Under(..) | Math::Cases(_) => true,
            Math::Row(pieces) | Math::List(pieces, _) => pieces.iter().any(Math::is_tall),
            Math::Power(base, _) | Math::Indexed(base, ..) => base.is_tall(),
            Math::Fenced(_, inside) => inside.is_tall(),
            _ => false,
        }
    }

    /// What stands outermost on the left.
    pub fn leading(&self) -> &Math {
        match self {
            Math::Row(pieces) | Math::List(pieces, _) => pieces.first().map_or(self, Math::leading),
            Math::Power(base, _) | Math::Indexed(base, ..) => base.leading(),
            other => other,
        }
    }
}

impl From<Sign> for Math {
    fn from(sign: Sign) -> Math {
        Math::Sign(sign)
    }
}
