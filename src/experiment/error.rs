//! What can be wrong with an experiment.

use thiserror::Error;

use super::Failure;
use crate::compare::CompareError;
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
