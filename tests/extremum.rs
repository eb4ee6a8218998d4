//! Free energies of which a stationary point is meant: which one, what becomes of the others, and how a row says that there is none.

mod support;

use overlaps::solve::Settings;
use overlaps::system::Theory;
use support::{close, job, solve};

fn parse(text: &str) -> Theory {
    Theory::parse("x", text).unwrap_or_else(|e| panic!("{e}"))
}

/// max over q of min over r of a free energy whose stationary points are known: f = (r − g(q))² + h(q), with
/// h = q⁴/4 − q²/2 + t q/10, which is extremal at two minima and a maximum.
fn saddles(ways: &str) -> Theory {
    parse(&format!(
        "title = \"x\"\ncontrol = {{ name = \"t\", from = 0, to = 1, points = 3 }}\n\
         [definitions]\nh = \"q^4/4 - q^2/2 + t*q/10\"\nf = \"(r - sin(q))^2 + h\"\n\
         [unknowns]\nq = {{ meaning = \"\", range = [-2, 2] }}\nr = {{ meaning = \"\", range = [-3, 3] }}\n\
         [energy]\nextremise = \"f\"\n{ways}\n[outputs]\nslope = {{ value = \"D[t](f) + D[q](f) + D[r](f)\", meaning = \"\" }}\n"
    ))
}

#[test]
fn the_saddle_is_the_one_that_is_said() {
    let maximum = solve(&saddles("maximise = [\"q\"]\nminimise = [\"r\"]"), &[], &[0.0, 0.5]);
    assert_eq!(maximum.len(), 2);
    for row in &maximum {
        let q = row.get("q");
        assert!(q.abs() < 0.1, "{row:?}");
        close("r", row.get("r"), q.sin(), 1e-14);
        // The energy is as it is written, and the curvature has the sign that makes it positive.
        close("energy", row.energy, q.powi(4) / 4.0 - q * q / 2.0 + row.control * q / 10.0, 1e-13);
        close("curvature", row.curvature.unwrap_or(f64::NAN), (1.0 - 3.0 * q * q).min(2.0), 1e-12);
        close("slope", row.get("slope"), q / 10.0, 1e-12);
    }
    // Both minima of h are minimal in both; the lower one is meant.
    let lowest = solve(&saddles("minimise = [\"q\", \"r\"]"), &[], &[0.5]);
    assert!(lowest[0].get("q") < -1.0, "{lowest:?}");
    let also = solve(&saddles("minimise = [\"q\"]"), &[], &[0.5]);
    close("q", also[0].get("q"), lowest[0].get("q"), 1e-13);
    // Maximal in r it is nowhere.
    let theory = saddles("maximise = [\"r\"]");
    let pieces = job(&[], &[0.5]).solve(&theory, Settings::default());
    let curve = &pieces[0].curve;
    assert!(curve.solution(0).is_none());
    let refusal = curve.refusal(0, 1e-12).map(|r| r.describe(&theory.pieces[0].system)).unwrap_or_default();
    assert!(refusal.contains("stationary") && refusal.contains("not maximal in r"), "{refusal}");
}

#[test]
fn the_other_stationary_points_are_there_and_called_saddles() {
    let theory = saddles("maximise = [\"q\"]\nminimise = [\"r\"]");
    let pieces = job(&[], &[0.5]).solve(&theory, Settings::default());
    let all: Vec<(&str, bool)> =
        pieces[0].curve.solutions(0).iter().map(|(_, s)| (s.branch.as_str(), s.meant)).collect();
    assert_eq!(all.iter().filter(|(_, meant)| *meant).count(), 1, "{all:?}");
    assert_eq!(all[1..], [("saddle", false), ("saddle-2", false)], "{all:?}");
}

#[test]
fn the_order_of_the_file_is_that_of_the_extrema() {
    // f = x² − 4xy + y² is a saddle that is minimal in each alone, and, once one is eliminated, maximal in the other.
    for (ways, found) in [
        ("maximise = [\"x\"]\nminimise = [\"y\"]", true),
        ("maximise = [\"y\"]\nminimise = [\"x\"]", true),
        ("minimise = [\"y\"]\nmaximise = [\"x\"]", false),
        ("minimise = [\"x\", \"y\"]", false),
        ("maximise = [\"x\"]", true),
    ] {
        let text = format!(
            "title = \"x\"\ncontrol = {{ name = \"t\", from = 0, to = 1, points = 3 }}\n[unknowns]\nx = \"\"\ny = \"\"\n\
             [energy]\nextremise = \"x^2 - 4*x*y + y^2 + t*x\"\n{ways}\n"
        );
        assert_eq!(!solve(&parse(&text), &[], &[0.5]).is_empty(), found, "{ways}");
    }
}
