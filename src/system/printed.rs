//! A theory as a paper prints it, in LaTeX and for web pages.

use super::shown::{Row, bare, gathered};
use super::{Kind, Piece, System, Theory};
use crate::language::expression::printed;
use crate::mathematics::{Accent, Comma, Fence, Math, sign};
use crate::name::math_of;

/// The equations of one system as they are printed.
#[derive(Debug, Clone)]
pub struct Printed {
    /// In words: where it holds, where it is one piece of several, and what averages run over.
    pub said: Vec<String>,
    /// Definitions, equations, outputs.
    pub groups: Vec<Group>,
}

/// Equations that stand below each other.
#[derive(Debug, Clone)]
pub struct Group {
    /// What they are: definitions, fixed point, flow, …
    pub about: &'static str,
    /// What stands on the left of the line at which they are aligned, and on its right.
    pub lines: Vec<[Math; 2]>,
}

impl Group {
    /// In MathML, as one `math` element with a line for each.
    pub fn mathml(&self) -> String {
        let line = |[left, right]: &[Math; 2]| {
            format!("<mtr><mtd>{}</mtd><mtd>{}</mtd></mtr>", left.mathml(), right.mathml())
        };
        let lines: String = self.lines.iter().map(line).collect();
        format!(
            r#"<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"><mtable displaystyle="true">{lines}</mtable></math>"#
        )
    }

    fn latex(&self) -> String {
        let lines: Vec<String> = self
            .lines
            .iter()
            .map(|[left, right]| format!("  {} &{}", left.latex(), right.latex().trim_start()))
            .collect();
        format!("\n% {}\n\\begin{{align*}}\n{}\n\\end{{align*}}\n", self.about, lines.join(" \\\\\n"))
    }
}

impl Theory {
    /// Its equations as they are printed, those of every piece.
    pub fn printed(&self) -> Vec<Printed> {
        let of = |piece: &Piece| {
            let place =
                format!("{} for {} ≤ {} ≤ {}", piece.system.name(), piece.from, self.control.name, piece.to);
            let place = self.is_composite().then_some(place);
            let averaged = gathered(&piece.system, piece.system.variables.iter().map(bare));
            let averaged =
                averaged.into_iter().map(|(name, texts, _)| format!("{name} = {}", texts.join(", ")));
            Printed { said: place.into_iter().chain(averaged).collect(), groups: groups(&piece.system) }
        };
        self.pieces.iter().map(of).collect()
    }

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
        for system in self.printed() {
            system.said.iter().for_each(|words| comment(&mut out, words));
            out.extend(system.groups.iter().map(Group::latex));
        }
        out
    }
}

/// Words, also of several lines.
fn comment(out: &mut String, words: &str) {
    words.lines().for_each(|line| out.push_str(&format!("% {line}\n")));
}

/// The groups that have equations.
fn groups(system: &System) -> Vec<Group> {
    let definitions = system.written.scope.definitions.iter().map(|definition| {
        // As the file says it.
        let solved = match &definition.solved {
            None => "",
            Some(solved) if solved.minimise => "minimise",
            Some(_) => "equation",
        };
        (definition.name.as_str(), definition.text.value.clone(), solved.to_string())
    });
    let outputs = system.outputs.iter().skip(system.unknowns.len());
    let outputs = outputs.map(|output| (output.column.as_str(), output.text.clone(), String::new()));
    let about = match system.kind {
        Kind::Energy => "energy",
        Kind::Extremum => "free energy",
        Kind::FixedPoint => "fixed point",
        Kind::Residual => "equations",
        Kind::Flow => "flow",
        Kind::Iterate => "iteration",
        Kind::ClosedForm => "",
    };
    let all = [
        group(system, "definitions", definitions, definition),
        group(system, about, system.equations.iter().map(bare), |name, right, _| {
            equation(system, name, right)
        }),
        group(system, "outputs", outputs, |name, right, _| equal(name, right)),
    ];
    all.into_iter().filter(|group| !group.lines.is_empty()).collect()
}

/// A group; a line is made of the name, the expression, and what is said of it.
fn group<'a>(
    system: &System,
    about: &'static str,
    rows: impl Iterator<Item = Row<'a>>,
    line: impl Fn(Math, Math, &str) -> [Math; 2],
) -> Group {
    let lines = gathered(system, rows).into_iter().map(|(name, texts, said)| {
        let name = printed(&name).unwrap_or(Math::Word(name));
        // A system has been read: its texts are expressions.
        let right: Vec<Math> = texts.iter().filter_map(|text| printed(text)).collect();
        // What is a name already needs no other.
        (right != [name.clone()]).then(|| line(name, Math::List(right, Comma::Wide), &said))
    });
    Group { about, lines: lines.flatten().collect() }
}

fn equal(left: Math, right: Math) -> [Math; 2] {
    [left, Math::Row(vec![sign::EQUAL.into(), right])]
}

fn definition(name: Math, right: Math, solved: &str) -> [Math; 2] {
    match solved {
        "minimise" => {
            let least = Math::Function("arg min".into(), "\\operatorname*{arg\\,min}".into());
            let of = Math::Under(least.into(), name.clone().into());
            let pieces = vec![of, sign::GAP.into(), Math::Fenced(Fence::Square, right.into())];
            equal(name, Math::Row(pieces))
        }
        "equation" => [
            Math::Row(vec![name, sign::COLON.into()]),
            Math::Row(vec![right, sign::EQUAL.into(), Math::Number("0".into())]),
        ],
        _ => equal(name, right),
    }
}

fn equation(system: &System, name: Math, right: Math) -> [Math; 2] {
    let of_unknowns = |shown: &str, command: &str| {
        let unknowns = system.unknowns.iter().map(|unknown| math_of(&unknown.name)).collect();
        let function = Math::Function(shown.into(), command.into());
        let under = Math::Under(function.into(), Math::List(unknowns, Comma::Spaced).into());
        Math::Row(vec![under, sign::WIDE_GAP.into()])
    };
    match system.kind {
        Kind::Energy => [of_unknowns("min", "\\min"), right],
        Kind::Extremum => [of_unknowns("extr", "\\operatorname*{extr}"), right],
        Kind::Residual => equal(Math::Number("0".into()), right),
        Kind::Flow => equal(velocity(name), right),
        Kind::Iterate => [name, Math::Row(vec![sign::BECOMES.into(), right])],
        _ => equal(name, right),
    }
}

/// The dot stands above the letter alone.
fn velocity(name: Math) -> Math {
    match name {
        Math::Indexed(base, above, indices) => Math::Indexed(velocity(*base).into(), above, indices),
        other => Math::Accented(Accent::Dot, other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mathematics::mathml::check;
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
    fn every_equation_of_every_system_is_set_for_a_page() {
        for built_in in BUILT_IN {
            let theory = Theory::load(built_in.name).unwrap();
            let systems = theory.printed();
            assert_eq!(systems.len(), theory.pieces.len());
            for system in systems {
                // No unknown is without an equation, no group empty.
                assert!(!system.groups.is_empty(), "{}", built_in.name);
                for group in system.groups {
                    let mathml = group.mathml();
                    assert_eq!(check(&mathml), Ok(()), "{}: {mathml}", built_in.name);
                    assert_eq!(
                        mathml.matches("<mtr>").count() - 2 * mathml.matches("\"cases\"").count(),
                        group.lines.len()
                    );
                }
            }
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
