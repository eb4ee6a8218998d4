//! The systems of nonlinear equations of Moré, Garbow and Hillstrom (ACM TOMS 7 (1981) 17–41), as in the tests of
//! MINPACK: what Newton's method with its globalisation solves from x₀, 10 x₀ and 100 x₀ alone.
//!
//! `cargo test --release --test mgh -- --nocapture` prints the table of `tests/README.md`.

mod support;

use overlaps::solve::{Search, Settings, verify};
use overlaps::system::Theory;
use support::job;

/// File, and whether it is solved from x₀, 10 x₀ and 100 x₀. Chebyquad has no root at n = 8.
const PROBLEMS: [(&str, [bool; 3]); 19] = [
    ("rosenbrock", [true, true, true]),
    ("powell-singular", [true, true, true]),
    ("powell-badly-scaled", [true, true, true]),
    ("wood", [true, true, true]),
    ("helical-valley", [true, true, true]),
    ("watson-6", [true, true, true]),
    ("watson-9", [true, true, true]),
    ("chebyquad-5", [true, true, true]),
    ("chebyquad-6", [true, true, true]),
    ("chebyquad-7", [true, true, true]),
    ("chebyquad-8", [false, false, false]),
    ("chebyquad-9", [true, true, true]),
    ("brown-almost-linear", [true, true, true]),
    ("discrete-boundary-value", [true, true, true]),
    ("discrete-integral-equation", [true, true, true]),
    ("trigonometric", [true, false, true]),
    ("variably-dimensioned", [true, true, true]),
    ("broyden-tridiagonal", [true, true, true]),
    ("broyden-banded", [true, true, true]),
];

/// What one start leads to.
struct Outcome {
    /// |F| at the solution; none if there is none.
    norm: Option<f64>,
    residuals: u64,
    jacobians: u64,
}

fn solve(theory: &Theory, factor: f64) -> Outcome {
    let settings = Settings { search: Search::FileStarts, ..Settings::default() };
    let curves = job(&[], &[factor]).solve(theory, settings);
    let curve = &curves[0].curve;
    let place = theory.pieces[0].system.outputs.iter().position(|o| o.name == "norm").unwrap();
    let norm = curve.solution(0).map(|(_, solution)| {
        // Another evaluator finds the same |F|.
        let (difference, column) = verify(&curves[0], solution);
        assert!(difference <= 1e-10, "{}: {column} differs by {difference:e}", theory.name());
        solution.certified.outputs[place]
    });
    Outcome { norm, residuals: curve.effort.residuals, jacobians: curve.effort.jacobians }
}

#[test]
fn what_is_not_solved_says_so_and_what_is_solved_is_a_root() {
    let mut wrong = Vec::new();
    for (name, expected) in PROBLEMS {
        let path = format!("{}/tests/mgh/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let theory = Theory::load(&path).unwrap_or_else(|e| panic!("{e}"));
        let mut line = format!("| {name} |");
        for (factor, expected) in [1.0, 10.0, 100.0].into_iter().zip(expected) {
            let outcome = solve(&theory, factor);
            line += &match outcome.norm {
                Some(norm) => format!(" {} / {}, {norm:.0e} |", outcome.residuals, outcome.jacobians),
                None => format!(" {} / {}, not-converged |", outcome.residuals, outcome.jacobians),
            };
            // Round-off of the terms of F, which are of order 1 to 1e3 at the roots.
            let root = outcome.norm.is_none_or(|norm| norm < 1e-10);
            if outcome.norm.is_some() != expected || !root {
                wrong.push(format!("{name} from {factor} x₀: {:?}", outcome.norm));
            }
        }
        println!("{line}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
