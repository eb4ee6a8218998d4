//! Names and values, in equation files and in the library: the same letter is the same name, and what a theory does not
//! have is an error.

mod support;

use nalgebra::DVector;
use overlaps::experiment::Solve;
use overlaps::solve::{Equations, Job, Settings};
use overlaps::system::Theory;
use support::{solve, theory};

const MAGNET: &str = "title = \"magnet\"\ncontrol = { name = \"h\", from = -2, to = 2, points = 5 }\n\
    [parameters]\n\"μ\" = { default = 0.5, domain = \"μ > 0\", meaning = \"coupling\" }\n\
    [unknowns]\nm = { meaning = \"magnetisation\", range = [-1, 1] }\n[fixed_point]\nm = \"tanh(μ*m + h)\"\n";

fn parsed(text: &str) -> Theory {
    Theory::parse("x", text).unwrap_or_else(|e| panic!("{e}"))
}

fn refused(text: &str) -> String {
    Theory::parse("x", text).unwrap_err().to_string()
}

#[test]
fn the_micro_sign_is_the_letter_mu_and_an_accent_is_part_of_its_letter() {
    let plain = solve(&parsed(MAGNET), &[], &[1.0])[0].get("m");
    let micro = MAGNET.replace("tanh(μ", "tanh(\u{b5}");
    assert_eq!(solve(&parsed(&micro), &[], &[1.0])[0].get("m"), plain);
    // In the file é is one letter, in the expression e and an accent; the column is e.
    let accents = MAGNET.replace("\nm =", "\n\"é\" =").replace("*m", "*e\u{301}");
    assert_eq!(solve(&parsed(&accents), &[], &[1.0])[0].get("e"), plain);
    let error = refused(&accents.replace('é', "变").replace("e\u{301}", "变"));
    assert!(error.contains("`变` is not a name for a column") && error.contains("x:"), "{error}");
    let error = refused(&MAGNET.replace("\nm =", "\n\"\u{b5}\" ="));
    assert!(error.contains("`μ` is defined twice: as parameter and as unknown"), "{error}");
    let error = refused(&MAGNET.replace("from = -2", "from = 2024-01-02"));
    assert!(
        error.contains("this is a date or a time, expected a number") && error.contains("x:2:"),
        "{error}"
    );
}

#[test]
fn a_default_and_a_value_may_stand_alone() {
    let long = format!("{MAGNET}[outputs]\nf = {{ value = \"m^2\", meaning = \"\" }}\ng = {{ value = 2 }}\n");
    let short = long.replace("{ value = \"m^2\", meaning = \"\" }", "\"m^2\"").replace("{ value = 2 }", "2");
    let short = short.replace("{ default = 0.5, domain = \"μ > 0\", meaning = \"coupling\" }", "0.5");
    assert!(short.contains("\"μ\" = 0.5\n") && short.ends_with("f = \"m^2\"\ng = 2\n"), "{short}");
    let [long, brief] = [&long, &short].map(|text| solve(&parsed(text), &[("μ", 0.7)], &[1.0]));
    for name in ["m", "f", "g"] {
        assert_eq!(brief[0].get(name), long[0].get(name));
    }
    // An error points at it, and says what else there is.
    let error = refused(&short.replace("\"m^2\"", "\"M^2\""));
    assert!(error.contains("unknown name `M`") && error.contains("x:10:6"), "{error}");
    let error = refused(&short.replace("g = 2", "g = [2]"));
    assert!(error.contains("an expression in a string, or a table { value = "), "{error}");
    let error = refused(&short.replace("g = 2", "g = { valu = 2 }"));
    assert!(error.contains("valu"), "{error}");
}

#[test]
fn the_library_refuses_what_the_command_refuses() {
    let first = theory("first-phase");
    for (name, value, said) in [
        ("N", 8.0, "`first-phase` has no parameter `N` (did you mean `n`?)"),
        ("lamda", 0.1, "did you mean `lambda`"),
        ("p", 1.5, "p = 1.5 is outside its domain"),
        ("n", f64::NAN, "n = NaN is outside its domain"),
        ("interpolant", 7.0, "interpolant"),
    ] {
        let job = Job { parameters: vec![(name.into(), value.into())], controls: Some(vec![0.5]) };
        let error = job.solve(&first, Settings::default()).map(drop).unwrap_err().to_string();
        assert!(error.contains(said), "{name} = {value}: {error}");
    }
    let job = Job { parameters: vec![("n".into(), 8.0.into())], controls: Some(vec![0.5]) };
    assert_eq!(job.solve(&first, Settings::default()).unwrap().len(), 1);
}

#[test]
fn what_is_admissible_is_a_condition_on_everything_that_a_solution_has() {
    let with = |keep: &str| {
        let outputs = "[outputs]\ny = { value = \"2*m\", meaning = \"\" }\n";
        format!("{MAGNET}{outputs}[admissible]\nkeep = \"{keep}\"\n")
    };
    // At m = 0.3, h = 1: y = 0.6, μ = 0.5.
    for (keep, holds, margin) in [
        ("y > 0.5", true, 0.1),
        ("y > 0.5 && m < 0.4", true, 0.1),
        ("y > 0.5 && m < 0.2", false, -0.1),
        ("m > 0.5 || h >= 1", true, 0.0),
        ("!(m > 0.5)", true, 0.2),
        ("m > μ", false, -0.2),
        ("h == 1", true, 0.0),
    ] {
        let theory = parsed(&with(keep));
        let system = &theory.pieces[0].system;
        assert_eq!(system.admissible.as_deref(), Some(keep));
        let mut equations = Equations::new(system, &system.parameter_values(&[]));
        let x = DVector::from_element(1, 0.3);
        assert_eq!(equations.admissible(1.0, &x, 5), holds, "{keep}");
        let found = equations.admissible_margin(1.0, &x, 5);
        assert!((found - margin).abs() < 1e-15, "{keep}: {found}");
        assert_eq!(equations.ranges(1.0), [Some((-1.0, 1.0))]);
    }
    for (keep, said) in [
        ("y", "expected a condition, found a number"),
        ("yy > 0", "unknown name `yy`"),
        ("y > 0 &&", "it ends here"),
        ("step > 0", "`step` is a function"),
        ("softplus(m, y) > 0", "`softplus` takes 1 argument, not 2"),
        ("bessel_i0(m, y) > 0", "`bessel_i0` takes 1 argument, not 2"),
        ("bivariate_normal_cdf(m, y) > 0", "takes 3 arguments (a, b and the correlation), not 2"),
        ("digama(m) > 0", "unknown function `digama` (did you mean `digamma`?)"),
        ("bessel_io(m) > 0", "(did you mean `bessel_i0`?)"),
        ("bivariate_norm_cdf(m, y, 0) > 0", "(did you mean `bivariate_normal_cdf`?)"),
        ("trigamma > 0", "`trigamma` is a function"),
    ] {
        let error = refused(&with(keep));
        assert!(error.contains(said) && error.contains("x:12:"), "{keep}: {error}");
    }
    let error = refused(&with("y > 0").replace("keep", "kept"));
    assert!(error.contains("kept") && error.contains("keep"), "{error}");
    let composite = "title = \"x\"\ncontrol = { name = \"t\", from = 0, to = 1, points = 2 }\n\
        [admissible]\nkeep = \"t > 0\"\n[[piece]]\nsystem = \"first-phase\"\nfrom = 0\nto = 1\n";
    assert!(refused(composite).contains("has no [admissible] of its own"));
}

#[test]
fn the_library_solves_what_the_command_solves_and_refuses_the_rest() {
    let magnet = || Solve::new(vec![theory("curie-weiss")]).unwrap();
    let table = magnet().sweep("J", [0.5, 1.0]).unwrap().along([0.4, 0.8]).unwrap().solve();
    assert_eq!(table.rows.len(), 4);
    // m = tanh(Jm/T): at J = 0.5 and T = 0.8 the paramagnet alone.
    assert_eq!(table.number("m", 1).unwrap(), 0.0);
    let m = table.number("m", 3).unwrap();
    assert!((m - (m / 0.8).tanh()).abs() < 1e-15 && m > 0.5);
    let refused = [
        Solve::new(Vec::new()).map(drop).unwrap_err().to_string(),
        Solve::new(vec![theory("curie-weiss"), theory("curie-weiss")]).map(drop).unwrap_err().to_string(),
        magnet().set("j", 1).map(drop).unwrap_err().to_string(),
        magnet().set("J", "strong").map(drop).unwrap_err().to_string(),
        magnet().set("J", 1).unwrap().set("J", 2).map(drop).unwrap_err().to_string(),
        magnet().along([-1.0]).map(drop).unwrap_err().to_string(),
        magnet().within(0.0).map(drop).unwrap_err().to_string(),
        table.number("M", 0).unwrap_err().to_string(),
        table.number("m", 4).unwrap_err().to_string(),
        table.number("branch", 0).unwrap_err().to_string(),
    ];
    let said = [
        "no theory",
        "compared with itself",
        "did you mean `J`?",
        "`strong` is not a number",
        "given twice",
        "control range of curie-weiss",
        "between 1e-14 and 1e-2",
        "did you mean `m`?",
        "the table has 4 rows",
        "no number in the column `branch`",
    ];
    for (found, part) in refused.iter().zip(said) {
        assert!(found.contains(part), "{found}");
    }
}
