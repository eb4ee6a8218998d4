//! Training schedules that know the phases: when each feature is decided, and where training times should lie.
//!
//! A feature is any curve against time that goes from one level to another: a part of the error of a denoiser, the
//! probability that a U-turn ends in another class. arXiv:2412.07972 trains with half of the times in the short window
//! in which the mode of the mixture is decided; here the window is found from the curve.
//!
//! - [`isotonic`]: the monotone curve nearest to noisy data;
//! - [`feature`]: a curve as the share of its change that has happened, and its [`Window`];
//! - [`mixture`]: the two features of the exact denoiser of the mixture, resolved at any dimension;
//! - [`density`]: a density over training times, and its quantiles;
//! - `training`: windows and training times of some features; `widths`: the window of the mode along the dimension;
//!   `experiment`: both for every combination of parameters; `source`: what is drawn (`figure`) and listed, `curves` from your files.

mod curves;
pub mod density;
mod experiment;
pub mod feature;
mod figure;
pub mod isotonic;
pub mod mixture;
mod source;
mod training;
mod widths;

pub use density::Density;
pub use experiment::{How, OfTheory, Schedules};
pub use feature::{Feature, FeatureError, Levels, Window};
pub use figure::parameters_line;
pub use mixture::{MixtureFeatures, dilated_time};
pub use source::Source;
pub use training::{Spread, TrainingTimes};
pub use widths::{Width, Widths};
