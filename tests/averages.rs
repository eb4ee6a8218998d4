//! Averages: what is reported as their error bounds their error, whatever bends, kinks or peaks their integrand has.
//!
//! References are closed forms, or a double-exponential rule written here, between break points that each integrand's
//! construction tells (not the program's own search for them).

mod support;

use nalgebra::DVector;
use overlaps::solve::{Equations, Settings};
use overlaps::system::Theory;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::{close, solve};

fn parse(variables: &str, parameters: &str, rest: &str) -> Theory {
    let text = format!(
        "title = \"x\"\ncontrol = {{ name = \"t\", from = 0, to = 2, points = 3 }}\n{parameters}\n[variables]\n{variables}\n{rest}"
    );
    Theory::parse("averages", &text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn outputs(variables: &str, outputs: &[(&str, &str)]) -> Theory {
    let lines: String =
        outputs.iter().map(|(n, e)| format!("{n} = {{ value = \"{e}\", meaning = \"\" }}\n")).collect();
    parse(variables, "", &format!("[outputs]\n{lines}"))
}

/// E f by a double-exponential rule on pieces, and E |f|.
fn reference(f: &dyn Fn(f64) -> f64, breaks: &[f64], from: f64, to: f64) -> (f64, f64) {
    let mut edges: Vec<f64> = breaks.iter().copied().filter(|b| *b > from && *b < to).collect();
    edges.extend([from, to]);
    edges.extend((-80..=80).map(|i| 0.5 * f64::from(i)).filter(|z| *z > from && *z < to));
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    let (mut sum, mut size) = (0.0, 0.0);
    let h = 0.0625;
    for edge in edges.windows(2) {
        let half = 0.5 * (edge[1] - edge[0]);
        if half <= 0.0 {
            continue;
        }
        let (mut piece, mut piece_size) = (0.0, 0.0);
        for k in -52..=52 {
            let t = h * f64::from(k);
            let u = 0.5 * std::f64::consts::PI * t.sinh();
            // The distance from the nearer end keeps its digits.
            let near = half * 2.0 / (1.0 + (2.0 * u.abs()).exp());
            let z = if u < 0.0 { edge[0] + near } else { edge[1] - near };
            let w = h * half * 0.5 * std::f64::consts::PI * t.cosh() / (u.cosh() * u.cosh());
            if !f(z).is_finite() {
                continue;
            }
            piece += w * f(z);
            piece_size += w * f(z).abs();
        }
        sum += piece;
        size += piece_size;
    }
    (sum, size)
}

fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// An integrand: its expression, its function times the density, its break points, and where its mass lies.
struct Integrand {
    text: String,
    weighted: Box<dyn Fn(f64) -> f64>,
    breaks: Vec<f64>,
    range: (f64, f64),
    /// By how much rounding its coordinate changes it, relative to its size and in units of the last place.
    sensitivity: f64,
}

fn around(place: f64, width: f64) -> Vec<f64> {
    let mut breaks = vec![place];
    let mut reach = 0.5 * width;
    while reach < 20.0 {
        breaks.extend([place - reach, place + reach]);
        reach *= 2.0;
    }
    breaks
}

fn random(rng: &mut ChaCha8Rng, kind: usize) -> Integrand {
    let c = rng.random_range(-4.0..4.0f64);
    let w = 10f64.powf(rng.random_range(-5.0..0.5));
    let b = rng.random_range(-3.0..3.0f64);
    let a = rng.random_range(0.05..2.0f64);
    let plain = |text: String, f: Box<dyn Fn(f64) -> f64>, breaks: Vec<f64>| Integrand {
        text,
        weighted: Box::new(move |z| f(z) * density(z)),
        breaks,
        range: (-40.0, 40.0),
        // What is as narrow as w is moved by the rounding of c.
        sensitivity: 8.0 + 4.0 * (1.0 + c.abs()) / if matches!(kind, 5 | 6 | 15 | 20) { w } else { 1.0 },
    };
    let cdf = |x: f64| 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
    let soft = move |z: f64| {
        let h = c + b * z;
        h.signum() * (h.abs() - a).max(0.0)
    };
    match kind {
        0 => plain(format!("tanh((z - {c})/{w})"), Box::new(move |z| ((z - c) / w).tanh()), around(c, w)),
        1 => plain(
            format!("normal_cdf((z - {c})/{w})*z"),
            Box::new(move |z| cdf((z - c) / w) * z),
            around(c, w),
        ),
        2 => plain(format!("abs(z - {c})"), Box::new(move |z| (z - c).abs()), vec![c]),
        3 => plain(
            format!("max({b}*z - {c}, 0)^2"),
            Box::new(move |z| (b * z - c).max(0.0).powi(2)),
            vec![c / b],
        ),
        4 => plain(
            format!("(sign({c} + {b}*z)*max(abs({c} + {b}*z) - {a}, 0))^2"),
            Box::new(move |z| soft(z).powi(2)),
            vec![-c / b, (a - c) / b, (-a - c) / b],
        ),
        5 => plain(
            format!("exp(-((z - {c})/{w})^2/2)/{w}"),
            Box::new(move |z| (-0.5 * ((z - c) / w).powi(2)).exp() / w),
            around(c, w),
        ),
        6 => plain(
            format!("{w}/((z - {c})^2 + {w}^2)"),
            Box::new(move |z| w / ((z - c).powi(2) + w * w)),
            around(c, w),
        ),
        7 => {
            let tilt = rng.random_range(-40.0..40.0f64);
            Integrand {
                text: format!("exp({tilt}*z - ({tilt})^2/2)*tanh({b}*(z - {tilt}))^2"),
                weighted: Box::new(move |z| density(z - tilt) * (b * (z - tilt)).tanh().powi(2)),
                breaks: around(tilt, 1.0 / b.abs()),
                range: (tilt - 13.0, tilt + 13.0),
                sensitivity: 8.0 + 2.0 * tilt * tilt,
            }
        }
        8 => plain(
            format!("abs(z - {c})*tanh({b}*z)"),
            Box::new(move |z| (z - c).abs() * (b * z).tanh()),
            vec![c],
        ),
        9 => plain(
            format!("where(abs(z - {c}) < {a}, (z - {c})^2/2, {a}*(abs(z - {c}) - {a}/2))"),
            Box::new(move |z| {
                let d = (z - c).abs();
                if d < a { 0.5 * d * d } else { a * (d - 0.5 * a) }
            }),
            vec![c, c - a, c + a],
        ),
        10 => {
            let mut breaks = around(c, w);
            breaks.push(c);
            plain(
                format!("tanh(max(z - {c}, 0)/{w})"),
                Box::new(move |z| ((z - c).max(0.0) / w).tanh()),
                breaks,
            )
        }
        11 => plain(format!("sqrt(abs(z - {c}))"), Box::new(move |z| (z - c).abs().sqrt()), around(c, 1e-6)),
        12 => {
            let mut breaks = around(0.0, w);
            breaks.push(c);
            plain(
                format!("where(z > {c}, tanh(z/{w}), {b})"),
                Box::new(move |z| if z > c { (z / w).tanh() } else { b }),
                breaks,
            )
        }
        13 => {
            let m = rng.random_range(0.1..6.0f64);
            Integrand {
                text: format!("cosh({b}*z)^{m}*exp(-({b}*{m})^2/2)"),
                weighted: Box::new(move |z| {
                    let h = (b * z).abs();
                    let log_cosh = h + (-2.0 * h).exp().ln_1p() - std::f64::consts::LN_2;
                    (m * log_cosh - 0.5 * z * z - 0.5 * (b * m).powi(2)).exp()
                        / (2.0 * std::f64::consts::PI).sqrt()
                }),
                breaks: vec![0.0],
                range: (-40.0, 40.0),
                sensitivity: 8.0 + 4.0 * (b * m).powi(2),
            }
        }
        14 => plain(
            format!("1/(1 + exp((z - {c})/{w}))"),
            Box::new(move |z| 1.0 / (1.0 + ((z - c) / w).exp())),
            around(c, w),
        ),
        15 => {
            let c = c.abs() + 0.1;
            let r = c.sqrt();
            let width = w / r;
            let mut breaks = around(r, width.min(1.0));
            breaks.extend(around(-r, width.min(1.0)));
            plain(
                format!("exp(-((z^2 - {c})/{w})^2)"),
                Box::new(move |z| (-((z * z - c) / w).powi(2)).exp()),
                breaks,
            )
        }
        16 => {
            let level = rng.random_range(-0.99..0.99f64);
            let mut breaks = around(0.0, w);
            breaks.push(w * level.atanh());
            plain(
                format!("abs(tanh(z/{w}) - {level})"),
                Box::new(move |z| ((z / w).tanh() - level).abs()),
                breaks,
            )
        }
        17 => {
            let r = c.abs().sqrt();
            plain(format!("abs(z^2 - {})", c.abs()), Box::new(move |z| (z * z - c.abs()).abs()), vec![r, -r])
        }
        18 => plain(
            format!("log((z - {c})^2 + {w}^2)"),
            Box::new(move |z| ((z - c).powi(2) + w * w).ln()),
            around(c, w),
        ),
        19 => plain(
            format!("max(min({b}*z, 1), -1)*sign(z - {c})"),
            Box::new(move |z| (b * z).clamp(-1.0, 1.0) * (z - c).signum()),
            vec![c, 1.0 / b, -1.0 / b],
        ),
        _ => {
            let (d, v) = (rng.random_range(-4.0..4.0f64), 10f64.powf(rng.random_range(-5.0..0.5)));
            let mut breaks = around(c, w);
            breaks.extend(around(d, v));
            plain(
                format!("(exp(-((z - {c})/{w})^2/2) + tanh((z - {d})/{v}))*cos(z)"),
                Box::new(move |z| ((-0.5 * ((z - c) / w).powi(2)).exp() + ((z - d) / v).tanh()) * z.cos()),
                breaks,
            )
        }
    }
}

const KINDS: usize = 21;
/// Integrands of an ordinary run, and of a thorough one.
const SHARE: usize = 1000;
const THOROUGH: usize = 2000;

#[test]
fn the_reported_error_bounds_the_error_of_random_integrands() {
    none_is_beyond(SHARE);
}

#[test]
#[ignore = "some seconds; tests/thorough"]
fn the_reported_error_bounds_the_error_of_many_integrands() {
    none_is_beyond(std::env::var("OVERLAPS_AVERAGES").ok().and_then(|n| n.parse().ok()).unwrap_or(THOROUGH));
}

fn none_is_beyond(count: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let (mut beyond, mut open) = (Vec::new(), Vec::new());
    for i in 0..count {
        let integrand = random(&mut rng, i % KINDS);
        let tolerance = 10f64.powf(rng.random_range(-12.0..-3.0));
        let theory = outputs("z = \"normal\"", &[("v", &format!("E[z]({})", integrand.text))]);
        let system = &theory.pieces[0].system;
        let mut equations = Equations::new(system, &system.parameter_values(&[]));
        let x = DVector::zeros(0);
        let (rung, error) = equations.adequate_rung(0.5, &x, 0, tolerance, true);
        let certified = equations.certify(0.5, &x, rung, error);
        let (exact, size) =
            reference(&integrand.weighted, &integrand.breaks, integrand.range.0, integrand.range.1);
        if !certified.within(tolerance) {
            open.push(format!("kind {} {} at {tolerance:e}: error {error:e}", i % KINDS, integrand.text));
            continue;
        }
        let difference = (certified.outputs[0] - exact).abs();
        // Rounding of the reference.
        if difference.is_nan()
            || difference > certified.quadrature_error + integrand.sensitivity * f64::EPSILON * size
        {
            beyond.push(format!(
                "kind {} {} at {tolerance:.1e}: {} {exact}, difference {difference:e} beyond {:e} (rung {rung})",
                i % KINDS,
                integrand.text,
                certified.outputs[0],
                certified.quadrature_error
            ));
        }
    }
    println!(
        "{count} integrands: {} beyond their error, {} not within the tolerance",
        beyond.len(),
        open.len()
    );
    for line in beyond.iter().chain(&open).take(60) {
        println!("{line}");
    }
    assert!(beyond.is_empty() && open.is_empty());
}

#[test]
fn tilts_have_mean_one_and_weights_of_gibbs_their_closed_form() {
    let theory = outputs(
        "z = \"normal\"",
        &[
            ("one", "E[z](exp(40*(t - 0.5)*z - (40*(t - 0.5))^2/2))"),
            ("mean", "E[z](z*exp(-2*(z - 20*t)^2))/E[z](exp(-2*(z - 20*t)^2))"),
            ("log_Z", "log(E[z](exp(-2*(z - 20*t)^2)))"),
            ("moment", "E[z](cosh(20*t*z)^2*exp(-2*(20*t)^2))"),
            ("log_tilt", "log(E[z](exp(18*t*z)))"),
        ],
    );
    for row in solve(&theory, &[], &[0.05, 0.3, 0.7, 1.0, 1.5, 2.0]) {
        let t = row.control;
        let c = 20.0 * t;
        close("tilt", row.get("one"), 1.0, 2e-12);
        close("mean", row.get("mean"), 0.8 * c, 1e-12);
        close("log Z", row.get("log_Z"), -(5f64.ln()) / 2.0 - 0.4 * c * c, 1e-12);
        // E cosh² (az) = (1 + e^{2a²})/2
        close("cosh", row.get("moment"), 0.5 * (1.0 + (-2.0 * c * c).exp()), 2e-12);
        close("log of a tilt", row.get("log_tilt"), (18.0 * t).powi(2) / 2.0, 1e-12);
    }
}

/// E max(0, z) max(0, c z + √(1 − c²) y) = (√(1 − c²) + c (π − arccos c))/(2π), Cho and Saul 2009.
#[test]
fn kernels_of_rectified_units_are_the_arc_cosine_kernel() {
    let theory = parse(
        "z = \"normal\"\ny = \"normal\"",
        "[parameters]\nc = { default = 0.3, domain = \"abs(c) <= 1\", meaning = \"\" }",
        "[outputs]\nk = { value = \"E[z,y](max(0, z)*max(0, c*z + sqrt(1 - c^2)*y))\", meaning = \"\" }\n\
         zero = { value = \"E[z,y](step(z)*step(c*z + sqrt(1 - c^2)*y))\", meaning = \"\" }\n",
    );
    for c in [-0.9, -0.3, 0.0, 0.5, 0.9, 0.999, 0.9999999] {
        let row = &solve(&theory, &[("c", c)], &[1.0])[0];
        let angle = c.acos();
        let exact =
            ((1.0 - c * c).sqrt() + c * (std::f64::consts::PI - angle)) / (2.0 * std::f64::consts::PI);
        close(&format!("c = {c}"), row.get("k"), exact, 1e-12);
        close(&format!("steps, c = {c}"), row.get("zero"), 0.5 - angle / (2.0 * std::f64::consts::PI), 1e-11);
    }
}

/// tanh of a sum of two normal variables is that of one of variance 2.
#[test]
fn sharp_functions_of_several_variables_are_followed() {
    let theory = parse(
        "z = \"normal\"\ny = \"normal\"",
        "[parameters]\nT = { default = 0.1, domain = \"T > 0\", meaning = \"\" }",
        "[outputs]\ntwo = { value = \"E[z,y](tanh((z + y + 0.3)/T)^2)\", meaning = \"\" }\n\
         one = { value = \"E[z](tanh((sqrt(2)*z + 0.3)/T)^2)\", meaning = \"\" }\n",
    );
    for width in [0.5, 0.1, 0.01, 1e-3] {
        let row = &solve(&theory, &[("T", width)], &[1.0])[0];
        close(&format!("T = {width}"), row.get("two"), row.get("one"), 1e-12);
    }
}

#[test]
fn jacobians_with_kinks_jumps_and_squares_of_kinks_agree_with_differences() {
    let theory = parse(
        "z = \"normal\"\ns = { values = [1, -0.5], weights = [0.4, 0.6] }",
        "",
        "[unknowns]\nu = { meaning = \"\" }\nv = { meaning = \"\" }\n[residual]\n\
         a = \"E[s,z](abs(s + u*z + v)*step(z - v)) - u\"\n\
         b = \"E[z](sign(u*z - v^2)*tanh(z + v)) + E[z](max(min(u*z + v, 1), -0.5)^2) - t*v\"\n",
    );
    differences(&theory, &[0.83, 0.41], false);
    let theory = parse(
        "z = \"normal\"",
        "",
        "[unknowns]\nu = { meaning = \"\" }\nv = { meaning = \"\" }\n[energy]\n\
         minimise = \"E[z](abs(u*z + v)) + E[z](where(z > u, z*v^2, tanh(v*z))) + u^2 + E[z](max(abs(z*v - u) - 0.3, 0)^2)\"\n",
    );
    differences(&theory, &[0.83, 0.41], true);
}

fn differences(theory: &Theory, at: &[f64], energy: bool) {
    let system = &theory.pieces[0].system;
    let mut equations = Equations::new(system, &system.parameter_values(&[]));
    let x = DVector::from_column_slice(at);
    let control = 0.7;
    let (rung, _) = equations.adequate_rung(control, &x, 0, 1e-12, true);
    let along = equations.along_control(control, &x, rung);
    let exact = equations.evaluate(control, &x, rung).clone();
    let h = 1e-4;
    for j in 0..=x.len() {
        let mut values = Vec::new();
        for step in [-2.0, -1.0, 1.0, 2.0] {
            let mut y = x.clone();
            let mut control = control;
            if j < x.len() {
                y[j] += step * h;
            } else {
                control += step * h;
            }
            let residual = equations.residual(control, &y, rung);
            let energy = equations.energy(control, &y, rung);
            values.push(residual.iter().copied().chain([energy]).collect::<Vec<f64>>());
        }
        for i in 0..=x.len() {
            let numeric =
                (values[0][i] - 8.0 * values[1][i] + 8.0 * values[2][i] - values[3][i]) / (12.0 * h);
            let expected = match (i < x.len(), j < x.len()) {
                (true, true) => exact.jacobian[(i, j)],
                (true, false) => along[i],
                (false, true) if energy => exact.residual[j],
                _ => continue,
            };
            assert!((numeric - expected).abs() < 2e-9, "({i}, {j}): {numeric} {expected}");
        }
    }
}

#[test]
fn what_cannot_be_known_has_no_small_error() {
    let theory =
        outputs("z = \"normal\"", &[("v", "E[z](0/(z - 0.3) + exp(z^2))"), ("w", "E[z](1/(z - 0.3))")]);
    let system = &theory.pieces[0].system;
    let mut equations = Equations::new(system, &system.parameter_values(&[]));
    let x = DVector::zeros(0);
    let (rung, error) = equations.adequate_rung(0.5, &x, 0, 1e-6, true);
    assert!(error > 1e-3, "rung {rung}: {error:e}");
    let worst = equations.worst_average(0.5, &x, rung).unwrap();
    assert_eq!(worst.variable, "z");
}

#[test]
fn a_rule_does_not_depend_on_what_was_asked_before() {
    let theory = parse(
        "z = \"normal\"",
        "",
        "[unknowns]\nq = { meaning = \"\" }\n[fixed_point]\nq = \"E[z](tanh(sqrt(q)*z/(0.01 + t))^2*abs(z - q))\"\n",
    );
    let system = &theory.pieces[0].system;
    let ask = |equations: &mut Equations, control: f64, q: f64| {
        equations.forget_rules();
        let x = DVector::from_element(1, q);
        let (rung, error) = equations.adequate_rung(control, &x, 0, 1e-12, true);
        let e = equations.evaluate(control, &x, rung).clone();
        (rung, error.to_bits(), e.residual[0].to_bits(), e.jacobian[(0, 0)].to_bits())
    };
    let mut fresh = Equations::new(system, &system.parameter_values(&[]));
    let alone = ask(&mut fresh, 0.0, 0.9);
    let mut used = Equations::new(system, &system.parameter_values(&[]));
    for k in 0..20 {
        ask(&mut used, 0.1 * f64::from(k), 0.05 * f64::from(k + 1));
    }
    assert_eq!(ask(&mut used, 0.0, 0.9), alone);
}

#[test]
fn bounds_cover_the_rounding_of_equations_at_any_scale() {
    for scale in ["1e-200", "1", "1e200"] {
        let theory = parse(
            "z = \"normal\"",
            "",
            &format!(
                "[unknowns]\nx = {{ meaning = \"\" }}\n[residual]\nr = \"{scale}*(x^3 - 2*x - 5 + E[z](z*tanh(z)) - E[z](z*tanh(z)))\"\n"
            ),
        );
        let system = &theory.pieces[0].system;
        let mut equations = Equations::new(system, &system.parameter_values(&[]));
        // The real root of x³ − 2x − 5 (Wallis), to 17 digits.
        let root = DVector::from_element(1, 2.094_551_481_542_326_5);
        let (rung, _) = equations.adequate_rung(0.5, &root, 0, 1e-13, true);
        let bound = equations.accuracy(0.5, &root, rung).residual[0];
        let value = equations.evaluate(0.5, &root, rung).residual[0].abs();
        let size: f64 = scale.parse().unwrap();
        assert!(value <= bound && bound < 1e-13 * size, "{scale}: {value:e} {bound:e}");
    }
}

#[test]
fn published_cases_come_out() {
    // Edwards–Anderson at T = 0.01 (mpmath), a bump of width w (closed form).
    let theory = parse(
        "z = \"normal\"",
        "",
        "[unknowns]\nq = { meaning = \"\", range = [1e-6, 1] }\n[fixed_point]\nq = \"E[z](tanh(sqrt(q)*z/t)^2)\"\n[[branch]]\nname = \"glass\"\nstart = [{ q = 0.9 }]\n",
    );
    let row = &solve(&theory, &[], &[0.01])[0];
    close("q", row.get("q"), 0.991_989_335_2, 1e-10);
    let settings = Settings::default();
    assert!(row.quadrature_error <= settings.tolerance);
}
