//! How deep brackets, prefixes and powers may stand inside each other.

use crate::diagnostic::Text;
use crate::language::error::{EquationError, Problem};

/// The most brackets, prefixes and powers inside each other: the parser recurses on them.
const MAX_NESTING: usize = 100;

/// Parser and later stages recurse on brackets, prefixes and powers, so their depth is bounded before parsing.
///
/// A prefix or a power lasts until an operator that binds less follows an operand: x^2 + y^2 nests no deeper than x^2.
pub fn refuse_deep(text: &Text) -> Result<(), EquationError> {
    // What is open in each of the brackets around this place, and inside the innermost.
    let (mut around, mut open, mut depth) = (Vec::new(), 0usize, 0usize);
    let mut after_operand = false;
    for (offset, c) in text.value.char_indices() {
        match c {
            '(' | '[' => {
                around.push(open);
                open = 1;
                depth += 1;
            }
            ')' | ']' => {
                depth -= open;
                open = around.pop().unwrap_or(0);
            }
            '^' => {
                open += 1;
                depth += 1;
            }
            '-' | '+' | '!' if !after_operand => {
                open += 1;
                depth += 1;
            }
            '-' | '+' if in_number(&text.value[..offset]) => {}
            '-' | '+' | '*' | '/' | '<' | '>' | '=' | '!' | '&' | '|' | ',' => {
                // The bracket itself stays open.
                let least = usize::from(!around.is_empty());
                depth -= open - least;
                open = least;
            }
            _ => {}
        }
        if !c.is_whitespace() {
            after_operand = !"([^-+*/<>=!&|,".contains(c);
        }
        if depth > MAX_NESTING {
            return Err(text.error(offset..offset + c.len_utf8(), Problem::TooDeep { limit: MAX_NESTING }));
        }
    }
    Ok(())
}

/// Whether a sign here is that of the exponent of a number: 1e-3.
fn in_number(before: &str) -> bool {
    let mantissa = before.strip_suffix(['e', 'E']);
    mantissa.is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit() || c == '.'))
}
