//! Implicit definitions that depend on one another: they are solved for together.

use std::collections::{BTreeSet, HashMap};

use super::{Definition, Meaning, Scope, names_in};
use crate::language::error::{EquationError, Problem};
use crate::language::expression::{Expression, ExpressionKind};

/// How many numbers may depend on one another: each is found anew for every value of the next that is tried.
pub const MOST_TOGETHER: usize = 3;

/// For every definition those that are solved for with it, itself among them: minimisers first, which are found with the others held,
/// each in the order of the file. Of what is no implicit definition, none.
pub fn together(definitions: &[Definition]) -> Vec<Vec<usize>> {
    let implicit: Vec<usize> = (0..definitions.len()).filter(|i| definitions[*i].solved.is_some()).collect();
    let places: HashMap<&str, usize> =
        implicit.iter().enumerate().map(|(k, i)| (definitions[*i].name.as_str(), k)).collect();
    let uses = |i: &usize| -> Vec<usize> {
        definitions[*i].uses().into_iter().filter_map(|name| places.get(name).copied()).collect()
    };
    let uses: Vec<Vec<usize>> = implicit.iter().map(uses).collect();
    let reached = |start: usize| {
        let mut reached = BTreeSet::new();
        let mut stack = uses[start].clone();
        while let Some(next) = stack.pop() {
            if reached.insert(next) {
                stack.extend(&uses[next]);
            }
        }
        reached
    };
    let reached: Vec<BTreeSet<usize>> = (0..implicit.len()).map(reached).collect();
    let mut all = vec![Vec::new(); definitions.len()];
    for (k, i) in implicit.iter().enumerate() {
        let others = reached[k].iter().filter(|other| **other != k && reached[**other].contains(&k));
        let mut with: Vec<usize> = others.chain([&k]).map(|k| implicit[*k]).collect();
        with.sort_by_key(|j| (definitions[*j].solved.as_ref().is_some_and(|solved| !solved.minimise), *j));
        all[*i] = with;
    }
    all
}

/// One of some names over which an expression averages.
fn averaged<'n>(e: &Expression, names: &[&'n str]) -> Option<&'n str> {
    match &e.kind {
        ExpressionKind::Number(_) | ExpressionKind::Name(_) => None,
        ExpressionKind::Average(_, body) => {
            let mut used = Vec::new();
            names_in(body, &mut used);
            names.iter().copied().find(|name| used.contains(name))
        }
        ExpressionKind::Negative(a) | ExpressionKind::Not(a) | ExpressionKind::Derivative(_, a) => {
            averaged(a, names)
        }
        ExpressionKind::Binary(_, a, b) => averaged(a, names).or_else(|| averaged(b, names)),
        ExpressionKind::Call(_, arguments) => arguments.iter().find_map(|a| averaged(a, names)),
    }
}

impl Scope {
    /// Says of every implicit definition which are solved for with it.
    ///
    /// # Errors
    /// Too many, one that may jump, a range that depends on another of them.
    pub(super) fn solve_together(&mut self) -> Result<(), EquationError> {
        for (i, with) in together(&self.definitions).into_iter().enumerate() {
            let definition = &self.definitions[i];
            let Some(solved) = &definition.solved else { continue };
            let names: Vec<&str> = with.iter().map(|j| self.definitions[*j].name.as_str()).collect();
            let error = |message: String| {
                let text = &definition.text;
                text.error(definition.expression.span.clone(), Problem::Structure(message))
            };
            if with.len() > MOST_TOGETHER {
                let shown = names[..MOST_TOGETHER + 1].join("`, `");
                let more = if with.len() > MOST_TOGETHER + 1 { ", …" } else { "" };
                return Err(error(format!(
                    "`{shown}`{more} depend on one another; at most {MOST_TOGETHER} can be solved for together"
                )));
            }
            if with.len() > 1 && !solved.convex {
                return Err(error(format!(
                    "`{}` depend on one another, which goes only with one minimum each: without `convex = false`",
                    names.join("`, `")
                )));
            }
            // An average holds still what is solved for, also where it is a function of what is averaged over.
            if let Some(name) = averaged(&definition.expression, &names) {
                return Err(error(format!(
                    "`{}` cannot be solved for here: what determines it averages over `{name}`",
                    definition.name
                )));
            }
            for (text, end) in solved.range.iter().flatten() {
                let mut used = Vec::new();
                names_in(end, &mut used);
                if let Some(other) = used.iter().find(|name| with.len() > 1 && names.contains(name)) {
                    let message = format!(
                        "the range of `{}` depends on `{other}`, with which it is solved for",
                        definition.name
                    );
                    return Err(text.error(end.span.clone(), Problem::Structure(message)));
                }
            }
            if let Some(solved) = &mut self.definitions[i].solved {
                solved.with = with;
            }
        }
        Ok(())
    }

    /// Whether two definitions are solved for together.
    pub(super) fn are_together(&self, one: usize, other: usize) -> bool {
        let solved = self.definitions.get(one).and_then(|d| d.solved.as_ref());
        solved.is_some_and(|solved| solved.with.contains(&other))
    }

    /// Gives those that are solved for together what all of them depend on, once the last of them is checked.
    pub(super) fn share_shapes(&mut self, last: usize) {
        let Some(solved) = &self.definitions[last].solved else { return };
        let with = solved.with.clone();
        if with.iter().any(|j| self.definitions[*j].shape.is_none()) {
            return;
        }
        let mut whole = super::Shape::default();
        for j in &with {
            whole.join(self.definitions[*j].shape.clone().unwrap_or_default());
        }
        for j in with {
            self.definitions[j].shape = Some(whole.clone());
        }
    }

    /// Whether a name is that of a definition.
    pub(super) fn definition(&self, name: &str) -> Option<usize> {
        match self.meaning(name) {
            Some(Meaning::Definition(i)) => Some(i),
            _ => None,
        }
    }
}
