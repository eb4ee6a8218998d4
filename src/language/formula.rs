//! One expression over named numbers: what a statement of a paper says of quantities that were measured.

use std::collections::HashMap;

use super::error::{EquationError, Problem};
use super::expression::Expression;
use super::graph::{Graph, Node};
use super::interpret::Interpreter;
use super::lower::Lowering;
use super::scope::{Allowed, Definition, Meaning, Scope, names_in};
use crate::diagnostic::Text;

/// What a formula comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A number.
    Number,
    /// True or false, which are 1 and 0.
    Condition,
}

/// An expression that is compiled over names.
#[derive(Debug, Clone)]
pub struct Formula {
    graph: Graph,
    root: Node,
}

impl Formula {
    /// Compiles an expression over names, and over those of the definitions that it uses.
    ///
    /// # Errors
    /// What is no expression, a name that is not known, a number for a condition or the reverse, at its place in the file.
    pub fn compile(
        text: &Text,
        sort: Sort,
        names: &[&str],
        definitions: &HashMap<String, Text>,
    ) -> Result<Formula, EquationError> {
        let expression = Expression::parse(text)?;
        let mut scope = Scope::default();
        for (symbol, name) in names.iter().enumerate() {
            let declared = scope.declare(name, Meaning::Parameter(symbol));
            declared.map_err(|problem| text.error(0..text.value.len(), problem))?;
        }
        define(&mut scope, &expression, definitions, &mut Vec::new())?;
        scope.check_definitions()?;
        let condition = sort == Sort::Condition;
        scope.check_scalar(&expression, text, "a statement", Allowed::Parameters, condition)?;
        let mut lowering = Lowering::new(&scope);
        lowering.definitions()?;
        let root = lowering.scalar(&expression, text)?;
        Ok(Formula { graph: lowering.graph, root })
    }

    /// Its value where the names have these values.
    pub fn value(&self, values: &[f64]) -> f64 {
        let no_averages = |_: &dyn Fn(f64) -> f64| f64::NAN;
        Interpreter::new(&self.graph, values, &no_averages).values(&[self.root])[0]
    }
}

/// Declares the definitions that an expression uses, each after those that it uses itself; `path` are those that are being
/// declared.
fn define(
    scope: &mut Scope,
    expression: &Expression,
    definitions: &HashMap<String, Text>,
    path: &mut Vec<String>,
) -> Result<(), EquationError> {
    let mut used = Vec::new();
    names_in(expression, &mut used);
    for name in used {
        let Some(text) = definitions.get(name).filter(|_| scope.meaning(name).is_none()) else { continue };
        path.push(name.to_string());
        if path[..path.len() - 1].iter().any(|known| known == name) {
            return Err(text.error(0..text.value.len(), Problem::Cycle(path.clone())));
        }
        let expression = Expression::parse(text)?;
        define(scope, &expression, definitions, path)?;
        path.pop();
        let meaning = Meaning::Definition(scope.definitions.len());
        scope.declare(name, meaning).map_err(|problem| text.error(0..text.value.len(), problem))?;
        let (name, text) = (name.to_string(), text.clone());
        scope.definitions.push(Definition { name, text, expression, shape: None, solved: None });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::Source;

    fn text(value: &str) -> Text {
        let source = Arc::new(Source { name: "x.toml".into(), text: format!("a = \"{value}\"") });
        Text::new(value.into(), 4..value.len() + 6, source)
    }

    fn definitions() -> HashMap<String, Text> {
        [("tau", "t - 1"), ("left", "1 - c*tau"), ("round", "round + 1")]
            .map(|(name, value)| (name.to_string(), text(value)))
            .into()
    }

    #[test]
    fn a_formula_is_evaluated_at_values_of_its_names() {
        let formula = |value: &str, sort| Formula::compile(&text(value), sort, &["c", "t"], &definitions());
        let left = formula("8*left/8.1", Sort::Number).unwrap();
        assert_eq!(left.value(&[0.5, 1.3]), 8.0 * (1.0 - 0.5 * (1.3 - 1.0)) / 8.1);
        let known = formula("c < 0.12 && t > 1", Sort::Condition).unwrap();
        assert_eq!((known.value(&[0.1, 1.3]), known.value(&[0.2, 1.3])), (1.0, 0.0));
        assert_eq!(formula("normal_cdf(c)", Sort::Number).unwrap().value(&[0.0, 0.0]), 0.5);
    }

    #[test]
    fn what_is_wrong_is_shown_at_its_place() {
        for (value, sort, part) in [
            ("c + tua", Sort::Number, "unknown name `tua`"),
            ("c + T", Sort::Number, "x.toml:1:10"),
            ("c <", Sort::Condition, "cannot read the expression"),
            ("c", Sort::Condition, "a condition"),
            ("c < t", Sort::Number, "a truth value"),
            ("round", Sort::Number, "cyclic definitions: round → round"),
        ] {
            let error =
                Formula::compile(&text(value), sort, &["c", "t"], &definitions()).unwrap_err().to_string();
            assert!(error.contains(part), "{value}: {error}");
        }
    }
}
