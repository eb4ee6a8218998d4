//! Implicit definitions → nodes; those that depend on one another are solved for together.

use rustc_hash::FxHashMap;

use super::{Assignment, Lowering};
use crate::language::derivative::differentiate;
use crate::language::error::{EquationError, Problem};
use crate::language::graph::Node;
use crate::language::implicit::Condition;
use crate::language::scope::Solved;

impl Lowering<'_> {
    /// The numbers that implicit definitions stand for which depend on one another: the first is found for given values of the others,
    /// with which it then moves, and so on; the last moves with nothing but what is not solved for.
    pub(super) fn together(
        &mut self,
        all: &[usize],
        chosen: &Assignment,
    ) -> Result<Vec<(usize, Node)>, EquationError> {
        let scope = self.scope;
        for i in all {
            let symbol = self.graph.unknown_of_implicit(*i);
            self.solving.insert(*i, symbol);
        }
        let conditions: Result<Vec<Condition>, _> = all.iter().map(|i| self.condition(*i, chosen)).collect();
        self.solving.clear();
        let conditions = self.each_by_itself(all, conditions?)?;
        let mut numbers: FxHashMap<Node, Node> = FxHashMap::default();
        for (i, condition) in all.iter().zip(conditions) {
            let unknown = self.graph.unknown_of_implicit(*i);
            let expression = self.graph.substitute(&[condition.expression], &numbers)[0];
            let found = self.graph.implicit(unknown, Condition { expression, ..condition });
            let found = found.ok_or_else(|| {
                let definition = &scope.definitions[*i];
                let message = format!(
                    "`{0}` cannot be solved for here: what determines it averages over `{0}`, or does not move with it",
                    definition.name
                );
                definition.text.error(definition.expression.span.clone(), Problem::Structure(message))
            })?;
            let here = FxHashMap::from_iter([(unknown, found)]);
            for number in numbers.values_mut() {
                *number = self.graph.substitute(&[*number], &here)[0];
            }
            numbers.insert(unknown, found);
        }
        Ok(all.iter().map(|i| (*i, numbers[&self.graph.unknown_of_implicit(*i)])).collect())
    }

    /// At the minimum of one thing in several numbers its slope by each of them, with the others held, vanishes.
    fn each_by_itself(
        &mut self,
        all: &[usize],
        mut conditions: Vec<Condition>,
    ) -> Result<Vec<Condition>, EquationError> {
        let minimal: Vec<usize> = (0..all.len()).filter(|k| conditions[*k].minimise).collect();
        let [first, .., last] = minimal[..] else { return Ok(conditions) };
        let least = conditions[first].expression;
        let error = |k: usize, message: String| {
            let definition = &self.scope.definitions[all[k]];
            Err(definition.text.error(definition.expression.span.clone(), Problem::Structure(message)))
        };
        let names = |k: usize| {
            format!(
                "`{}` and `{}`",
                self.scope.definitions[all[first]].name, self.scope.definitions[all[k]].name
            )
        };
        if let Some(k) = minimal.iter().find(|k| conditions[**k].expression != least) {
            return error(
                *k,
                format!(
                    "{} depend on one another and minimise different things; both must minimise the same, or solve an `equation`",
                    names(*k)
                ),
            );
        }
        let unknowns: Vec<Node> = minimal.iter().map(|k| self.graph.unknown_of_implicit(all[*k])).collect();
        if self.graph.bends_between(least, &unknowns) {
            return error(
                last,
                format!(
                    "what {} minimise bends sharply in both at once; make that a number of its own (for abs(u - v) solve for d = u - v and v)",
                    names(last)
                ),
            );
        }
        for (k, unknown) in minimal.into_iter().zip(unknowns) {
            let slope = differentiate(&mut self.graph, &[least], unknown)[0];
            conditions[k] = Condition { expression: slope, minimise: false, rising: true, ..conditions[k] };
        }
        Ok(conditions)
    }

    /// What an implicit definition says of its number.
    fn condition(&mut self, i: usize, chosen: &Assignment) -> Result<Condition, EquationError> {
        let definition = &self.scope.definitions[i];
        let expression = self.lower(&definition.expression, chosen, &definition.text)?;
        let solved = definition.solved.as_ref();
        let range = match solved.and_then(|solved| solved.range.as_ref()) {
            None => None,
            Some([(text, from), (other, to)]) => {
                Some([self.lower(from, chosen, text)?, self.lower(to, chosen, other)?])
            }
        };
        let is = |of: fn(&Solved) -> bool| solved.is_some_and(of);
        Ok(Condition {
            expression,
            minimise: is(|s| s.minimise),
            rising: false,
            several: is(|s| !s.convex),
            range,
        })
    }
}
