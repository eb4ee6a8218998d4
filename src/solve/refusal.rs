//! Why a point is no row: what a search found in place of a solution, in the user's terms.

use super::averages::WorstAverage;
use crate::system::{Kind, System};

/// Why a point was refused.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// The equations do not vanish there to the accuracy of their terms, and no step brings them nearer.
    NotZero {
        /// The equation that is farthest from zero, measured by its accuracy.
        equation: usize,
        /// Its value.
        value: f64,
        /// How accurately it is known.
        accuracy: f64,
        /// The point.
        at: Vec<f64>,
    },
    /// An equation changes sign through infinity.
    Pole {
        /// The equation.
        equation: usize,
        /// The point.
        at: Vec<f64>,
    },
    /// An equation changes sign without passing zero.
    Jump {
        /// The equation.
        equation: usize,
        /// The point.
        at: Vec<f64>,
        /// Its values on both sides.
        sides: [f64; 2],
    },
    /// The equations vanish only because their terms do, on the way to infinity.
    Vanishing {
        /// The point.
        at: Vec<f64>,
        /// The unknown that runs away.
        unknown: usize,
    },
    /// An equation, or its derivative, is not a number.
    Undefined {
        /// The equation.
        equation: usize,
        /// The point.
        at: Vec<f64>,
    },
    /// The point solves the equations, but lies outside the range of an unknown.
    Outside {
        /// The unknown.
        unknown: usize,
        /// Its value.
        value: f64,
        /// The ends of its range.
        range: (f64, f64),
    },
    /// The point solves the equations, but is not admissible.
    Inadmissible {
        /// The point.
        at: Vec<f64>,
    },
    /// A stationary point of the energy that is no minimum.
    NotMinimum {
        /// The point.
        at: Vec<f64>,
    },
    /// A stationary point of the free energy of another kind than is meant.
    Saddle {
        /// The point.
        at: Vec<f64>,
    },
    /// An implicit definition has more than one number.
    Several,
    /// An average is not known to the tolerance.
    Average(WorstAverage),
    /// Averages over many variables at once are not known to the tolerance.
    Averages {
        /// Their error.
        error: f64,
    },
    /// A search has seen a point of lower energy, and could not finish from there.
    Lower {
        /// The energy of that point.
        energy: f64,
    },
    /// What moves cannot be followed so far.
    Ends {
        /// Where it ends.
        control: f64,
        /// The point.
        at: Vec<f64>,
        /// Why.
        how: Ending,
    },
    /// What moves is known less well than was asked for.
    Inaccurate {
        /// The column that is known least.
        output: String,
        /// Its error.
        error: f64,
    },
    /// An independent evaluation of the equations finds something else.
    Disagrees(String),
}

/// Why what moves cannot be followed further. Numbers are places of unknowns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ending {
    /// The start of an unknown is not a finite number.
    NoStart(usize),
    /// A right side is not a number, or infinite.
    Undefined(usize),
    /// An unknown goes to infinity.
    Infinite(usize),
    /// A right side changes faster than steps can be short; how fast its unknown moves.
    TooFast(usize, f64),
    /// It takes more than so many steps.
    TooLong(u64),
    /// It has no value there: outside its control, or between its steps.
    Nowhere,
}

impl Refusal {
    /// What tells a user most about a row without a solution comes first.
    pub fn rank(&self) -> u8 {
        match self {
            Refusal::Disagrees(_)
            | Refusal::Ends { .. }
            | Refusal::Inaccurate { .. }
            | Refusal::Several
            | Refusal::Average(_)
            | Refusal::Averages { .. }
            | Refusal::Lower { .. } => 0,
            Refusal::Outside { .. } => 0,
            Refusal::Inadmissible { .. } => 1,
            Refusal::Pole { .. } => 2,
            Refusal::Jump { .. } => 3,
            Refusal::Vanishing { .. } => 4,
            Refusal::NotZero { .. } => 5,
            Refusal::Undefined { .. } => 6,
            Refusal::NotMinimum { .. } | Refusal::Saddle { .. } => 7,
        }
    }

    /// Of refusals of one kind, the one nearest to a solution comes first.
    pub fn distance(&self) -> f64 {
        match self {
            Refusal::NotZero { accuracy, .. } if accuracy.is_infinite() => f64::MAX,
            Refusal::NotZero { value, accuracy, .. } => value.abs() / accuracy.max(f64::MIN_POSITIVE),
            _ => 0.0,
        }
    }

    /// In words.
    pub fn describe(&self, system: &System) -> String {
        let point = |at: &[f64]| -> String {
            let names = system.unknowns.iter().map(|u| u.name.as_str());
            let values: Vec<String> = names.zip(at).map(|(name, x)| format!("{name} = {x:.9e}")).collect();
            values.join(", ")
        };
        let equation = |i: &usize| match system.kind {
            Kind::Energy => format!("the derivative of the energy along `{}`", system.unknowns[*i].name),
            Kind::Extremum => {
                format!("the derivative of the free energy along `{}`", system.unknowns[*i].name)
            }
            Kind::FixedPoint => format!("the equation of `{}`", system.unknowns[*i].name),
            _ => format!("the equation `{}`", system.equations.get(*i).map_or("", |(name, _)| name.as_str())),
        };
        match self {
            Refusal::NotZero { equation: i, accuracy, at, .. }
                if accuracy.is_infinite() && system.has_implicit() =>
            {
                format!(
                    "{} is not known at {}: an implicit definition has more than one number there, or the equation divides by terms that cancel",
                    equation(i),
                    point(at)
                )
            }
            Refusal::NotZero { equation: i, accuracy, at, .. } if accuracy.is_infinite() => format!(
                "{} is lost in rounding at {}: it divides by terms that cancel there",
                equation(i),
                point(at)
            ),
            Refusal::NotZero { equation: i, value, accuracy, at } => format!(
                "{} does not vanish: it is {value:.3e} at {}, where its terms are known to {accuracy:.0e}",
                equation(i),
                point(at)
            ),
            Refusal::Pole { equation: i, at } => {
                format!("{} changes sign through infinity at {}: a pole, not a root", equation(i), point(at))
            }
            Refusal::Jump { equation: i, at, sides: [below, above] } => format!(
                "{} jumps at {} from {below:.3e} to {above:.3e} without being zero",
                equation(i),
                point(at)
            ),
            Refusal::Vanishing { at, unknown } => format!(
                "the equations vanish at {} only because their terms do, on the way of `{}` to infinity; that is no solution",
                point(at),
                system.unknowns[*unknown].name
            ),
            Refusal::Undefined { equation: i, at } => {
                format!("{} or its derivative is not a number at {}", equation(i), point(at))
            }
            Refusal::Outside { unknown, value, range: (low, high) } => {
                let name = &system.unknowns[*unknown].name;
                format!(
                    "the solution with {name} = {value:.9e} lies outside the range [{low}, {high}] of `{name}`"
                )
            }
            Refusal::Inadmissible { at } => format!("the solution at {} is not admissible", point(at)),
            Refusal::Average(worst) => average(worst),
            Refusal::Averages { error } => format!(
                "averages over several variables at once are known only to {error:.1e}; a larger --tolerance accepts it"
            ),
            Refusal::Lower { energy } => format!(
                "a search has seen a point of lower energy ({energy:.9e}) from which it could not reach a minimum; add a start near it to a [[branch]] of the equation file"
            ),
            Refusal::Several => {
                "an implicit definition has more than one number at a node of an average: its equation changes sign more than once in its range".into()
            }
            Refusal::Ends { control, at, how } => ends(system, *control, &point(at), *how),
            Refusal::Inaccurate { output, error } => inaccurate(system, output, *error),
            Refusal::Disagrees(how) => format!("an independent evaluation disagrees: {how}"),
            Refusal::Saddle { at } => format!(
                "the free energy is stationary at {}, but not {} there",
                point(at),
                system.extremum.in_words(system.unknowns.iter().map(|u| u.name.as_str()))
            ),
            Refusal::NotMinimum { at } => {
                format!("the energy is stationary at {}, but has no minimum there", point(at))
            }
        }
    }
}

/// Why an average is not known.
fn average(WorstAverage { text, variable, place, error, undefined }: &WorstAverage) -> String {
    match undefined {
        true => format!(
            "the average over {variable} in {text} is not a number: near {variable} = {place} its integrand is 0/0, 0·inf or outside its domain"
        ),
        false => format!(
            "the average over {variable} in {text} is known only to {error:.1e}, its integrand worst near {variable} = {place}; a larger --tolerance accepts it"
        ),
    }
}

/// Why what moves cannot be followed beyond a point.
fn ends(system: &System, control: f64, point: &str, how: Ending) -> String {
    let name = |unknown: usize| system.unknowns[unknown].name.as_str();
    let place = format!("{} = {control:.12}", system.control.name);
    let moves = system.kind.name();
    match how {
        Ending::NoStart(unknown) => {
            format!("the start of `{}` is not a finite number at these parameters", name(unknown))
        }
        Ending::Undefined(unknown) => format!(
            "the {moves} ends at {place}: beyond {point} the right side of `{}` is not a finite number",
            name(unknown)
        ),
        Ending::Infinite(unknown) => {
            format!("the {moves} ends at {place}: `{}` goes to infinity there ({point})", name(unknown))
        }
        Ending::TooFast(unknown, rate) => format!(
            "the {moves} cannot be followed beyond {place}: at {point} a right side jumps or has a pole, and `{}` moves by {rate:.1e} per unit of {}",
            name(unknown),
            system.control.name
        ),
        Ending::Nowhere => format!(
            "the {moves} runs from {} to {}{}, and has no value at {control}",
            system.control.from,
            system.control.to,
            if system.kind == Kind::Iterate { " in whole steps" } else { "" }
        ),
        Ending::TooLong(steps) => {
            format!("the {moves} has come to {place} after {steps} steps, and is not followed further")
        }
    }
}

/// That a row of what moves is known less well than was asked for.
fn inaccurate(system: &System, output: &str, error: f64) -> String {
    match system.kind {
        Kind::Iterate => format!(
            "rounding and the errors of averages have grown to {error:.1e} in `{output}` on the way; a larger --tolerance accepts it"
        ),
        _ => format!(
            "`{output}` is known only to {error:.1e}: so far apart are two integrations, one with steps of half the length; a larger --tolerance accepts it"
        ),
    }
}
