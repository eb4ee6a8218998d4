//! What a theory says of every measurement.

use rayon::prelude::*;

use super::measurements::Measurements;
use super::verdict::Predicted;
use crate::solve::events::several;
use crate::solve::{Job, PieceCurve, Settings};
use crate::system::Theory;
use crate::value::{Given, Value};

/// The outputs of one theory at the parameters, dimension and control value of every measurement.
#[derive(Debug, Clone)]
pub struct Predictions<'t> {
    /// The theory.
    pub theory: &'t Theory,
    /// Whether it has a dimension d, and is compared at each d.
    pub at_each_d: bool,
    /// Values for parameters that the measurements do not have.
    pub given: Given,
    /// Per measurement, the values of [`Measurements::overlaps`]; NaN where the theory has no such output, does not
    /// apply or did not converge.
    pub values: Vec<Vec<f64>>,
    /// Why it does not apply to some measurements, where its parameters forbid it.
    pub not_applicable: Option<String>,
    /// To how many measurements it does not apply.
    pub refused: usize,
    /// Control values at which it did not converge.
    pub failed: Vec<f64>,
    /// That there are several solutions, of which the theory does not say which is meant, and where first.
    pub several: Option<String>,
}

impl<'t> Predictions<'t> {
    /// What is judged.
    pub fn predicted(&self) -> Predicted<'_> {
        Predicted { values: &self.values, at_each_d: self.at_each_d }
    }

    /// Solves a theory for all measurements; `given` are parameters that the measurements do not have.
    pub fn new(
        theory: &'t Theory,
        measurements: &Measurements,
        given: &[(String, Value)],
        settings: Settings,
    ) -> Predictions<'t> {
        let names = theory.parameter_names();
        let at_each_d = names.contains(&measurements.size.as_str());
        // Rows of equal parameters are solved together.
        let parameters_of = |row: usize| -> Given {
            let measured = &measurements.rows[row];
            let of_row = measurements.parameters.iter().cloned().zip(measured.parameters.iter().cloned());
            let d = at_each_d.then(|| (measurements.size.clone(), Value::Number(measured.d)));
            let all = given.iter().cloned().chain(of_row).chain(d);
            all.filter(|(name, _)| names.contains(&name.as_str())).collect()
        };
        let mut jobs: Vec<(Given, Vec<usize>)> = Vec::new();
        for row in 0..measurements.rows.len() {
            let parameters = parameters_of(row);
            match jobs.iter_mut().find(|(known, _)| *known == parameters) {
                Some((_, rows)) => rows.push(row),
                None => jobs.push((parameters, vec![row])),
            }
        }
        let solved: Vec<Result<Vec<PieceCurve>, String>> = jobs
            .par_iter()
            .map(|(parameters, rows)| {
                theory.check_values(parameters).map_err(|e| e.to_string())?;
                let mut controls: Vec<f64> = rows.iter().map(|r| measurements.rows[*r].control).collect();
                controls.sort_by(f64::total_cmp);
                controls.dedup();
                controls.retain(|t| (theory.control.from..=theory.control.to).contains(t));
                if controls.is_empty() {
                    return Ok(Vec::new());
                }
                Ok(Job { parameters: parameters.clone(), controls: Some(controls) }.curves(theory, settings))
            })
            .collect();
        let mut predictions = Predictions {
            theory,
            at_each_d,
            given: given.to_vec(),
            values: vec![vec![f64::NAN; measurements.overlaps.len()]; measurements.rows.len()],
            not_applicable: None,
            refused: 0,
            failed: Vec::new(),
            several: None,
        };
        for ((_, rows), curves) in jobs.iter().zip(solved) {
            let curves = match curves {
                Ok(curves) => curves,
                Err(reason) => {
                    predictions.not_applicable.get_or_insert(reason);
                    predictions.refused += rows.len();
                    continue;
                }
            };
            for row in rows {
                predictions.take(*row, measurements, &curves, settings);
            }
        }
        predictions
    }
    /// The outputs at a measurement, from the curves at its parameters.
    fn take(&mut self, row: usize, measurements: &Measurements, curves: &[PieceCurve], settings: Settings) {
        let control = measurements.rows[row].control;
        // Where two pieces meet, the first is what holds at fixed control as d → ∞.
        let Some((piece, place)) = curves.iter().find_map(|piece| {
            piece.curve.controls.iter().position(|c| *c == control).map(|place| (piece, place))
        }) else {
            return;
        };
        let certified = piece.curve.solution(place).map(|(_, s)| &s.certified);
        let Some(certified) = certified.filter(|c| c.within(settings.tolerance)) else {
            if !self.failed.contains(&control) {
                self.failed.push(control);
            }
            return;
        };
        if self.several.is_none() {
            self.several = several(piece, place).map(|(what, first)| format!("{what}, first {first}"));
        }
        let outputs = &piece.piece.system.outputs;
        for (value, overlap) in self.values[row].iter_mut().zip(&measurements.overlaps) {
            if let Some(output) = outputs.iter().position(|o| o.column == *overlap) {
                *value = certified.outputs[output];
            }
        }
    }
}
