//! What can be wrong with an experiment.

use std::error::Error as StdError;

use thiserror::Error;

use super::Failure;
use crate::compare::CompareError;
use crate::diagnostic::Place;
use crate::language::EquationError;
use crate::study::PlanError;

/// What keeps an experiment from being made or run.
#[derive(Debug, Error)]
pub enum ExperimentError {
    /// What is fixed and swept.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// An equation file.
    #[error(transparent)]
    Equation(#[from] EquationError),
    /// Measurements.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// What a model refuses.
    #[error(transparent)]
    Model(#[from] Failure),
    /// What does not fit together, in words.
    #[error("{0}")]
    Given(String),
}

/// Where an error stands in an equation file, if it or one of its causes does.
pub fn place_of(error: &(dyn StdError + 'static)) -> Option<Place> {
    let plan = |error: &PlanError| match error {
        PlanError::Equation(error) => error.place.clone(),
        _ => None,
    };
    let own = if let Some(error) = error.downcast_ref::<EquationError>() {
        error.place.clone()
    } else if let Some(error) = error.downcast_ref::<PlanError>() {
        plan(error)
    } else {
        match error.downcast_ref::<ExperimentError>() {
            Some(ExperimentError::Equation(error)) => error.place.clone(),
            Some(ExperimentError::Plan(error)) => plan(error),
            _ => None,
        }
    };
    own.or_else(|| error.source().and_then(place_of))
}
