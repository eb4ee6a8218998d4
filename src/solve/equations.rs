//! A system at given parameters: values, Jacobians and averages at any control, any unknowns, any rule of the
//! quadrature ladder. Everything that the solvers ask of a system goes through here.

use nalgebra::{DMatrix, DVector};

use crate::average::{LOWEST_RUNG, rule, rungs};
use crate::equation::{Kind, LARGEST_PRODUCT, Program, System, Workspace};

/// The equations at one point.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// Energy, or what selects among solutions; NaN if the file gives neither.
    pub energy: f64,
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
    /// Largest residual.
    pub residual: f64,
    /// Largest difference of any average in outputs, energy and residual from the next lower quadrature rule.
    pub quadrature_error: f64,
    /// The rule that was used.
    pub rung: usize,
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

/// A program with its workspaces, one per rule that was used.
struct Compiled<'s> {
    program: &'s Program,
    workspaces: Vec<Option<Evaluated>>,
}

/// A workspace and the point at which it was evaluated last.
struct Evaluated {
    workspace: Workspace,
    version: u64,
    unknowns: Vec<f64>,
}

impl<'s> Compiled<'s> {
    fn new(program: &'s Program) -> Self {
        Compiled { program, workspaces: (0..rungs()).map(|_| None).collect() }
    }

    /// Evaluates with a rule, unless that was done at this very point; `version` counts the changes of
    /// parameters and control.
    fn evaluate(
        &mut self,
        rung: usize,
        symbols: &[f64],
        version: u64,
        unknowns: &[f64],
        effort: &mut Effort,
    ) {
        let rule = rule(rung);
        let evaluated = self.workspaces[rung].get_or_insert_with(|| Evaluated {
            workspace: self.program.workspace(&rule.nodes, &rule.weights),
            version: u64::MAX,
            unknowns: Vec::new(),
        });
        if evaluated.version == version && evaluated.unknowns == unknowns {
            return;
        }
        if evaluated.version != version {
            self.program.set_point(&mut evaluated.workspace, symbols);
            evaluated.version = version;
        }
        self.program.evaluate(&mut evaluated.workspace, unknowns);
        evaluated.unknowns.clear();
        evaluated.unknowns.extend_from_slice(unknowns);
        effort.evaluations += 1;
        effort.tanh += self.program.tanh_evaluations(rule.nodes.len()) as u64;
    }

    fn evaluate_late(&mut self, rung: usize) {
        if let Some(evaluated) = &mut self.workspaces[rung] {
            self.program.evaluate_late(&mut evaluated.workspace);
        }
    }

    fn value(&self, rung: usize, root: usize) -> f64 {
        self.workspaces[rung].as_ref().map_or(f64::NAN, |e| self.program.value(&e.workspace, root))
    }

    fn averages(&self, rung: usize) -> impl Iterator<Item = f64> + '_ {
        self.workspaces[rung].iter().flat_map(|e| self.program.averages(&e.workspace))
    }

    /// The highest rule whose product over the normal variables is not too large.
    fn highest_rung(&self) -> usize {
        let dimensions = self.program.dimensions() as i32;
        (0..rungs()).rev().find(|r| (rule_size(*r) as f64).powi(dimensions) <= LARGEST_PRODUCT).unwrap_or(0)
    }
}

/// A point with an infinite coordinate: only outputs and energy are evaluated there.
fn on_boundary(x: &DVector<f64>) -> bool {
    x.iter().any(|v| v.is_infinite())
}

fn rule_size(rung: usize) -> usize {
    rule(rung).nodes.len()
}

/// A system at given parameters.
pub struct Equations<'s> {
    /// The system.
    pub system: &'s System,
    symbols: Vec<f64>,
    version: u64,
    equations: Compiled<'s>,
    certificate: Compiled<'s>,
    boundary: Compiled<'s>,
    setup: Compiled<'s>,
    gauge: Option<Compiled<'s>>,
    admissible: Option<Compiled<'s>>,
    evaluation: Evaluation,
    highest_rung: usize,
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
            setup: Compiled::new(&system.setup_program),
            gauge: system.gauge_program.as_ref().map(Compiled::new),
            admissible: system.admissible_program.as_ref().map(Compiled::new),
            evaluation: Evaluation {
                energy: f64::NAN,
                residual: DVector::zeros(k),
                jacobian: DMatrix::zeros(k, k),
            },
            highest_rung,
            effort: Effort::default(),
        }
    }

    /// The highest rule that averages can be computed with.
    pub fn highest_rung(&self) -> usize {
        self.highest_rung
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

    fn set_control(&mut self, control: f64) {
        if let Some(last) = self.symbols.last_mut()
            && last.to_bits() != control.to_bits()
        {
            *last = control;
            self.version += 1;
        }
    }

    /// The equations at a point, with a rule of the ladder.
    pub fn evaluate(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> &Evaluation {
        self.set_control(control);
        self.equations.evaluate(rung, &self.symbols, self.version, x.as_slice(), &mut self.effort);
        let roots = &self.system.equation_roots;
        let k = x.len();
        self.evaluation.energy = roots.energy.map_or(f64::NAN, |e| self.equations.value(rung, e));
        for i in 0..k {
            self.evaluation.residual[i] = self.equations.value(rung, roots.residual + i);
            for j in 0..k {
                self.evaluation.jacobian[(i, j)] = self.equations.value(rung, roots.jacobian + i * k + j);
            }
        }
        &self.evaluation
    }

    /// ∂residual/∂control at a point.
    pub fn along_control(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> DVector<f64> {
        self.set_control(control);
        self.equations.evaluate(rung, &self.symbols, self.version, x.as_slice(), &mut self.effort);
        self.equations.evaluate_late(rung);
        let first = self.system.equation_roots.along_control;
        DVector::from_fn(x.len(), |i, _| self.equations.value(rung, first + i))
    }

    /// The largest difference of any average from the next lower rule: the error of that rule, and a bound on
    /// the error of this one, which is much smaller where the rules converge.
    pub fn quadrature_error(&mut self, control: f64, x: &DVector<f64>, rung: usize) -> f64 {
        self.set_control(control);
        let program = if on_boundary(x) { &mut self.boundary } else { &mut self.certificate };
        let rung = rung.max(LOWEST_RUNG);
        for r in [rung - 1, rung] {
            program.evaluate(r, &self.symbols, self.version, x.as_slice(), &mut self.effort);
        }
        program
            .averages(rung - 1)
            .zip(program.averages(rung))
            .map(|(a, b)| (a - b).abs())
            // A NaN must not look like a small error.
            .fold(
                0.0,
                |worst, e| if e <= worst { worst } else { e.max(if e.is_nan() { f64::INFINITY } else { e }) },
            )
    }

    /// The lowest rule, from `from` on, whose error is within the tolerance, and its error; the highest rule
    /// if none is. A first choice (`cold`) must be confirmed by the next rule, because two coarse rules can
    /// agree by chance.
    pub fn adequate_rung(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        from: usize,
        tolerance: f64,
        cold: bool,
    ) -> (usize, f64) {
        let mut rung = from.clamp(LOWEST_RUNG, self.highest_rung.max(LOWEST_RUNG));
        let mut error = self.quadrature_error(control, x, rung);
        loop {
            if rung >= self.highest_rung {
                return (rung, error);
            }
            if error <= tolerance {
                if !cold {
                    return (rung, error);
                }
                let confirmed = self.quadrature_error(control, x, rung + 1);
                if confirmed <= tolerance {
                    return (rung, error);
                }
                (rung, error) = (rung + 1, confirmed);
                continue;
            }
            rung += 1;
            error = self.quadrature_error(control, x, rung);
        }
    }

    /// Outputs and certificate at a point, with a rule whose error has been measured.
    pub fn certify(
        &mut self,
        control: f64,
        x: &DVector<f64>,
        rung: usize,
        quadrature_error: f64,
    ) -> Certified {
        self.set_control(control);
        let inside = !on_boundary(x);
        let program = if inside { &mut self.certificate } else { &mut self.boundary };
        program.evaluate(rung, &self.symbols, self.version, x.as_slice(), &mut self.effort);
        let count = self.system.outputs.len();
        let value = |i: usize| program.value(rung, i);
        let has_energy = self.system.equation_roots.energy.is_some();
        let first_residual = count + usize::from(has_energy);
        Certified {
            outputs: (0..count).map(value).collect(),
            energy: if has_energy { value(count) } else { f64::NAN },
            residual: if inside {
                (0..x.len()).map(|i| value(first_residual + i).abs()).fold(0.0, f64::max)
            } else {
                0.0
            },
            quadrature_error,
            rung,
        }
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
        self.set_control(control);
        let compiled = self.admissible.as_mut()?;
        let rung = rung.min(compiled.highest_rung());
        compiled.evaluate(rung, &self.symbols, self.version, x.as_slice(), &mut Effort::default());
        Some([0, 1].map(|root| compiled.value(rung, root)))
    }

    /// The representative of a solution under the sign symmetry.
    pub fn apply_gauge(&mut self, control: f64, x: &mut DVector<f64>, rung: usize) {
        self.set_control(control);
        let (Some(compiled), Some(gauge)) = (&mut self.gauge, &self.system.gauge) else { return };
        let rung = rung.min(compiled.highest_rung());
        compiled.evaluate(rung, &self.symbols, self.version, x.as_slice(), &mut Effort::default());
        if compiled.value(rung, 0) == 0.0 {
            for i in &gauge.flip {
                x[*i] = -x[*i];
            }
        }
        // −0 and 0 are the same solution.
        x.iter_mut().filter(|v| **v == 0.0).for_each(|v| *v = 0.0);
    }
}
