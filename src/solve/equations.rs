//! A system at given parameters: values, Jacobians and averages at any control, any unknowns, any rule of the
//! quadrature ladder. Everything that the solvers ask of a system goes through here.

use std::ops::AddAssign;

use nalgebra::{DMatrix, DVector};

use super::averages::Panelled;
use super::compiled::Compiled;
use super::interrupt::stop_if;
use crate::average::{PANELS, rule_over};
use crate::language::{Pattern, Points};
use crate::system::{EquationRoots, Kind, System};

/// The equations at one point.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// One entry per unknown; zero at a solution.
    pub residual: DVector<f64>,
    /// ∂residual/∂unknowns (the Hessian for an energy).
    pub jacobian: DMatrix<f64>,
}

/// Outputs and their certificate at a solution.
#[derive(Debug, Clone)]
pub struct Certified {
    /// Unknowns and outputs in the order of the columns.
    pub outputs: Vec<f64>,
    /// Energy, or what selects among solutions; NaN if the file gives neither.
    pub energy: f64,
    /// Of several solutions the one is meant where this is lowest: the energy, or its negative where that is to be maximal.
    pub selects: f64,
    /// Largest residual.
    pub residual: f64,
    /// Largest error of any average in outputs, energy and residual; relative where it is divided by, raised to a power or
    /// its logarithm taken.
    pub quadrature_error: f64,
    /// The part of it that double precision leaves whatever the rule is.
    pub rounding: f64,
    /// The largest factor by which the error of an average may grow on its way to an output, relative to the output where
    /// that is large, or in an equation.
    pub amplified: f64,
    /// The rule that was used.
    pub rung: usize,
    /// Nodes of the rule; for panels those of all averages together.
    pub nodes: usize,
}

impl Certified {
    /// Whether every average is within a tolerance, or as near as double precision comes.
    pub fn within(&self, tolerance: f64) -> bool {
        self.quadrature_error <= tolerance.max(self.rounding)
    }
}

/// How much work was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// Evaluations of the equations.
    pub evaluations: u64,
    /// Values of tanh computed.
    pub tanh: u64,
    /// Points at which an iteration asked for the residual.
    pub residuals: u64,
    /// Points at which an iteration asked for the Jacobian.
    pub jacobians: u64,
}

impl AddAssign for Effort {
    fn add_assign(&mut self, more: Effort) {
        self.evaluations += more.evaluations;
        self.tanh += more.tanh;
        self.residuals += more.residuals;
        self.jacobians += more.jacobians;
    }
}

/// Places among the forms over panels.
pub(super) const EQUATIONS: usize = 0;
pub(super) const WITH_CONTROL: usize = 1;
pub(super) const CERTIFICATE: usize = 2;
/// Without derivatives.
pub(super) const VALUES: usize = 3;

/// A point with an infinite coordinate: only outputs and energy are evaluated there.
pub(super) fn on_boundary(x: &DVector<f64>) -> bool {
    x.iter().any(|v| v.is_infinite())
}

/// A system at given parameters.
pub struct Equations<'s> {
    /// The system.
    pub system: &'s System,
    pub(super) symbols: Vec<f64>,
    pub(super) version: u64,
    pub(super) equations: Compiled<'s>,
    pub(super) certificate: Compiled<'s>,
    pub(super) boundary: Compiled<'s>,
    /// The same over panels: equations, equations with their derivative along the control, outputs, equations without their
    /// derivatives.
    pub(super) panelled: [Panelled<'s>; 4],
    pub(super) pattern: Pattern,
    /// The typical size of each unknown, and how much each equation changes over it.
    pub(super) scale: DVector<f64>,
    pub(super) changes: Vec<f64>,
    /// The largest factor by which an error grows, as last found.
    pub(super) amplified: f64,
    /// Whether any average has a kink, so that only panels serve it.
    pub(super) cut: bool,
    setup: Compiled<'s>,
    gauge: Option<Compiled<'s>>,
    admissible: Option<Compiled<'s>>,
    stop: Option<Compiled<'s>>,
    evaluation: Evaluation,
    pub(super) highest_rung: usize,
    /// Whether evaluations are to stop.
    pub(super) interrupted: &'s (dyn Fn() -> bool + Sync),
    /// Work done so far.
    pub effort: Effort,
}

impl<'s> Equations<'s> {
    /// A system at parameters that have been checked against their domains.
    pub fn new(system: &'s System, parameters: &[f64]) -> Self {
        let k = system.unknowns.len();
        let mut symbols = parameters.to_vec();
        symbols.push(f64::NAN);
        let equations = Compiled::new(&system.equations_program);
        let certificate = Compiled::new(&system.certificate_program);
        let highest_rung = equations.highest_rung().min(certificate.highest_rung());
        Equations {
            system,
            symbols,
            version: 0,
            equations,
            certificate,
            boundary: Compiled::new(&system.boundary_program),
            panelled: [
                &system.equations_levels,
                &system.all_levels,
                &system.certificate_levels,
                &system.residual_levels,
            ]
            .map(Panelled::new),
            pattern: Pattern::default(),
            scale: DVector::from_element(k, 1.0),
            changes: Vec::new(),
            amplified: 0.0,
            cut: system.certificate_levels.is_cut() || system.equations_levels.is_cut(),
            setup: Compiled::new(&system.setup_program),
            gauge: system.gauge_program.as_ref().map(Compiled::new),
            admissible: system.admissible_program.as_ref().map(Compiled::new),
            stop: system.stop_program.as_ref().map(Compiled::new),
            evaluation: Evaluation { residual: DVector::zeros(k), jacobian: DMatrix::zeros(k, k) },
            highest_rung,
            interrupted: &|| false,
            effort: Effort::default(),
        }
    }

    /// The same, whose evaluations end what is done with them when they are asked to stop.
    pub fn stopping(self, interrupted: &'s (dyn Fn() -> bool + Sync)) -> Self {
        Equations { interrupted, ..self }
    }

    /// Values of the parameters.
    pub(super) fn parameters(&self) -> &[f64] {
        // The control stands last.
        &self.symbols[..self.symbols.len() - 1]
    }

    /// The highest rule that averages can be computed with.
    pub fn highest_rung(&self) -> usize {
        if self.has_panels() { PANELS } else { self.highest_rung }
    }

    /// Whether the unknowns minimise an energy.
    pub fn minimises(&self) -> bool {
        self.system.kind == Kind::Energy
    }

    /// Values of all symbols at a point, for an independent evaluation.
    pub fn symbols_at(&mut self, control: f64, x: &DVector<f64>) -> Vec<f64> {
        self.set_control(control);
        self.symbols.iter().chain(x.iter()).copied().collect()
    }

    pub(super) fn set_control(&mut self, control: f64) {
        if let Some(last) = self.symbols.last_mut()
            && last.to_bits() != control.to_bits()
        {
            *last = control;
            self.version += 1;
        }
    }

    /// The equations at a point, with a rule of the ladder or over panels.
    pub fn evaluate(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> &Evaluation {
        let [_, _, jacobian] = self.stages();
        self.evaluate_to(jacobian, EQUATIONS, control, x, rung);
        let (k, roots) = (x.len(), &self.system.equation_roots);
        for i in 0..k {
            self.evaluation.residual[i] = self.value(rung, EQUATIONS, roots.residual + i);
            for j in 0..k {
                self.evaluation.jacobian[(i, j)] = self.value(rung, EQUATIONS, roots.jacobian + i * k + j);
            }
        }
        &self.evaluation
    }

    /// How many stages make energy, residual and Jacobian.
    fn stages(&self) -> [usize; 3] {
        EquationRoots::stages_for(self.minimises())
    }

    /// What is lowest at the solution that is meant: the energy, its negative where that is to be maximal, or what selects; NaN if the
    /// file gives neither.
    pub fn energy(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> f64 {
        let [energy, ..] = self.stages();
        let form = self.form_of_values(rung);
        self.evaluate_to(energy, form, control, x, rung);
        self.system.equation_roots.energy.map_or(f64::NAN, |root| self.value(rung, form, root))
    }

    /// The residual alone; of what moves the right sides.
    pub fn residual(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> DVector<f64> {
        let [_, residual, _] = self.stages();
        let form = self.form_of_values(rung);
        self.evaluate_to(residual, form, control, x, rung);
        let first = self.system.equation_roots.residual;
        DVector::from_fn(x.len(), |i, _| self.value(rung, form, first + i))
    }

    /// Which form gives energy and residual over panels. Searches try many points at which they need no derivatives; elsewhere values
    /// and derivatives are of one form, to the last digit.
    fn form_of_values(&self, rung: usize) -> usize {
        if self.points(rung) == Some(Points::Few) { VALUES } else { EQUATIONS }
    }

    /// So many stages of the equations; over panels all of a form.
    fn evaluate_to(&mut self, stages: usize, form: usize, control: f64, x: &DVector<f64>, rung: usize) {
        stop_if(self.interrupted);
        self.set_control(control);
        match self.points(rung) {
            Some(points) => self.over_panels(form, points, x),
            None => {
                let rung = rung.min(self.highest_rung);
                let (symbols, effort) = (&self.symbols, &mut self.effort);
                self.equations.evaluate_to(stages, rung, symbols, self.version, x.as_slice(), effort);
            }
        }
    }

    /// A root of the equations, once evaluated.
    fn value(&self, rung: usize, form: usize, root: usize) -> f64 {
        match self.points(rung) {
            Some(_) => self.panelled[form].value(root),
            None => self.equations.value(rung.min(self.highest_rung), root),
        }
    }

    /// Whether panels serve this system: they follow the integrand for every node of the outer variables, which three
    /// variables at once make slow, and more make hopeless.
    pub(super) fn has_panels(&self) -> bool {
        match self.system.normals_at_once() {
            0 => false,
            1 | 2 => true,
            3 => self.cut,
            _ => false,
        }
    }

    /// Which points of the panels a rung stands for; none if it is a rule of the ladder.
    pub(super) fn points(&self, rung: usize) -> Option<Points> {
        if !self.has_panels() {
            None
        } else if rung >= PANELS {
            Some(Points::High)
        } else if self.cut || rung > self.highest_rung {
            Some(Points::Few)
        } else {
            None
        }
    }

    /// ∂residual/∂control at a point.
    pub fn along_control(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> DVector<f64> {
        self.set_control(control);
        let first = self.system.equation_roots.along_control;
        if let Some(points) = self.points(rung) {
            self.over_panels(WITH_CONTROL, points, x);
            return DVector::from_fn(x.len(), |i, _| self.panelled[WITH_CONTROL].value(first + i));
        }
        self.evaluate_to(self.system.equations_program.stages(), EQUATIONS, control, x, rung);
        DVector::from_fn(x.len(), |i, _| self.value(rung, EQUATIONS, first + i))
    }

    /// Derivatives by the unknowns of the right sides of what moves.
    pub(super) fn slopes_of_right_sides(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        rung: usize,
    ) -> DMatrix<f64> {
        self.set_control(control);
        let (k, first) = (x.len(), self.system.equation_roots.jacobian);
        self.effort.jacobians += 1;
        if let Some(points) = self.points(rung) {
            self.over_panels(WITH_CONTROL, points, x);
            return DMatrix::from_fn(k, k, |i, j| self.panelled[WITH_CONTROL].value(first + i * k + j));
        }
        let [_, _, jacobian] = self.stages();
        self.evaluate_to(jacobian, EQUATIONS, control, x, rung);
        DMatrix::from_fn(k, k, |i, j| self.value(rung, EQUATIONS, first + i * k + j))
    }

    /// Whether the equations and the energy, if there is one, are numbers at a point.
    pub(super) fn are_numbers(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> bool {
        let residual = self.residual(control, x, rung);
        let energy = if self.minimises() { self.energy(control, x, rung) } else { 0.0 };
        residual.iter().all(|r| r.is_finite()) && energy.is_finite()
    }

    /// Outputs and certificate at a point, with a rule whose error has been measured.
    pub fn certify(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        rung: usize,
        quadrature_error: f64,
    ) -> Certified {
        stop_if(self.interrupted);
        self.set_control(control);
        let inside = !on_boundary(x);
        let points = self.points(rung);
        let nodes = match points {
            Some(points) => {
                self.over_panels(CERTIFICATE, points, x);
                self.panelled[CERTIFICATE].nodes()
            }
            None => {
                let program = if inside { &mut self.certificate } else { &mut self.boundary };
                program.evaluate(rung, &self.symbols, self.version, x.as_slice(), &mut self.effort);
                rule_over(self.system.normals_at_once(), rung).nodes.len()
            }
        };
        let count = self.system.outputs.len();
        let value = |i: usize| match points {
            Some(_) => self.panelled[CERTIFICATE].value(i),
            None if inside => self.certificate.value(rung, i),
            None => self.boundary.value(rung, i),
        };
        let has_energy = self.system.equation_roots.energy.is_some();
        let first_residual = count + usize::from(has_energy);
        let outputs = (0..count).map(value).collect();
        let selects = if has_energy { value(count) } else { f64::NAN };
        let residual = match inside {
            true => (0..x.len()).map(|i| value(first_residual + i).abs()).fold(0.0, f64::max),
            false => 0.0,
        };
        // Of several numbers it is not known which is meant.
        let alone = !inside || self.implicit_numbers_are_alone(control, x, rung);
        let quadrature_error = if alone { quadrature_error } else { f64::INFINITY };
        let rounding = self.rounding(x, rung);
        let amplified = if inside { self.amplified } else { 0.0 };
        let energy = self.system.as_written(selects);
        Certified { outputs, energy, selects, residual, quadrature_error, rounding, amplified, rung, nodes }
    }

    /// Starts, boundary points and ranges at a control value: the roots of the set-up program.
    pub fn setup(&mut self, control: f64) -> Vec<f64> {
        self.set_control(control);
        let count = self.system.setup_roots();
        if count == 0 {
            return Vec::new();
        }
        // Starts need no certificate; this rule serves averages in them.
        let rung = 5.min(self.setup.highest_rung());
        self.setup.evaluate(rung, &self.symbols, self.version, &[], &mut Effort::default());
        (0..count).map(|i| self.setup.value(rung, i)).collect()
    }

    /// The range of each unknown at a control value; none where the file gives none.
    pub fn ranges(&mut self, control: f64) -> Vec<Option<(f64, f64)>> {
        let ends = self.setup(control);
        self.system.unknowns.iter().map(|u| u.range.map(|(from, to)| (ends[from], ends[to]))).collect()
    }

    /// Whether a point meets the condition that the file sets for solutions.
    pub fn admissible(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> bool {
        self.admissibility(control, x, rung).is_none_or(|[holds, _]| holds == 1.0)
    }

    /// How far inside that condition a point is: at least 0 where it holds, below 0 where it does not, infinite where
    /// there is none.
    pub fn admissible_margin(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> f64 {
        self.admissibility(control, x, rung).map_or(f64::INFINITY, |[_, margin]| margin)
    }

    fn admissibility(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> Option<[f64; 2]> {
        self.condition(control, x, rung, |equations| &mut equations.admissible)
    }

    /// The same of the condition at which what moves stops.
    pub(super) fn stopped(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> Option<[f64; 2]> {
        self.condition(control, x, rung, |equations| &mut equations.stop)
    }

    /// Whether a condition holds at a point, and how far inside it the point is; none where there is no condition.
    fn condition(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        rung: usize,
        of: impl Fn(&mut Self) -> &mut Option<Compiled<'s>>,
    ) -> Option<[f64; 2]> {
        self.set_control(control);
        let mut compiled = of(self).take()?;
        let rung = rung.min(compiled.highest_rung());
        compiled.evaluate(rung, &self.symbols, self.version, x.as_slice(), &mut Effort::default());
        let values = [0, 1].map(|root| compiled.value(rung, root));
        *of(self) = Some(compiled);
        Some(values)
    }

    /// The representative of a solution under the symmetries of the file.
    pub fn apply_gauge(&mut self, control: f64, x: &mut DVector<f64>, rung: usize) {
        self.set_control(control);
        if let (Some(compiled), Some(gauge)) = (&mut self.gauge, &self.system.gauge) {
            let rung = rung.min(compiled.highest_rung());
            compiled.evaluate(rung, &self.symbols, self.version, x.as_slice(), &mut Effort::default());
            if compiled.value(rung, 0) == 0.0 {
                for i in &gauge.flip {
                    x[*i] = -x[*i];
                }
            }
        }
        if let Some(exchange) = &self.system.exchange {
            exchange.put_in_order(x.as_mut_slice());
        }
        if self.system.gauge.is_none() && self.system.exchange.is_none() {
            return;
        }
        // −0 and 0 are the same solution.
        x.iter_mut().filter(|v| **v == 0.0).for_each(|v| *v = 0.0);
    }
}
