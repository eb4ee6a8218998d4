//! A theory as a paper prints it: its equations in LaTeX.

use super::shown::{Row, bare, gathered};
use super::{Kind, System, Theory};
use crate::language::expression::latex;
use crate::name::latex_of;

impl Theory {
    /// The definitions, equations and outputs in LaTeX, each group an `align*` of the package amsmath; what averages run over, and all that
    /// is said in words, as comments.
    ///
    /// ```
    /// let theory = overlaps::system::Theory::load("curie-weiss")?;
    /// assert!(theory.latex().contains(r"m &= \tanh"));
    /// # Ok::<(), overlaps::language::EquationError>(())
    /// ```
    pub fn latex(&self) -> String {
        let mut out = String::new();
        let d = &self.description;
        comment(&mut out, &format!("{}: {}", self.name(), d.title));
        comment(&mut out, &d.source);
        for piece in &self.pieces {
            if self.is_composite() {
                let about = format!(
                    "{} for {} ≤ {} ≤ {}",
                    piece.system.name(),
                    piece.from,
                    self.control.name,
                    piece.to
                );
                comment(&mut out, &about);
            }
            system(&mut out, &piece.system);
        }
        out
    }
}

/// Words, also of several lines.
fn comment(out: &mut String, words: &str) {
    words.lines().for_each(|line| out.push_str(&format!("% {line}\n")));
}

fn system(out: &mut String, system: &System) {
    for (name, texts, _) in gathered(system, system.variables.iter().map(bare)) {
        comment(out, &format!("{name} = {}", texts.join(", ")));
    }
    align(out, system, "definitions", system.definitions.iter().map(bare), |name| format!("{name} &= "));
    let unknowns: Vec<String> = system.unknowns.iter().map(|unknown| latex_of(&unknown.name)).collect();
    let unknowns = unknowns.join(", ");
    let about = match system.kind {
        Kind::Energy => "energy",
        Kind::Extremum => "free energy",
        Kind::FixedPoint => "fixed point",
        Kind::Residual => "equations",
        Kind::Flow => "flow",
        Kind::Iterate => "iteration",
        Kind::ClosedForm => "",
    };
    align(out, system, about, system.equations.iter().map(bare), |name| match system.kind {
        Kind::Energy => format!("\\min_{{{unknowns}}} \\;& "),
        Kind::Extremum => format!("\\operatorname{{extr}}_{{{unknowns}}} \\;& "),
        Kind::Residual => "0 &= ".into(),
        Kind::Flow => format!("\\dot{{{name}}} &= "),
        Kind::Iterate => format!("{name} &\\leftarrow "),
        _ => format!("{name} &= "),
    });
    let outputs = system.outputs.iter().skip(system.unknowns.len());
    // What is a name already needs no other.
    let outputs = outputs.filter(|output| output.column != output.text);
    let outputs = outputs.map(|output| (output.column.as_str(), output.text.clone(), String::new()));
    align(out, system, "outputs", outputs, |name| format!("{name} &= "));
}

/// Equations below each other; the left side, with its sign, is made of the name.
fn align<'a>(
    out: &mut String,
    system: &System,
    about: &str,
    rows: impl Iterator<Item = Row<'a>>,
    left: impl Fn(&str) -> String,
) {
    let (mut lines, mut words) = (Vec::new(), Vec::new());
    for (name, texts, _) in gathered(system, rows) {
        match texts.iter().map(|text| latex(text)).collect::<Option<Vec<_>>>() {
            Some(texts) => {
                let name = latex(&name).unwrap_or(name);
                lines.push(format!("  {}{}", left(&name), texts.join(",\\; ")));
            }
            // What is solved for at every node is said in words.
            None => words.push(format!("{name} {}", texts.join(", "))),
        }
    }
    words.iter().for_each(|words| comment(out, words));
    if !lines.is_empty() {
        out.push_str(&format!(
            "\n% {about}\n\\begin{{align*}}\n{}\n\\end{{align*}}\n",
            lines.join(" \\\\\n")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::BUILT_IN;

    #[test]
    fn every_equation_of_every_system_is_printed() {
        for built_in in BUILT_IN {
            let text = Theory::load(built_in.name).unwrap().latex();
            let mathematics: String = text.lines().filter(|line| !line.starts_with('%')).collect();
            for (open, close) in [("{", "}"), ("\\left", "\\right"), ("\\begin", "\\end")] {
                let counts = (mathematics.matches(open).count(), mathematics.matches(close).count());
                let rightarrows = mathematics.matches("\\leftarrow").count() * usize::from(open == "\\left");
                assert_eq!(counts.0 - rightarrows, counts.1, "{}: {open} {text}", built_in.name);
            }
            assert!(!mathematics.contains('*') || mathematics.contains("align*"), "{}", built_in.name);
        }
    }

    #[test]
    fn sums_and_indices_stand_as_in_the_file() {
        let text = Theory::load("modes-uturn").unwrap().latex();
        for line in [
            "w_{k} &= \\frac{p_{k}}{\\sum_{l} p_{l}}",
            "T_{j,k} &= \\mathbb{E}_{z}\\left[\\operatorname{softmax}_{l}\\left(h_{j,l}, k\\right)\\right]",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
