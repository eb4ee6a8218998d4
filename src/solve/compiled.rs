//! A program with its memory for every rule of the ladder, and what was evaluated there last.

use super::equations::Effort;
use crate::average::{rule_over, rungs, rungs_over};
use crate::language::{LARGEST_PRODUCT, Node, Program, Workspace};

/// A program with its workspaces, one per rule that was used.
pub(super) struct Compiled<'s> {
    program: &'s Program,
    workspaces: Vec<Option<Evaluated>>,
}

/// A workspace and the point at which it was evaluated last.
struct Evaluated {
    workspace: Workspace,
    version: u64,
    unknowns: Vec<f64>,
    /// How many stages were.
    stages: usize,
}

impl<'s> Compiled<'s> {
    pub(super) fn new(program: &'s Program) -> Self {
        Compiled { program, workspaces: (0..rungs()).map(|_| None).collect() }
    }

    /// Evaluates with a rule, unless that was done at this very point; `version` counts the changes of
    /// parameters and control.
    pub(super) fn evaluate(
        &mut self,
        rung: usize,
        symbols: &[f64],
        version: u64,
        unknowns: &[f64],
        effort: &mut Effort,
    ) {
        self.evaluate_to(self.program.stages(), rung, symbols, version, unknowns, effort);
    }

    /// The same with so many stages of the program.
    pub(super) fn evaluate_to(
        &mut self,
        stages: usize,
        rung: usize,
        symbols: &[f64],
        version: u64,
        unknowns: &[f64],
        effort: &mut Effort,
    ) {
        let rule = rule_over(self.program.dimensions(), rung);
        let evaluated = self.workspaces[rung].get_or_insert_with(|| Evaluated {
            workspace: self.program.workspace(&rule.nodes, &rule.weights),
            version: u64::MAX,
            unknowns: Vec::new(),
            stages: 0,
        });
        if evaluated.version != version {
            self.program.set_point(&mut evaluated.workspace, symbols);
            (evaluated.version, evaluated.stages) = (version, 0);
        }
        if evaluated.unknowns != unknowns {
            evaluated.unknowns.clear();
            evaluated.unknowns.extend_from_slice(unknowns);
            evaluated.stages = 0;
        }
        if stages <= evaluated.stages {
            return;
        }
        let missing = evaluated.stages..stages;
        self.program.evaluate(&mut evaluated.workspace, unknowns, missing.clone());
        evaluated.stages = stages;
        effort.evaluations += u64::from(missing.start == 0);
        effort.tanh += self.program.tanh_evaluations(missing, rule.nodes.len()) as u64;
    }

    pub(super) fn value(&self, rung: usize, root: usize) -> f64 {
        self.workspaces[rung].as_ref().map_or(f64::NAN, |e| self.program.value(&e.workspace, root))
    }

    pub(super) fn averages(&self, rung: usize) -> impl Iterator<Item = (Node, f64)> + '_ {
        let values = self.workspaces[rung].iter().flat_map(|e| self.program.averages(&e.workspace));
        self.program.average_nodes().iter().copied().zip(values)
    }

    /// The highest rule whose product over the normal variables is not too large.
    pub(super) fn highest_rung(&self) -> usize {
        rungs_over(self.program.dimensions(), LARGEST_PRODUCT).saturating_sub(1)
    }
}
