//! The equations, outputs and energy of a system at a point, by the expressions of its file.

use std::cell::Cell;

use nalgebra::DMatrix;

use super::evaluate::{Evaluation, Grant};
use super::formula::{Formula, Place, Unsupported};
use super::integrate::Rule;
use super::number::Number;
use super::reader::Reader;
use super::values::Value;
use crate::system::{Kind, System};

/// The expressions of a system at given parameters, ready to be evaluated.
pub struct Expressions<'s> {
    /// The system.
    pub system: &'s System,
    parameters: Vec<f64>,
    formula: Formula,
    /// The energy of which a minimum or a stationary point is meant.
    potential: Option<Place>,
    /// The energy, or what selects.
    energy: Option<Place>,
    residuals: Vec<Place>,
    outputs: Vec<Place>,
    ranges: Vec<Option<[Place; 2]>>,
    starts: Vec<Vec<Vec<Place>>>,
    gauge: Option<Place>,
    admissible: Option<Place>,
}

/// A system at a control value.
pub struct At<'e, 's> {
    /// Its expressions.
    pub expressions: &'e Expressions<'s>,
    /// The control value.
    pub control: f64,
    /// The typical size of each unknown: of the starts of the file, else of its range.
    pub scale: Vec<f64>,
    /// The ranges of the unknowns.
    pub ranges: Vec<Option<(f64, f64)>>,
    /// Operations done at nodes so far.
    pub work: Cell<u64>,
}

/// The equations at a point.
pub struct Equations {
    /// What is to vanish, one entry per unknown, with bounds of errors.
    pub residual: Vec<Number>,
    /// The size of the terms of each.
    pub sizes: Vec<Number>,
    /// Its derivatives, if asked for.
    pub jacobian: Option<DMatrix<f64>>,
    /// The bounds of their errors.
    pub jacobian_errors: Option<DMatrix<f64>>,
    /// The energy, or what selects; none if there is neither.
    pub energy: Option<Value>,
    /// Operations done.
    pub work: u64,
    /// Whether an average was given up.
    pub unfinished: bool,
}

impl<'s> Expressions<'s> {
    /// Reads the expressions of a system.
    ///
    /// # Errors
    /// A sum that is too large, or a construct that is not known here.
    pub fn new(system: &'s System, parameters: &[f64]) -> Result<Expressions<'s>, Unsupported> {
        let written = &system.written;
        let mut reader = Reader::new(written, parameters);
        reader.definitions()?;
        let unknowns: Vec<Place> = (0..system.unknowns.len()).map(|i| reader.unknown(i)).collect();
        let mut equations = Vec::new();
        for e in &written.equations {
            equations.push(reader.read(e)?);
        }
        let selection = written.selection.as_ref().map(|e| reader.read(e)).transpose()?;
        let mut potential = None;
        let (energy, residuals) = match system.kind {
            Kind::Energy => {
                potential = equations.first().copied();
                (potential, Vec::new())
            }
            Kind::Extremum => {
                let turned = |e: &Place| if system.extremum.sign() < 0.0 { reader.negative(*e) } else { *e };
                potential = equations.first().map(turned);
                (if system.extremum.ways.is_empty() { selection } else { potential }, Vec::new())
            }
            Kind::FixedPoint => {
                let pairs = unknowns.iter().zip(&equations);
                (selection, pairs.map(|(x, f)| reader.difference(*x, *f)).collect())
            }
            Kind::Residual => (selection, equations),
            Kind::Flow | Kind::Iterate => (None, equations),
            Kind::ClosedForm => (None, Vec::new()),
        };
        let mut outputs = unknowns;
        for (output, e) in system.outputs.iter().skip(outputs.len()).zip(&written.outputs) {
            let place = reader.read(e)?;
            reader.alias(&output.name, place);
            outputs.push(place);
        }
        let mut ranges = Vec::new();
        for range in &written.ranges {
            ranges.push(match range {
                Some([from, to]) => Some([reader.read(from)?, reader.read(to)?]),
                None => None,
            });
        }
        let mut starts = Vec::new();
        for branch in &written.starts {
            let mut points = Vec::new();
            for point in branch {
                points.push(point.iter().map(|e| reader.read(e)).collect::<Result<Vec<_>, _>>()?);
            }
            starts.push(points);
        }
        let admissible = written.admissible.as_ref().map(|e| reader.read(e)).transpose()?;
        let gauge = written.gauge.as_ref().map(|e| reader.read(e)).transpose()?;
        Ok(Expressions {
            system,
            parameters: parameters.to_vec(),
            formula: reader.formula,
            potential,
            energy,
            residuals,
            outputs,
            ranges,
            starts,
            gauge,
            admissible,
        })
    }

    /// How many normal variables are averaged inside each other.
    pub fn depth(&self) -> usize {
        self.formula.facts.iter().map(|f| f.depth_inside).max().unwrap_or(0)
    }

    /// Whether the unknowns minimise an energy.
    pub fn minimises(&self) -> bool {
        self.system.kind == Kind::Energy
    }

    /// Whether the file says which of several solutions is meant.
    pub fn selects(&self) -> bool {
        self.energy.is_some()
    }

    fn symbols(&self, control: f64, x: &[f64]) -> Vec<f64> {
        self.parameters.iter().copied().chain([control]).chain(x.iter().copied()).collect()
    }

    /// The system at a control value.
    pub fn at(&self, control: f64) -> At<'_, 's> {
        let ranges = self.ranges(control);
        At { scale: self.scale(control, &ranges), expressions: self, control, ranges, work: Cell::new(0) }
    }

    /// The same without what only a search needs: for right sides of what moves.
    pub fn by_itself(&self, control: f64) -> At<'_, 's> {
        let k = self.system.unknowns.len();
        At { expressions: self, control, scale: vec![1.0; k], ranges: vec![None; k], work: Cell::new(0) }
    }

    fn at_control(&self, control: f64, x: &[f64], roots: &[Place]) -> Vec<f64> {
        let symbols = self.symbols(control, x);
        let rule = Rule { tolerance: 1e-13, ..Rule::FULL };
        let mut evaluation = Evaluation::new(
            &self.formula,
            &symbols,
            self.parameters.len() + 1,
            false,
            rule,
            Grant::default(),
        );
        evaluation.values(roots).iter().map(|v| v.value.value()).collect()
    }

    /// The ranges of the unknowns.
    fn ranges(&self, control: f64) -> Vec<Option<(f64, f64)>> {
        let x = vec![f64::NAN; self.system.unknowns.len()];
        (self.ranges.iter())
            .map(|range| {
                range.map(|ends| {
                    let ends = self.at_control(control, &x, &ends);
                    (ends[0], ends[1])
                })
            })
            .collect()
    }

    /// The starting points of a branch of the file.
    pub fn starts(&self, control: f64, branch: usize) -> Vec<Vec<f64>> {
        let x = vec![f64::NAN; self.system.unknowns.len()];
        let points = self.starts.get(branch).map_or(&[][..], |points| points);
        points
            .iter()
            .map(|point| self.at_control(control, &x, point))
            .filter(|point| point.iter().all(|v| v.is_finite()))
            .collect()
    }

    /// The typical size of each unknown: of the starts of the file, else of its range.
    fn scale(&self, control: f64, ranges: &[Option<(f64, f64)>]) -> Vec<f64> {
        let k = self.system.unknowns.len();
        let mut scale = vec![0.0f64; k];
        for branch in 0..self.starts.len() {
            for start in self.starts(control, branch) {
                for (s, x) in scale.iter_mut().zip(start) {
                    *s = s.max(x.abs());
                }
            }
        }
        for (s, range) in scale.iter_mut().zip(ranges) {
            if *s < 1e-300 {
                let size = range.map_or(1.0, |(a, b)| a.abs().max(b.abs()));
                *s = if size.is_finite() && size > 0.0 { size.min(1.0) } else { 1.0 };
            }
        }
        scale
    }

    /// What an equation is called in messages.
    pub fn equation_name(&self, i: usize) -> String {
        match self.system.kind {
            Kind::Energy => format!("the derivative of the energy by {}", self.system.unknowns[i].name),
            Kind::Extremum => {
                format!("the derivative of the free energy by {}", self.system.unknowns[i].name)
            }
            Kind::FixedPoint => format!("the equation for {}", self.system.unknowns[i].name),
            _ => match self.system.equations.get(i) {
                Some((name, _)) => format!("the equation {name}"),
                None => format!("equation {}", i + 1),
            },
        }
    }
}

impl At<'_, '_> {
    /// The equations at a point.
    pub fn equations(&self, x: &[f64], rule: Rule, grant: Grant, jacobian: bool) -> Equations {
        let e = self.expressions;
        let k = x.len();
        let first = e.parameters.len() + 1;
        let smooth =
            e.residuals.iter().chain(&e.energy).chain(&e.potential).all(|p| !e.formula.facts[*p].jumps);
        let symbols = e.symbols(self.control, x);
        let derivatives = smooth && (e.potential.is_some() || jacobian);
        let mut evaluation = Evaluation::new(&e.formula, &symbols, first, derivatives, rule, grant);
        let roots: Vec<Place> = e.energy.iter().chain(&e.potential).chain(&e.residuals).copied().collect();
        let values = evaluation.values(&roots);
        let (energy, rest) = values.split_at(usize::from(e.energy.is_some()));
        let (potential, rest) = rest.split_at(usize::from(e.potential.is_some()));
        let mut result = Equations {
            residual: rest.iter().map(|v| v.value).collect(),
            sizes: rest.iter().map(|v| v.size).collect(),
            jacobian: None,
            jacobian_errors: None,
            energy: energy.first().cloned(),
            work: evaluation.work.get() + e.formula.operations.len() as u64,
            unfinished: evaluation.unfinished.get(),
        };
        self.work.set(self.work.get() + result.work);
        let slope = |v: &Value, j: usize| v.slopes.get(j).copied().unwrap_or(Number::ZERO);
        if e.potential.is_some() {
            if let Some(value) = potential.first().filter(|_| smooth) {
                result.residual = (0..k).map(|j| slope(value, j)).collect();
                let size = |j: usize| value.slope_sizes.get(j).copied().unwrap_or(Number::ZERO);
                result.sizes = (0..k).map(size).collect();
            } else {
                let size = potential.first().map_or(Number::NAN, |value| value.size);
                self.gradient_by_differences(x, rule, grant, size, &mut result);
            }
        } else if jacobian && smooth {
            result.jacobian = Some(DMatrix::from_fn(k, k, |i, j| slope(&rest[i], j).value()));
            result.jacobian_errors = Some(DMatrix::from_fn(k, k, |i, j| slope(&rest[i], j).error()));
        }
        if jacobian && result.jacobian.is_none() {
            let columns: Vec<Vec<Number>> =
                (0..k).map(|j| self.column(x, j, rule, grant, &mut result.work)).collect();
            let symmetric = |matrix: DMatrix<f64>| match e.potential {
                Some(_) => 0.5 * (&matrix + matrix.transpose()),
                None => matrix,
            };
            result.jacobian = Some(symmetric(DMatrix::from_fn(k, k, |i, j| columns[j][i].value())));
            result.jacobian_errors = Some(symmetric(DMatrix::from_fn(k, k, |i, j| columns[j][i].error())));
        }
        result
    }

    /// ∂residual/∂x_j by the difference of two points.
    fn column(&self, x: &[f64], j: usize, rule: Rule, grant: Grant, work: &mut u64) -> Vec<Number> {
        let h = 1e-5 * x[j].abs().max(1e-3 * self.scale[j]);
        let mut at = |x_j: f64| {
            let mut moved = x.to_vec();
            moved[j] = x_j;
            let equations = self.equations(&moved, rule, grant, false);
            *work += equations.work;
            equations.residual
        };
        // Beyond the end of a range the equations need not be numbers.
        let (from, to) = self.ranges[j].unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        let inside = |moved: f64| if from <= x[j] && x[j] <= to { moved.clamp(from, to) } else { moved };
        let (high, low) = (inside(x[j] + h), inside(x[j] - h));
        at(high)
            .into_iter()
            .zip(at(low))
            .map(|(high_r, low_r)| (high_r - low_r).times(1.0 / (high - low)))
            .collect()
    }

    /// Where the integrand of an energy jumps, its gradient by Ridders's extrapolation of differences.
    fn gradient_by_differences(
        &self,
        x: &[f64],
        rule: Rule,
        grant: Grant,
        size: Number,
        into: &mut Equations,
    ) {
        let e = self.expressions;
        let scale = &self.scale;
        for j in 0..x.len() {
            let difference = |h: f64| {
                let at = |x_j: f64| {
                    let mut symbols = e.symbols(self.control, x);
                    let first = e.parameters.len() + 1;
                    symbols[first + j] = x_j;
                    let mut evaluation = Evaluation::new(&e.formula, &symbols, first, false, rule, grant);
                    let roots: Vec<Place> = e.potential.into_iter().collect();
                    evaluation.values(&roots).pop().map_or(Number::NAN, |v| v.value)
                };
                let (high, low) = (x[j] + h, x[j] - h);
                let difference = at(high) - at(low);
                difference.times(1.0 / (high - low))
            };
            let step = 1e-2 * x[j].abs().max(1e-2 * scale[j]);
            let mut last: Vec<Number> = Vec::new();
            let mut best = (Number::NAN, f64::INFINITY);
            for i in 0..8 {
                let mut row = vec![difference(step * 0.5f64.powi(i))];
                let mut factor = 1.0;
                for (order, before) in last.iter().enumerate() {
                    factor *= 4.0;
                    let better = (row[order].times(factor) - *before).times(1.0 / (factor - 1.0));
                    let error = (better - row[order]).value().abs().max((better - *before).value().abs());
                    if error < best.1 {
                        best = (better, error);
                    }
                    row.push(better);
                }
                last = row;
            }
            into.residual.push(best.0.blurred(Number::exact(best.1)));
            into.sizes.push(size.times(1.0 / scale[j]));
        }
    }

    /// The values of the outputs.
    pub fn outputs(&self, x: &[f64], rule: Rule, grant: Grant) -> (Vec<Value>, bool) {
        let e = self.expressions;
        let symbols = e.symbols(self.control, x);
        let mut evaluation =
            Evaluation::new(&e.formula, &symbols, e.parameters.len() + 1, false, rule, grant);
        let values = evaluation.values(&e.outputs);
        (values, evaluation.unfinished.get())
    }

    /// Whether a point meets the condition of the file.
    pub fn admissible(&self, x: &[f64]) -> bool {
        let e = self.expressions;
        e.admissible.is_none_or(|place| e.at_control(self.control, x, &[place])[0] == 1.0)
    }

    /// The representative under the sign symmetry.
    pub fn gauged(&self, mut x: Vec<f64>) -> Vec<f64> {
        let e = self.expressions;
        if let (Some(place), Some(gauge)) = (e.gauge, &e.system.gauge)
            && e.at_control(self.control, &x, &[place])[0] == 0.0
        {
            gauge.flip.iter().for_each(|i| x[*i] = -x[*i]);
        }
        if let Some(exchange) = &e.system.exchange {
            exchange.put_in_order(&mut x);
        }
        x
    }
}
