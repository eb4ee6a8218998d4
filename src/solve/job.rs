//! A theory at given parameters, on given control values: the curves of its pieces.

use super::curve::Curve;
use super::solution::Settings;
use crate::language::EquationError;
use crate::system::{Piece, Theory};
use crate::value::Given;

/// What is to be solved: values for some parameters (the others take their defaults) and control values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Job {
    /// Parameter values.
    pub parameters: Given,
    /// Control values; none: the grid of the file.
    pub controls: Option<Vec<f64>>,
}

/// The curve of one piece.
#[derive(Debug, Clone)]
pub struct PieceCurve<'t> {
    /// The piece.
    pub piece: &'t Piece,
    /// Values of all its parameters.
    pub parameters: Vec<f64>,
    /// Its curve.
    pub curve: Curve,
}

impl Job {
    /// The control values that fall into a piece.
    pub fn controls_of(&self, theory: &Theory, piece: &Piece) -> Vec<f64> {
        let all = self.controls.clone().unwrap_or_else(|| theory.control.grid());
        if theory.is_composite() {
            all.into_iter().filter(|t| piece.from <= *t && *t <= piece.to).collect()
        } else {
            all
        }
    }

    /// Solves every piece, once the values have been checked as the command checks them.
    ///
    /// # Errors
    /// A parameter that the theory does not have (the nearest is suggested), a value outside its domain, a word
    /// for a number or a number for a word.
    pub fn solve<'t>(
        &self,
        theory: &'t Theory,
        settings: Settings,
    ) -> Result<Vec<PieceCurve<'t>>, EquationError> {
        self.parameters.iter().try_for_each(|(name, _)| theory.check_parameter_name(name))?;
        theory.check_values(&self.parameters)?;
        Ok(self.curves(theory, settings))
    }

    /// The same at values that have been checked (a plan was made of them); they may be those of several theories, and names that this
    /// one lacks are passed over.
    pub fn curves<'t>(&self, theory: &'t Theory, settings: Settings) -> Vec<PieceCurve<'t>> {
        theory
            .pieces
            .iter()
            .map(|piece| {
                let parameters = piece.system.parameter_values(&self.parameters);
                let controls = self.controls_of(theory, piece);
                let curve = Curve::solve(&piece.system, &parameters, &controls, settings);
                let mut piece = PieceCurve { piece, parameters, curve };
                piece.look_again(settings.tolerance);
                piece
            })
            .collect()
    }
}
