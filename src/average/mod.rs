//! Gaussian averages: quadrature rules for E f(z), z ~ N(0, 1).
//!
//! For what is smooth and wide there is a ladder, ordered by the number of nodes, so that the error of a rule can be
//! measured by the next one: tanh(a + √r z) has poles at distance π/(2√r) from the real axis; Gauss–Hermite converges only
//! as exp(−c √N/√r) there, the trapezoid rule as exp(−π²/(√r h)); the ladder therefore starts with Gauss–Hermite and goes
//! over to the trapezoid rule. What bends sharply, has kinks, or its mass far out, is integrated over panels that follow it.

mod double_exponential;
mod gauss_hermite;
mod ladder;
mod legendre;
mod panels;
mod trapezoid;

pub use double_exponential::normal_average;
pub use gauss_hermite::gauss_hermite;
pub use ladder::{LOWEST_RUNG, MOST_DIMENSIONS, PANELS, Rule, RuleKind, rule, rule_over, rungs, rungs_over};
pub use panels::{FEW, HALF_WIDTH, HIGH, LOW, Plan, Refined, Sharp, on_panel};
