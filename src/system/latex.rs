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
    let definitions = system.written.scope.definitions.iter().map(|definition| {
        // As the file says it.
        let solved = match &definition.solved {
            None => "",
            Some(solved) if solved.minimise => "minimise",
            Some(_) => "equation",
        };
        (definition.name.as_str(), definition.text.value.clone(), solved.to_string())
    });
    align(out, system, "definitions", definitions, |name, right, solved| match solved {
        "minimise" => format!("{name} &= \\operatorname*{{arg\\,min}}_{{{name}}} \\left[{right}\\right]"),
        "equation" => format!("{name} :\\;& {right} = 0"),
        _ => format!("{name} &= {right}"),
    });
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
    align(out, system, about, system.equations.iter().map(bare), |name, right, _| match system.kind {
        Kind::Energy => format!("\\min_{{{unknowns}}} \\;& {right}"),
        Kind::Extremum => format!("\\operatorname{{extr}}_{{{unknowns}}} \\;& {right}"),
        Kind::Residual => format!("0 &= {right}"),
        Kind::Flow => format!("\\dot{{{name}}} &= {right}"),
        Kind::Iterate => format!("{name} &\\leftarrow {right}"),
        _ => format!("{name} &= {right}"),
    });
    let outputs = system.outputs.iter().skip(system.unknowns.len());
    // What is a name already needs no other.
    let outputs = outputs.filter(|output| output.column != output.text);
    let outputs = outputs.map(|output| (output.column.as_str(), output.text.clone(), String::new()));
    align(out, system, "outputs", outputs, |name, right, _| format!("{name} &= {right}"));
}

/// Equations below each other; a line is made of the name, the expression, and what is said of it.
fn align<'a>(
    out: &mut String,
    system: &System,
    about: &str,
    rows: impl Iterator<Item = Row<'a>>,
    line: impl Fn(&str, &str, &str) -> String,
) {
    let mut lines = Vec::new();
    for (name, texts, said) in gathered(system, rows) {
        let name = latex(&name).unwrap_or(name);
        // A system has been read: its texts are expressions.
        let right: Vec<String> = texts.iter().map(|text| latex(text).unwrap_or_default()).collect();
        lines.push(format!("  {}", line(&name, &right.join(",\\; "), &said)));
    }
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
            assert!(
                !mathematics.contains("&= \\n") && !mathematics.contains("minimises"),
                "{}: {text}",
                built_in.name
            );
            assert!(!mathematics.contains('*') || mathematics.contains("align*"), "{}", built_in.name);
        }
    }

    #[test]
    fn what_is_solved_for_at_every_node_is_said() {
        let text = Theory::load("logistic-teacher").unwrap().latex();
        let line = "p &= \\operatorname*{arg\\,min}_{p} \\left[\\frac{\\left(p - \\omega\\right)^{2}}{2 \\, V} + \\ln\\left(1 + \\exp\\left(-p\\right)\\right)\\right]";
        assert!(text.contains(line), "{text}");
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
