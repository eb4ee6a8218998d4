//! The second opinion: every planted fault is found, and rows that are right pass. Faults are planted in what a row claims: a
//! verification sees nothing but that.

mod support;

use nalgebra::DVector;
use overlaps::solve::{PieceCurve, Settings, Track, claim, reports};
use overlaps::system::Theory;
use overlaps::verify::{Claim, Disagreement, Verifier};
use support::{RightJob, job, theory};

const TOLERANCE: f64 = 1e-12;

/// Parameters at random, by a linear congruential generator.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.next()
    }

    fn on_a_logarithmic_scale(&mut self, from: f64, to: f64) -> f64 {
        self.between(from.ln(), to.ln()).exp()
    }
}

/// The built-in systems at random parameters, on three control values each.
fn built_in_at_random(draws: &mut Draws) -> Vec<(Theory, RightJob)> {
    let mut all = Vec::new();
    for name in ["first-phase", "first-phase-printed", "second-phase", "two-phase", "finite-d"] {
        let theory = theory(name);
        let mut given = vec![
            ("n", draws.on_a_logarithmic_scale(4.0, 1000.0)),
            ("p", draws.between(0.2, 0.9)),
            ("sigma", draws.between(0.3, 2.0)),
            ("kappa", draws.between(1.0, 8.0)),
            ("lambda", draws.on_a_logarithmic_scale(0.01, 1.0)),
            ("ell", draws.on_a_logarithmic_scale(0.001, 0.1)),
        ];
        given.retain(|(name, _)| theory.parameter_names().contains(name));
        let (from, to) = (theory.control.from, theory.control.to);
        let controls: Vec<f64> = (0..3).map(|_| draws.between(from.max(0.05), to)).collect();
        all.push((theory, job(&given, &controls)));
    }
    let alpha = draws.between(0.01, 0.1);
    all.push((theory("hopfield"), job(&[("T", draws.between(0.05, 0.5))], &[alpha, 0.5 * alpha])));
    let field = draws.between(-0.3, 0.3);
    all.push((
        theory("curie-weiss"),
        job(&[("h", field)], &[draws.between(0.2, 0.9), draws.between(1.1, 2.0)]),
    ));
    all
}

/// All solutions that a curve has at a row, the reported one first.
fn with_claims(piece: &PieceCurve, row: usize, see: &mut dyn FnMut(&Track, Claim)) {
    let Some((chosen, _)) = piece.curve.solution(row) else { return };
    let all = piece.curve.solutions(row);
    let beside: Vec<&DVector<f64>> = all.iter().map(|(_, s)| &s.x).collect();
    for (track, solution) in &all {
        see(track, claim(track, solution, std::ptr::eq(*track, chosen), &beside));
    }
}

fn verifier<'t>(piece: &PieceCurve<'t>) -> Verifier<'t> {
    Verifier::new(&piece.piece.system, &piece.parameters).unwrap_or_else(|e| panic!("{e}"))
}

/// The curves of a file that is written out here.
fn solved<'t>(theory: &'t Theory, controls: &[f64]) -> Vec<PieceCurve<'t>> {
    job(&[], controls).solve(theory, Settings::default())
}

/// The verdict on unknowns (and outputs, the unknowns first) that are claimed for a file.
fn verdict(text: &str, control: f64, x: &[f64], outputs: &[f64], branch: Option<usize>) -> Vec<Disagreement> {
    let theory = Theory::parse("claimed", text).unwrap_or_else(|e| panic!("{e}"));
    let system = &theory.pieces[0].system;
    let verifier = Verifier::new(system, &system.parameter_values(&[])).unwrap_or_else(|e| panic!("{e}"));
    let outputs: Vec<f64> = x.iter().chain(outputs).copied().collect();
    let claim = Claim {
        control,
        x,
        outputs: &outputs,
        energy: f64::NAN,
        quadrature_error: 1e-16,
        boundary: false,
        branch,
        reported: true,
        known: vec![x],
    };
    let report = verifier.verify(&claim, TOLERANCE);
    assert_eq!(report.unverified, None);
    report.disagreements
}

#[test]
fn right_rows_of_all_built_in_systems_pass() {
    right_rows_pass(&["second-phase", "hopfield", "curie-weiss"]);
}

#[test]
#[ignore = "a minute; tests/thorough"]
fn right_rows_of_all_built_in_systems_pass_the_search_too() {
    right_rows_pass(&["first-phase", "first-phase-printed", "two-phase", "finite-d"]);
}

/// The search, which is what takes time, is made for some of the systems.
fn right_rows_pass(searched: &[&str]) {
    let mut draws = Draws(20_412);
    for round in 0..3 {
        for (theory, job) in built_in_at_random(&mut draws) {
            for piece in job.solve(&theory, Settings::default()) {
                let verifier = verifier(&piece);
                for row in 0..piece.curve.controls.len() {
                    with_claims(&piece, row, &mut |track, claim| {
                        let at = || {
                            format!(
                                "{} {} at {} {:?}",
                                theory.name(),
                                track.name,
                                claim.control,
                                job.0.parameters
                            )
                        };
                        if let Err(wrong) = verifier.quick(&claim, TOLERANCE) {
                            panic!("{}: {wrong}", at());
                        }
                        let (difference, output) = verifier.difference(&claim, TOLERANCE);
                        assert!(difference < 1e-11, "{}: {output} by {difference:e}", at());
                    });
                }
                if round == 0 && searched.contains(&theory.name()) {
                    for report in
                        reports(&piece, false, Settings::new(TOLERANCE, false)).unwrap().into_iter().flatten()
                    {
                        assert_eq!(report.disagreements, [], "{}: {:?}", theory.name(), job.0.parameters);
                        assert!(report.residual < 1e-11, "{:e}", report.residual);
                    }
                }
            }
        }
    }
}

#[test]
fn shifted_roots_are_found() {
    let mut draws = Draws(7);
    let (mut planted, mut flats) = (0, 0);
    for _ in 0..2 {
        for (theory, job) in built_in_at_random(&mut draws) {
            for piece in job.solve(&theory, Settings::default()) {
                let verifier = verifier(&piece);
                for row in 0..piece.curve.controls.len() {
                    with_claims(&piece, row, &mut |track, claim| {
                        if track.boundary {
                            return;
                        }
                        for i in 0..claim.x.len() {
                            for shift in [1e-9, -1e-8, 1e-6, 1e-3] {
                                let mut x = claim.x.to_vec();
                                // A root at 0 is shifted on the scale of the others.
                                let scale = x.iter().fold(0.0f64, |s, v| s.max(v.abs())).max(1e-3);
                                x[i] += shift * if x[i] == 0.0 { scale } else { x[i].abs() };
                                let shifted = Claim { x: &x, ..claim.clone() };
                                let found = verifier.quick(&shifted, TOLERANCE);
                                let place = format!(
                                    "{} {} {x:?} {:?}",
                                    theory.name(),
                                    claim.control,
                                    job.0.parameters
                                );
                                // Where an energy is flat, round-off of its terms and the errors that the row admits move
                                // a minimum by as much.
                                let moved = (x[i] - claim.x[i]).abs();
                                let curvature = track.points[row].as_ref().and_then(|s| s.curvature);
                                let noise =
                                    (1e-12 + 50.0 * claim.quadrature_error) * claim.energy.abs().max(1.0);
                                let flat =
                                    claim.energy.is_finite() && curvature.is_some_and(|c| c * moved < noise);
                                flats += usize::from(flat && found.is_ok());
                                assert!(
                                    found.is_err() || flat,
                                    "{place}: {i} by {shift:e}, {curvature:?} {claim:?}"
                                );
                                planted += 1;
                            }
                        }
                    });
                }
            }
        }
    }
    assert!(planted > 200 && 4 * flats < planted, "{flats} of {planted}");
}

#[test]
fn perturbed_outputs_are_found() {
    let mut draws = Draws(11);
    for (theory, job) in built_in_at_random(&mut draws) {
        for piece in job.solve(&theory, Settings::default()) {
            let verifier = verifier(&piece);
            if piece.curve.controls.is_empty() {
                continue;
            }
            with_claims(&piece, 0, &mut |_, claim| {
                for i in 0..claim.outputs.len() {
                    for shift in [1e-9, 1e-6] {
                        let mut outputs = claim.outputs.to_vec();
                        if !outputs[i].is_finite() {
                            continue;
                        }
                        outputs[i] += shift * outputs[i].abs().max(1.0);
                        let (difference, output) =
                            verifier.difference(&Claim { outputs: &outputs, ..claim.clone() }, TOLERANCE);
                        assert!(difference > 0.9 * shift, "{}: {output} {difference:e}", theory.name());
                        assert_eq!(output, piece.piece.system.outputs[i].column);
                    }
                }
            });
        }
    }
}

/// Solutions of equations in which one average is too large by a factor are not solutions of the equations.
#[test]
fn perturbed_averages_are_found() {
    let files = [
        include_str!("../equations/hopfield.toml"),
        include_str!("../equations/first-phase.toml"),
        include_str!("theories/spin-glass.toml"),
    ];
    for text in files {
        let right = Theory::parse("right", text).unwrap();
        for place in text.match_indices("\"E[z](").map(|(i, _)| i + 1) {
            for by in ["1.000000001", "0.99999"] {
                let mut wrong = text.to_string();
                wrong.insert_str(place, &format!("{by}*"));
                let wrong = Theory::parse("wrong", &wrong).unwrap();
                let control = 0.9 * right.control.from + 0.1 * right.control.to;
                for (piece, judge) in solved(&wrong, &[control]).iter().zip(&right.pieces) {
                    let verifier = Verifier::new(&judge.system, &piece.parameters).unwrap();
                    let Some((track, solution)) = piece.curve.solution(0) else { continue };
                    if track.boundary {
                        continue;
                    }
                    let report = verifier.verify(&claim(track, solution, false, &[]), TOLERANCE);
                    assert_ne!(report.disagreements, [], "{}: {by} at {place}", judge.system.name());
                }
            }
        }
    }
}

/// Below the critical temperature all solutions but the lowest are shown to be that.
#[test]
fn a_dropped_lowest_solution_is_found() {
    for (name, given, control) in [("curie-weiss", [("h", 0.05)], 0.5), ("hopfield", [("T", 0.2)], 0.03)] {
        let theory = theory(name);
        for piece in job(&given, &[control]).solve(&theory, Settings::default()) {
            let verifier = verifier(&piece);
            let mut higher = 0;
            with_claims(&piece, 0, &mut |_, claim| {
                let report = verifier.verify(&Claim { reported: true, ..claim.clone() }, TOLERANCE);
                let lower = report.disagreements.iter().any(|d| matches!(d, Disagreement::Lower { .. }));
                assert_eq!(lower, !claim.reported, "{name}: {:?} {:?}", claim.x, report.disagreements);
                higher += usize::from(lower);
            });
            assert!(higher > 0, "{name}");
        }
    }
}

const GIANT: &str = r#"
title   = "Giant component of a random graph"
control = { name = "c", from = 0.2, to = 4, points = 39, meaning = "mean degree" }
[unknowns]
S = { meaning = "fraction in the giant component", range = [0, 1] }
[fixed_point]
S = "1 - exp(-c*S)"
[[branch]]
name  = "giant"
start = [{ S = 0.9 }]
"#;

#[test]
fn a_dropped_branch_is_found() {
    // Lambert's W, mpmath.
    let right = 0.796_812_130_020_020_0;
    assert_eq!(verdict(GIANT, 2.0, &[right], &[], Some(0)), []);
    let lost = verdict(GIANT, 2.0, &[0.0], &[], Some(0));
    match lost.as_slice() {
        [Disagreement::Lost { branch, at }] => {
            assert_eq!(branch, "giant");
            assert!((at[0].1 - right).abs() < 1e-12, "{at:?}");
        }
        other => panic!("{other:?}"),
    }
    // Below the threshold there is no other.
    assert_eq!(verdict(GIANT, 0.5, &[0.0], &[], Some(0)), []);
}

#[test]
fn a_solution_outside_its_range_is_none() {
    let text = r#"
title = "An overlap between 0 and 1"
control = { name = "t", from = 0.1, to = 1, points = 10, meaning = "t" }
[unknowns]
q = { meaning = "overlap", range = [0, 1] }
[residual]
r = "(q - 0.5)*(q + t)*(q - 1 - t)"
"#;
    assert_eq!(verdict(text, 0.1, &[0.5], &[], None), []);
    let outside = verdict(text, 0.1, &[-0.1], &[], None);
    assert!(matches!(outside[0], Disagreement::Range { value: -0.1, from: 0.0, to: 1.0, .. }), "{outside:?}");
    let kept = text.replace("[residual]", "[admissible]\nkeep = \"q > 0.6\"\n[residual]");
    let refused = verdict(&kept, 0.1, &[0.5], &[], None);
    assert!(matches!(refused[0], Disagreement::Inadmissible { .. }), "{refused:?}");
}

#[test]
fn a_pole_is_no_root() {
    let text = r#"
title = "Response with feedback"
control = { name = "g", from = 0.05, to = 2, points = 40, meaning = "coupling" }
[unknowns]
x = { meaning = "response", range = [0, 3] }
[fixed_point]
x = "g/(1 - x)"
"#;
    for x in [1.0 + 3.6e-15, 1.0 - 1e-16, 1.0 + 1e-12] {
        let pole = verdict(text, 0.5, &[x], &[], None);
        let named = matches!(pole[0], Disagreement::Pole { .. } | Disagreement::Equation { .. });
        assert!(named, "{x}: {pole:?}");
    }
    // 2x = 1 − √(1 − 4g)
    let x = 0.5 * (1.0 - 0.2f64.sqrt());
    assert_eq!(verdict(text, 0.2, &[x], &[], None), []);
}

/// (x − 0.7)² + 10⁻¹¹ has no root.
#[test]
fn a_near_miss_is_no_root() {
    let text = r#"
title = "no root, nearly"
control = { name = "t", from = 0, to = 1, points = 5 }
[unknowns]
x = { meaning = "unknown" }
[residual]
r = "1e-100*((x - 0.7)^2 + 1e-11)"
"#;
    for x in [0.7, 0.700001, 0.7000019] {
        let near = verdict(text, 0.0, &[x], &[], None);
        assert!(matches!(near[0], Disagreement::Equation { .. }), "{near:?}");
    }
    assert_eq!(verdict(&text.replace("+ 1e-11", "- 1e-8"), 0.0, &[0.7001], &[], None), []);
}

/// m = ½ + E[exp(−((z − 0.3)/w)²/2)/w]/2: a Gaussian integral.
#[test]
fn a_narrow_peak_is_seen_down_to_a_width_of_one_millionth() {
    let text = |w: f64| {
        format!(
            r#"
title = "a narrow feature in a fixed point"
control = {{ name = "t", from = 0, to = 1, points = 2, meaning = "t" }}
[variables]
z = "normal"
[definitions]
peak = "exp(-((z - 0.3)/{w:?})^2/2)/{w:?}"
[unknowns]
m = {{ meaning = "m", range = [0, 2] }}
[fixed_point]
m = "E[z](0.5 + peak/2)"
[outputs]
lorentzian = {{ value = "E[z]({w:?}/((z - 0.3)^2 + {w:?}^2))/pi", meaning = "a density, almost" }}
slope = {{ value = "E[z](1 - tanh((z - 0.3)/{w:?})^2)/(2*{w:?})", meaning = "a density, almost" }}
"#
        )
    };
    let density = |x: f64| (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    for w in [1e-1f64, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6] {
        let s = (1.0 + w * w).sqrt();
        let m = 0.5 + 0.5 * (2.0 * std::f64::consts::PI).sqrt() * density(0.3 / s) / s;
        let wrong = verdict(&text(w), 0.5, &[0.5], &[f64::NAN, f64::NAN], None);
        assert!(matches!(wrong[0], Disagreement::Equation { .. }), "{wrong:?}");
        // A Lorentzian and a derivative of tanh tend to φ(0.3): relative corrections of order w and w², and the nodes
        // of a narrow peak have only so many digits.
        let outputs: Vec<(String, f64)> = wrong
            .iter()
            .filter_map(|d| match d {
                Disagreement::Output { output, found, .. } => Some((output.clone(), *found)),
                _ => None,
            })
            .collect();
        assert_eq!(outputs.len(), 2);
        assert!((outputs[0].1 / density(0.3) - 1.0).abs() < 2.0 * w, "{w}: {outputs:?}");
        assert!((outputs[1].1 / density(0.3) - 1.0).abs() < w * w + 1e-15 / w, "{w}: {outputs:?}");
        let right = verdict(&text(w), 0.5, &[m], &[outputs[0].1, outputs[1].1], None);
        assert_eq!(right, [], "{w}");
    }
}

/// E exp(az − a²/2) = 1; and averages of 0/0 far out.
#[test]
fn mass_far_from_zero_and_tails_are_seen() {
    let text = r#"
title = "A tilted average"
control = { name = "a", from = 1, to = 60, points = 60, meaning = "tilt" }
[variables]
z = "normal"
[outputs]
one = { value = "E[z](exp(a*z - a^2/2))", meaning = "equal to 1" }
mean = { value = "E[z](z*exp(-2*(z - a)^2))/E[z](exp(-2*(z - a)^2))", meaning = "equal to 0.8 a" }
log_Z = { value = "log(E[z](exp(a*z)))", meaning = "equal to a^2/2" }
mills = { value = "E[z](normal_pdf(a*z)/normal_cdf(a*z))", meaning = "phi/Phi" }
"#;
    // The last column by mpmath, 25 digits, with breakpoints.
    for (a, mills) in
        [(5.0, 2.205_274_794_192_788_8), (20.0, 8.058_219_216_558_144), (60.0, 23.970_262_615_488_52)]
    {
        assert_eq!(verdict(text, a, &[], &[1.0, 0.8 * a, 0.5 * a * a, mills], None), [], "{a}");
        let found = verdict(text, a, &[], &[1.0, 0.8 * a, 0.5 * a * a, mills * (1.0 + 1e-9)], None);
        assert_eq!(found.len(), 1, "{a}: {found:?}");
    }
}

/// Soft thresholds, steps and clips, as they are printed, against closed forms.
#[test]
fn kinks_and_steps_are_exact() {
    let text = r#"
title = "kinks"
control = { name = "a", from = -3, to = 3, points = 7, meaning = "place" }
[variables]
z = "normal"
[outputs]
modulus = { value = "E[z](abs(z - a))", meaning = "" }
soft = { value = "E[z](sign(z)*max(abs(z) - 0.5, 0)*z)", meaning = "P(|z| > 1/2)" }
half = { value = "E[z](where(z > a, 1, 0))", meaning = "" }
step = { value = "E[z](step(z - a))", meaning = "" }
clip = { value = "E[z](min(max(z, -0.3), 0.3)^2)", meaning = "" }
"#;
    let cdf = |x: f64| 0.5 * libm::erfc(-x / 2f64.sqrt());
    let pdf = |x: f64| (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    for a in [-1.7, 0.0, 0.324, 2.5] {
        let c = 0.3;
        let clip = 1.0 - 2.0 * cdf(-c) - 2.0 * c * pdf(c) + 2.0 * c * c * cdf(-c);
        let values = [2.0 * pdf(a) + a * (2.0 * cdf(a) - 1.0), 2.0 * cdf(-0.5), cdf(-a), cdf(-a), clip];
        assert_eq!(verdict(text, a, &[], &values, None), [], "{a}");
        let off: Vec<f64> = values.iter().map(|v| v + 1e-9).collect();
        assert_eq!(verdict(text, a, &[], &off, None).len(), 5, "{a}");
    }
}

/// E_x E_y of tanh(x + y)², inside each other, is the average of tanh(√2 z)².
#[test]
fn averages_inside_each_other_are_verified() {
    let text = r#"
title = "two normals"
control = { name = "a", from = 0, to = 3, points = 2, meaning = "nothing" }
[variables]
x = "normal"
y = "normal"
z = "normal"
[outputs]
inside = { value = "E[x](E[y](tanh(x + y)^2))", meaning = "" }
product = { value = "E[x,y](tanh(x + y)^2)", meaning = "" }
one = { value = "E[z](tanh(sqrt(2)*z)^2)", meaning = "" }
replicas = { value = "E[x](log(E[y](cosh(x + y))))", meaning = "1/2 + E log cosh" }
by_hand = { value = "1/2 + E[z](log_cosh(z))", meaning = "" }
"#;
    let theory = Theory::parse("two", text).unwrap();
    let pieces = solved(&theory, &[1.0]);
    let (_, solution) = pieces[0].curve.solution(0).unwrap();
    assert!((solution.certified.outputs[0] - solution.certified.outputs[2]).abs() < 1e-12);
    assert_eq!(verdict(text, 1.0, &[], &solution.certified.outputs, None), []);
}

#[test]
fn the_cheap_form_looks_at_the_ends_of_a_curve() {
    let theory = theory("first-phase");
    let pieces = solved(&theory, &[0.2, 0.5]);
    let verifier = verifier(&pieces[0]);
    assert_eq!(verifier.sample(101), [0, 100]);
    assert_eq!(verifier.sample(1), [0]);
    let closed = Theory::parse("giant", GIANT).unwrap();
    let system = &closed.pieces[0].system;
    assert_eq!(Verifier::new(system, &[]).unwrap().sample(15), [0, 10, 14]);
}

/// A curvature far below the others, with the wrong sign, is found beside averages; and one that the errors of averages leave open is
/// not held against a row.
#[test]
fn a_saddle_is_found_as_far_as_its_curvatures_are_known() {
    let file = |curvature: &str| {
        format!(
            "title = \"x\"\ncontrol = {{ name = \"t\", from = 0, to = 1, points = 3 }}\n[variables]\nz = \"normal\"\n\
             [unknowns]\nq = {{ meaning = \"\", range = [-2, 2] }}\nr = {{ meaning = \"\", range = [-2, 2] }}\n\
             [energy]\nextremise = \"-E[z](cosh(q*z))/2 + {curvature}*r^2/2\"\nmaximise = [\"q\", \"r\"]\n"
        )
    };
    let is_saddle = |all: &[Disagreement]| all.iter().any(|d| matches!(d, Disagreement::Saddle { .. }));
    for (curvature, saddle) in [("1e-6", true), ("-1e-6", false), ("1e-3", true), ("-1e-3", false)] {
        let found = verdict(&file(curvature), 0.5, &[0.0, 0.0], &[], None);
        assert_eq!(is_saddle(&found), saddle, "{curvature}: {found:?}");
    }
    // Close to the transition, 1 − T = τ, the curvature along m is of order τ³ and is known by differences of terms of size τ.
    let text = include_str!("../equations/spin-glasses/sherrington-kirkpatrick-1rsb.toml");
    let text = text.replace("to = 0.98,", "to = 0.99,");
    let near = Theory::parse("near", &text).unwrap();
    for piece in solved(&near, &[0.95, 0.985]) {
        let verifier = verifier(&piece);
        for row in 0..2 {
            with_claims(&piece, row, &mut |_, claim| {
                // Within what the row itself says of the error of its averages.
                for by in [-1.0, 0.0, 1.0] {
                    let moved = [claim.x[0], claim.x[1] * (1.0 + by * 1e-5)];
                    let report = verifier.verify(&Claim { x: &moved, ..claim.clone() }, TOLERANCE);
                    assert!(
                        !is_saddle(&report.disagreements),
                        "{} {:?}",
                        claim.control,
                        report.disagreements
                    );
                }
            });
        }
    }
}
