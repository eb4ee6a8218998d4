//! Parameters whose values are words, from the equation file to the table and back; and `choose`, which goes by them.

mod support;

use std::fs;

use nalgebra::DVector;
use overlaps::solve::{Equations, Job, Settings, verify};
use overlaps::system::Theory;
use serde_json::Value;
use support::run_in;
use tempfile::TempDir;

/// A file with a parameter `path` of three words.
fn file(body: &str) -> Theory {
    let text = format!(
        "title = \"x\"\ncontrol = {{ name = \"t\", from = 0, to = 2, points = 3 }}\n[parameters]\n\
         a = {{ default = 0.7, meaning = \"\" }}\n\
         path = {{ values = [\"straight\", \"curved\", \"broken\"], default = \"straight\", meaning = \"\" }}\n\
         [variables]\nz = \"normal\"\n{body}"
    );
    Theory::parse("x", &text).unwrap_or_else(|e| panic!("{e}"))
}

fn along(path: &str, control: f64) -> Job {
    Job { parameters: vec![("path".into(), path.into())], controls: Some(vec![control]) }
}

/// The outputs of a closed form with a word for `path`.
fn outputs(body: &str, path: &str) -> Vec<f64> {
    let theory = file(&format!("[outputs]\n{body}"));
    let pieces = along(path, 0.5).solve(&theory, Settings::default()).unwrap();
    let (_, solution) = pieces[0].curve.solution(0).unwrap();
    assert!(solution.certified.quadrature_error < 1e-12, "{}", solution.certified.quadrature_error);
    assert!(verify(&pieces[0], solution).0 < 1e-12);
    solution.certified.outputs.clone()
}

#[test]
fn choose_gives_the_alternative_of_the_word_to_the_last_digit() {
    let body = "x = { value = \"choose(path, 1 - t/3, sqrt(t), a^t)\", meaning = \"\" }\n";
    for (path, exact) in
        [("straight", 1.0 - 0.5 / 3.0), ("curved", 0.5f64.sqrt()), ("broken", libm::pow(0.7, 0.5))]
    {
        assert_eq!(outputs(body, path), [exact]);
    }
}

#[test]
fn what_is_not_chosen_does_not_matter_even_without_a_value() {
    // NaN, ∞ and an average that no rule reaches stand in what is not chosen.
    let body = "x = { value = \"choose(path, t, log(-t), E[z](sqrt(z)))\", meaning = \"\" }\n\
                y = { value = \"choose(path, E[z](tanh(t + z)^2), inf, E[z](1/z^2)^2)\", meaning = \"\" }\n\
                v = { value = \"E[z](choose(path, tanh(z)^2, z^4, log(z))) + choose(path, 0, 0, 1)\", meaning = \"\" }\n";
    let first = outputs(body, "straight");
    assert_eq!(first[0], 0.5);
    let plain = "x = { value = \"E[z](tanh(t + z)^2)\", meaning = \"\" }\n\
                 y = { value = \"E[z](tanh(z)^2)\", meaning = \"\" }\n";
    for (found, plain) in first[1..].iter().zip(outputs(plain, "straight")) {
        assert!((found - plain).abs() < 1e-15, "{found} {plain}");
    }
    let second = &file(&format!("[outputs]\n{body}"));
    let pieces = along("curved", 0.5).solve(second, Settings::default()).unwrap();
    let (_, solution) = pieces[0].curve.solution(0).unwrap();
    let values = &solution.certified.outputs;
    assert!(
        values[0].is_nan() && values[1] == f64::INFINITY && (values[2] - 3.0).abs() < 1e-13,
        "{values:?}"
    );
    assert!(solution.certified.quadrature_error < 1e-12);
}

#[test]
fn derivatives_are_those_of_the_chosen_alternative() {
    // At u = 0 the slope of √u is infinite and that of u^a is too: neither may reach the others.
    let with = |energy: &str| {
        file(&format!(
            "[unknowns]\nu = \"\"\n[energy]\nminimise = \"{energy}\"\n[outputs]\nx = {{ value = \"u\", meaning = \"\" }}\n"
        ))
    };
    let alternatives = ["(u - t)^2", "E[z](tanh(u*z + t))*u", "sqrt(u*t)"];
    let chosen = with(&format!("choose(path, {})", alternatives.join(", ")));
    for (path, alternative) in ["straight", "curved", "broken"].into_iter().zip(&alternatives) {
        let plain = with(alternative);
        for u in [0.0, 0.3] {
            let at = |theory: &Theory| {
                let system = &theory.pieces[0].system;
                let mut equations =
                    Equations::new(system, &system.parameter_values(&[("path".into(), path.into())]));
                let x = DVector::from_vec(vec![u]);
                let along = equations.along_control(0.4, &x, 8)[0];
                let energy = equations.energy(0.4, &x, 8);
                let e = equations.evaluate(0.4, &x, 8);
                [energy, e.residual[0], e.jacobian[(0, 0)], along].map(f64::to_bits)
            };
            let (found, expected) = (at(&chosen), at(&plain));
            let close = found.iter().zip(expected).all(|(a, b)| {
                let (a, b) = (f64::from_bits(*a), f64::from_bits(b));
                a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() < 1e-14 * (1.0 + b.abs())
            });
            assert!(close, "{alternative} at u = {u}: {found:?} {expected:?}");
            assert!(path == "broken" || u > 0.0 || f64::from_bits(found[1]).is_finite());
        }
    }
}

#[test]
fn a_domain_a_default_and_a_weight_may_follow_a_word() {
    let text = "title = \"x\"\ncontrol = { name = \"t\", from = 0, to = 2, points = 3 }\n[parameters]\n\
        path = { values = [\"near\", \"far\"], default = \"near\", meaning = \"\" }\n\
        a = { default = \"choose(path, 1, 10)\", domain = \"a < choose(path, 2, 20)\", meaning = \"\" }\n\
        [variables]\ns = { values = [1, -1], weights = [\"choose(path, 0.5, 1)\", \"choose(path, 0.5, 0)\"] }\n\
        [outputs]\ny = { value = \"a + E[s](s)\", meaning = \"\" }\n";
    let theory = Theory::parse("x", text).unwrap_or_else(|e| panic!("{e}"));
    for (path, y) in [("near", 1.0), ("far", 11.0)] {
        let rows = support::global_rows(&along(path, 1.0).solve(&theory, Settings::default()).unwrap()[0]);
        assert_eq!(rows[0].get("y"), y);
    }
    let fifteen =
        |path: &str| theory.check_values(&[("path".into(), path.into()), ("a".into(), 15.0.into())]);
    assert!(fifteen("far").is_ok());
    assert!(fifteen("near").unwrap_err().to_string().contains("a = 15 is outside its domain"));
}

#[test]
fn tables_side_files_and_figures_show_the_words() {
    let folder = TempDir::new().unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let solve = |more: &[&str]| {
        let arguments = ["solve", "second-phase", "--set", "n=8", "--output", "w.csv", "--plot", "w.svg"];
        let output = run_in(folder.path(), &[&arguments[..], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let table = solve(&["--sweep", "interpolant=trigonometric,linear", "--sweep", "t=1:2:3"]);
    assert!(table.contains("trigonometric") && table.contains("interpolant"), "{table}");
    let csv = read("w.csv");
    let words: Vec<&str> = csv.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    assert_eq!(words, [["trigonometric"; 3], ["linear"; 3]].concat());
    let svg = read("w.svg");
    assert!(svg.contains("interpolant = trigonometric") && svg.contains("interpolant = linear"));
    // Fixed: in the side file always, under the title of the figure where it is not the default.
    for (word, shown) in [("linear", false), ("trigonometric", true)] {
        let set = format!("interpolant={word}");
        solve(&["--set", &set]);
        let side: Value = serde_json::from_str(&read("w.json")).unwrap();
        assert_eq!(side["parameters"]["interpolant"], word);
        assert_eq!(side["parameters"]["schedule"], "dilated");
        assert_eq!(read("w.svg").contains(&format!("interpolant = {word}")), shown, "{word}");
    }
    let json = solve(&["--sweep", "interpolant=linear,trigonometric", "--set", "t=1.3", "--format", "json"]);
    let rows: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&rows[0]["interpolant"], &rows[1]["interpolant"]),
        (&"linear".into(), &"trigonometric".into())
    );
    let shown = run_in(folder.path(), &["show", "finite-d"]).stdout;
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains("interpolant = linear   [linear or trigonometric]"), "{shown}");
}

#[test]
fn events_name_the_word_of_a_sweep() {
    let folder = TempDir::new().unwrap();
    let sweep = ["--set", "n=8", "--sweep", "interpolant=linear,trigonometric", "--output", "c.csv"];
    let output = run_in(folder.path(), &[&["solve", "first-phase"], &sweep[..]].concat());
    let notes = String::from_utf8(output.stderr).unwrap();
    assert!(notes.contains("interpolant = trigonometric: the global branch changes"), "{notes}");
    let side: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("c.json")).unwrap()).unwrap();
    assert!(side["events"].as_array().unwrap().iter().any(|e| e["interpolant"] == "trigonometric"));
    let output = run_in(folder.path(), &[&["critical", "first-phase"], &sweep[..]].concat());
    assert!(output.status.success());
    let csv = fs::read_to_string(folder.path().join("c.csv")).unwrap();
    assert_eq!(csv.lines().filter(|line| line.contains(",trigonometric,")).count(), 2, "{csv}");
}

#[test]
fn a_table_of_simulations_is_read_back_with_its_words() {
    let folder = TempDir::new().unwrap();
    let common = ["--set", "n=8", "--set", "p=0.75", "--set", "kappa=2", "--set", "t=1.4", "--quiet"];
    let run = |arguments: &[&str], code: i32| {
        let output = run_in(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let words =
        ["--sweep", "interpolant=linear,trigonometric", "--seeds", "4", "--sweep", "d=131072,524288,2097152"];
    run(&[&["simulate"], &common[..], &words, &["--output", "s.csv", "--plot", "s.svg"]].concat(), 0);
    let csv = fs::read_to_string(folder.path().join("s.csv")).unwrap();
    assert!(csv.contains(",linear,dilated,") && csv.contains(",trigonometric,dilated,"));
    let svg = fs::read_to_string(folder.path().join("s.svg")).unwrap();
    assert!(svg.contains("interpolant = trigonometric") && !svg.contains("schedule"));
    // The same verdicts and the same bytes as those of a check that simulates.
    let check =
        |more: &[&str]| run(&[&["check", "second-phase", "--format", "csv", "--quiet"], more].concat(), 0).0;
    let simulated = check(&[&common[..8], &words].concat());
    assert_eq!(check(&["--against", "s.csv"]), simulated);
    assert!(simulated.contains(",trigonometric,dilated,second-phase,limit,"), "{simulated}");
    // Only derived formulas say something of the trigonometric interpolant.
    let printed = simulated.lines().filter(|line| line.contains("-printed,"));
    assert!(printed.clone().count() > 0 && printed.clone().all(|line| line.contains(",linear,dilated,")));
    // Side files of one word can be given back.
    run(
        &[&["simulate"], &common[..], &words[2..], &["--set", "schedule=uniform", "--output", "u.csv"]]
            .concat(),
        0,
    );
    let side = ["check", "finite-d", "--against", "u.csv", "--parameters", "u.json"];
    let (shown, notes) = run(&side, 0);
    assert!(
        shown.contains("finite-d") && notes.contains("second-phase is left out: schedule = uniform"),
        "{notes}"
    );
    for (arguments, part) in [
        (
            &["--set", "schedule=dilated"][..],
            "schedule = dilated was given, but u.csv has schedule = uniform",
        ),
        (&["--set", "schedule=1"], "use one of dilated, uniform"),
        (&["--set", "schedule=unform"], "did you mean `uniform`?"),
        (&["--parameters", "s.json"], "schedule = dilated was given, but u.csv has schedule = uniform"),
    ] {
        let (_, message) = run(&[&["check", "finite-d", "--against", "u.csv"], arguments].concat(), 1);
        assert!(message.contains(part), "{message}");
    }
    for (from, to, part) in [
        (
            ",uniform,",
            ",unform,",
            "line 2, column schedule: `unform` is not one of dilated, uniform (did you mean",
        ),
        (",uniform,", ",1,", "line 2, column schedule: `1` is not one of dilated, uniform"),
        (",uniform,", ",,", "line 2, column schedule: `` is not one of"),
    ] {
        let text = fs::read_to_string(folder.path().join("u.csv")).unwrap().replacen(from, to, 1);
        fs::write(folder.path().join("bad.csv"), text).unwrap();
        let (_, message) = run(&["check", "finite-d", "--against", "bad.csv"], 1);
        assert!(message.contains(part), "{message}");
    }
    fs::write(folder.path().join("bad.json"), "{\"interpolant\": \"cosine\"}").unwrap();
    let (_, message) = run(&["check", "finite-d", "--against", "u.csv", "--parameters", "bad.json"], 1);
    assert!(
        message.contains("bad.json") && message.contains("use one of linear, trigonometric"),
        "{message}"
    );
}

#[test]
fn an_own_system_may_list_its_own_words() {
    // Other words, in another order, and one that the simulation knows.
    let folder = TempDir::new().unwrap();
    let text = "title = \"mine\"\ndescribes = \"second-phase\"\n\
        control = { name = \"t\", from = 1, to = 2, points = 11 }\n[parameters]\n\
        sigma = { default = 1, meaning = \"\" }\n\
        interpolant = { values = [\"trigonometric\", \"cosine\"], default = \"trigonometric\", meaning = \"\" }\n\
        [outputs]\nc = { value = \"choose(interpolant, (t - 1)*sigma^2/(1 + (sigma^2 - 1)*(t - 1)^2), 7)\", meaning = \"\" }\n";
    fs::write(folder.path().join("mine.toml"), text).unwrap();
    let run = |arguments: &[&str]| {
        let output = run_in(folder.path(), arguments);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let solve = ["solve", "mine.toml", "--compare", "second-phase-limit", "--columns", "c", "--set", "t=1.5"];
    let (code, table, message) =
        run(&[&solve[..], &["--set", "interpolant=trigonometric", "--format", "csv", "--quiet"]].concat());
    assert_eq!(code, Some(0), "{message}");
    assert_eq!(table.lines().filter(|line| line.contains(",closed-form,0.5")).count(), 2, "{table}");
    for (word, part) in [
        ("linear", "interpolant = linear is not possible in mine; use one of trigonometric, cosine"),
        ("cosine", "interpolant = cosine is not possible in second-phase-limit"),
    ] {
        let set = format!("interpolant={word}");
        let (code, _, message) = run(&[&solve[..], &["--set", &set]].concat());
        assert_eq!(code, Some(1));
        assert!(message.contains(part), "{message}");
    }
    // The simulation takes the word by its name, not by its place.
    let check = ["check", "mine.toml", "--set", "n=64", "--set", "kappa=1", "--set", "t=1.5", "--seeds", "3"];
    let sets = [
        "--set",
        "interpolant=trigonometric",
        "--compare",
        "second-phase-limit",
        "--format",
        "csv",
        "--quiet",
    ];
    let (_, table, message) = run(&[&check[..], &sets].concat());
    let predicted: Vec<&str> = table.lines().filter(|line| line.contains(",limit,inf,c,")).collect();
    assert_eq!(predicted.len(), 2, "{table} {message}");
    for line in predicted {
        let fields: Vec<&str> = line.split(',').collect();
        let place = fields.iter().position(|f| *f == "c").unwrap();
        let (measured, predicted): (f64, f64) =
            (fields[place + 1].parse().unwrap(), fields[place + 3].parse().unwrap());
        assert!((predicted - 0.5).abs() < 1e-15 && (measured - predicted).abs() < 0.02, "{line}");
    }
}
