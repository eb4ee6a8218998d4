//! Names with indices, against the same systems written out by hand, closed forms and another library's matrices.

mod support;

use nalgebra::{DMatrix, DVector};
use overlaps::experiment::Solve;
use overlaps::system::Theory;
use overlaps::value::Value;
use support::{agree, close};

const GROUPS: &str = r#"
title = "Groups of spins that feel each other"
control = { name = "beta", from = 0.1, to = 3, points = 5, meaning = "inverse temperature" }

[indices]
a = "K"

[parameters]
K = { default = 3, domain = "K >= 1", meaning = "groups" }
"p[a]" = { default = "1/K", domain = "p[a] > 0", meaning = "size" }
"h[a]" = { default = "0.1*a", meaning = "field" }
J = { default = 1, meaning = "coupling" }

[unknowns]
"m[a]" = { meaning = "magnetisation", range = [-1, 1] }

[fixed_point]
"m[a]" = "tanh(beta*(h[a] + J*sum[b](p[b]*m[b])))"

[outputs]
M = { value = "sum[a](p[a]*m[a])", meaning = "magnetisation" }
"chi[a]" = { value = "beta*(1 - m[a]^2)", meaning = "local susceptibility" }
largest = { value = "max[a](m[a])", meaning = "the largest" }
"#;

fn groups() -> Theory {
    Theory::parse("groups", GROUPS).unwrap_or_else(|e| panic!("{e}"))
}

fn number(table: &overlaps::output::Table, column: &str, row: usize) -> f64 {
    table.number(column, row).unwrap_or_else(|e| panic!("{column}: {e}"))
}

#[test]
fn a_system_with_an_index_is_the_one_written_out() {
    let by_hand = r#"
title = "x"
control = { name = "beta", from = 0.1, to = 3, points = 5 }
[unknowns]
m_1 = { meaning = "", range = [-1, 1] }
m_2 = { meaning = "", range = [-1, 1] }
m_3 = { meaning = "", range = [-1, 1] }
[fixed_point]
m_1 = "tanh(beta*(0.1 + 0.5*m_1 + 0.3*m_2 + 0.2*m_3))"
m_2 = "tanh(beta*(0.2 + 0.5*m_1 + 0.3*m_2 + 0.2*m_3))"
m_3 = "tanh(beta*(0.3 + 0.5*m_1 + 0.3*m_2 + 0.2*m_3))"
"#;
    let list = Value::read("[0.5, 0.3, 0.2]").unwrap();
    let table = Solve::new(vec![groups()]).unwrap().set("p", list).unwrap().solve();
    let hand = Solve::new(vec![Theory::parse("hand", by_hand).unwrap()]).unwrap().solve();
    for row in 0..5 {
        for column in ["m_1", "m_2", "m_3"] {
            close(column, number(&table, column, row), number(&hand, column, row), 1e-13);
        }
        let m: Vec<f64> = (1..4).map(|a| number(&table, &format!("m_{a}"), row)).collect();
        close("M", number(&table, "M", row), 0.5 * m[0] + 0.3 * m[1] + 0.2 * m[2], 1e-13);
        close("largest", number(&table, "largest", row), m[2], 1e-15);
    }
}

#[test]
fn how_far_an_index_runs_is_given_with_the_other_parameters() {
    for (k, columns) in [(1.0, 1), (2.0, 2), (6.0, 6)] {
        let solve = Solve::new(vec![groups()]).unwrap().set("K", k).unwrap();
        let table = solve.solve();
        let own = table.columns.iter().filter(|c| c.name.starts_with("m_")).count();
        assert_eq!(own, columns);
        for row in 0..5 {
            let (beta, m) = (number(&table, "beta", row), number(&table, "M", row));
            let mean = (1..=columns).map(|a| (beta * (0.1 * a as f64 + m)).tanh()).sum::<f64>() / k;
            close("M", m, mean, 1e-13);
        }
    }
}

/// Also where it follows from another parameter.
#[test]
fn how_far_an_index_runs_may_follow_from_another_parameter() {
    let text = GROUPS
        .replace("M = {", "M_total = {")
        .replace("K = { default = 3,", "M = { default = 1, meaning = \"\" }\nK = { default = \"M + 1\",");
    let theory = Theory::parse("x", &text).unwrap_or_else(|e| panic!("{e}"));
    for (name, value, columns) in [("M", 3.0, 4), ("K", 3.0, 3), ("J", 1.0, 2)] {
        let table = Solve::new(vec![theory.clone()]).unwrap().set(name, value).unwrap().solve();
        assert_eq!(table.columns.iter().filter(|c| c.name.starts_with("m_")).count(), columns, "{name}");
        let (beta, m) = (number(&table, "beta", 1), number(&table, "M_total", 1));
        let mean = (1..=columns).map(|a| (beta * (0.1 * a as f64 + m)).tanh()).sum::<f64>() / columns as f64;
        close("M", m, mean, 1e-13);
    }
}

#[test]
fn fifty_unknowns_are_solved() {
    let table = Solve::new(vec![groups()]).unwrap().set("K", 50).unwrap().along([0.7, 2.0]).unwrap().solve();
    for row in 0..2 {
        let (beta, m) = (number(&table, "beta", row), number(&table, "M", row));
        let mean = (1..=50).map(|a| (beta * (0.1 * a as f64 + m)).tanh()).sum::<f64>() / 50.0;
        close("M", m, mean, 1e-13);
    }
}

#[test]
fn values_that_fit_no_index_are_refused_with_what_does() {
    let refused = |name: &str, value: Value, parts: &[&str]| {
        let error = Solve::new(vec![groups()]).unwrap().set(name, value).map(drop).unwrap_err().to_string();
        parts.iter().for_each(|part| assert!(error.contains(part), "{error}"));
    };
    let list = |text: &str| Value::read(text).unwrap();
    refused("p", list("[0.5,0.5]"), &["p = [0.5,0.5]", "`a`", "3 values, not 2"]);
    refused("J", list("[0.5,0.5]"), &["`J` is one value", "index"]);
    refused("p[4]", Value::from(0.1), &["`a` runs from 1 to 3"]);
    refused("p", Value::from(0.1), &["`p`"]);
    refused("K", Value::from(2.5), &["whole number", "2.5"]);
    let sweep = Solve::new(vec![groups()]).unwrap().sweep("K", [2.0, 3.0]).map(drop).unwrap_err().to_string();
    assert!(sweep.contains("how far an index runs") && sweep.contains("--set"), "{sweep}");
}

#[test]
fn sums_and_what_else_runs_over_indices() {
    agree(
        "[indices]\nb = 3\nc = 3\ni = 2\n[definitions]\n\"x[b]\" = \"b + b^2/10\"\n\"M[b,c]\" = \"where(b == c, 2 + b, 1/(b + c))\"\n",
        &[
            "sum[b](x[b])",
            "7.4",
            "product[c](x[c])",
            "1.1*2.4*3.9",
            "sum[b,k](x[b]*x[k])",
            "7.4^2",
            "sum[b](where(b > 1, x[b] - x[b - 1], 0))",
            "2.8",
            "max[k](-x[k])",
            "-1.1",
            "softmax[b](x[b], 2)",
            "exp(2.4)/(exp(1.1) + exp(2.4) + exp(3.9))",
            "log_sum_exp[b](1000*x[b])",
            "3900",
            "trace[b,c](M[b,c])",
            "12",
            "sum[i](i)",
            "3",
        ],
    );
}

#[test]
fn small_matrices_are_those_of_another_library() {
    let entry = |i: usize, j: usize, t: f64| {
        if i == j { t * (i as f64 - 1.0) } else { 1.0 / (1.0 + (2 * i + 3 * j) as f64) + t }
    };
    let text = r#"
title = "x"
control = { name = "t", from = 0, to = 3, points = 2 }
[indices]
a = 4
b = 4
[definitions]
"M[a,b]" = "where(a == b, t*(a - 2), 1/(1 + 2*(a - 1) + 3*(b - 1)) + t)"
[outputs]
determinant = { value = "det[a,b](M[a,b])", meaning = "" }
"I[a,b]" = { value = "inverse[c,d](M[c,d], a, b)", meaning = "" }
"s[a]" = { value = "solve[c,d](M[c,d], c^2, a)", meaning = "" }
"L[a,b]" = { value = "cholesky[c,d](sum[e](M[c,e]*M[d,e]), a, b)", meaning = "" }
slope = { value = "D[t](det[a,b](M[a,b]))", meaning = "" }
"#;
    // At t = 0 a leading minor vanishes: rows would have to be exchanged.
    let table = Solve::new(vec![Theory::parse("x", text).unwrap()]).unwrap().solve();
    for row in 0..2 {
        let t = number(&table, "t", row);
        let matrix = DMatrix::from_fn(4, 4, |i, j| entry(i, j, t));
        close("det", number(&table, "determinant", row), matrix.determinant(), 1e-12);
        let inverse = matrix.clone().try_inverse().unwrap();
        let right = DVector::from_fn(4, |i, _| ((i + 1) * (i + 1)) as f64);
        let solution = matrix.clone().lu().solve(&right).unwrap();
        let root = (&matrix * matrix.transpose()).cholesky().unwrap().l();
        for i in 0..4 {
            close("solve", number(&table, &format!("s_{}", i + 1), row), solution[i], 1e-11);
            for j in 0..4 {
                let at = |name: &str| number(&table, &format!("{name}_{}_{}", i + 1, j + 1), row);
                close("inverse", at("I"), inverse[(i, j)], 1e-11);
                close("cholesky", at("L"), root[(i, j)], 1e-10);
            }
        }
        let step = 1e-5;
        let det = |t: f64| DMatrix::from_fn(4, 4, |i, j| entry(i, j, t)).determinant();
        close("slope", number(&table, "slope", row), (det(t + step) - det(t - step)) / (2.0 * step), 1e-7);
    }
}

#[test]
fn correlated_normals_have_their_covariance() {
    agree(
        "[indices]\ni = 2\nj = 2\n[variables]\n\"h[i]\" = { covariance = [[1, \"tanh(a)\"], [\"tanh(a)\", 4]], mean = \"i - 1\" }\n",
        &[
            "E[h](h[1]*h[2])",
            "tanh(a)",
            "E[h]((h[2] - 1)^2)",
            "4",
            "E[h](exp(h[1] + 0.3*h[2]))",
            "exp(0.3 + (1 + 0.36 + 0.6*tanh(a))/2)",
            "E[h](h[2])",
            "1",
        ],
    );
    // Of three at once there is no second look.
    let text = r#"
title = "x"
control = { name = "a", from = 0.2, to = 3, points = 2 }
[indices]
i = 3
j = 3
[definitions]
"x[i]" = "i/3"
[variables]
"h[i]" = { covariance = "where(i == j, 1, a/4)" }
[outputs]
pair = { value = "E[h](h[1]*h[3])", meaning = "" }
squared = { value = "E[h](sum[k](x[k]*h[k])^2)", meaning = "" }
fourth = { value = "E[h](h[1]^2*h[2]^2)", meaning = "" }
"#;
    let table = Solve::new(vec![Theory::parse("x", text).unwrap_or_else(|e| panic!("{e}"))]).unwrap().solve();
    for row in 0..2 {
        let c = number(&table, "a", row) / 4.0;
        close("pair", number(&table, "pair", row), c, 1e-12);
        close("squared", number(&table, "squared", row), 14.0 / 9.0 + 22.0 / 9.0 * c, 1e-12);
        close("fourth", number(&table, "fourth", row), 1.0 + 2.0 * c * c, 1e-12);
    }
}

#[test]
fn a_covariance_that_is_none_gives_no_number() {
    let text = |covariance: &str| {
        format!(
            "title = \"x\"\ncontrol = {{ name = \"a\", from = 0.2, to = 3, points = 1 }}\n[indices]\ni = 2\nj = 2\n[parameters]\n\"R[i,j]\" = {{ default = {covariance}, meaning = \"\" }}\n[variables]\n\"h[i]\" = {{ covariance = \"R[i,j]\" }}\n[outputs]\ny = {{ value = \"E[h](h[1]*h[2])\", meaning = \"\" }}\n"
        )
    };
    for (covariance, y) in [
        ("[[1, 0.5], [0.5, 2]]", Some(0.5)),
        // Not symmetric; not positive.
        ("[[1, 0.5], [0.4, 2]]", None),
        ("[[1, 2], [2, 1]]", None),
    ] {
        let theory = Theory::parse("x", &text(covariance)).unwrap_or_else(|e| panic!("{e}"));
        let table = Solve::new(vec![theory]).unwrap().solve();
        match (table.number("y", 0).ok().filter(|y| !y.is_nan()), y) {
            (Some(found), Some(y)) => close(covariance, found, y, 1e-12),
            (found, y) => assert_eq!(found, y, "{covariance}"),
        }
    }
}

#[test]
fn columns_of_files_are_spectra_and_tables() {
    let folder = std::env::temp_dir().join(format!("overlaps-columns-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("spectrum.csv"), "eigenvalue,mass\n0.5,1\n1,2\n2,1\n").unwrap();
    std::fs::write(folder.join("groups.csv"), "# two groups\nsize, to1, to2\n0.25, 1, 2\n0.75, 3, 4\n")
        .unwrap();
    let text = |values: &str| {
        format!(
            r#"
title = "x"
control = {{ name = "t", from = 0, to = 3, points = 2 }}
[indices]
a = 2
b = 2
[parameters]
"p[a]" = {{ default = {{ file = "groups.csv", column = "size" }}, meaning = "" }}
"J[a,b]" = {{ default = {{ file = "groups.csv", column = ["to1", "to2"] }}, meaning = "" }}
[variables]
l = {{ file = "spectrum.csv", values = "{values}", weights = "mass" }}
[outputs]
stieltjes = {{ value = "E[l](1/(l + 1 + t))", meaning = "" }}
p = {{ value = "sum[a](a*p[a])", meaning = "" }}
J = {{ value = "sum[a,b]((10*a + b)*J[a,b])", meaning = "" }}
"#
        )
        .replace("\np = ", "\nP = ")
        .replace("\nJ = {", "\nJJ = {")
    };
    let file = folder.join("x.toml");
    std::fs::write(&file, text("eigenvalue")).unwrap();
    let table = Solve::new(vec![Theory::load(file.to_str().unwrap()).unwrap()]).unwrap().solve();
    for row in 0..2 {
        let t = number(&table, "t", row);
        close(
            "stieltjes",
            number(&table, "stieltjes", row),
            0.25 / (1.5 + t) + 0.5 / (2.0 + t) + 0.25 / (3.0 + t),
            1e-14,
        );
        close("p", number(&table, "P", row), 1.75, 1e-15);
        close("J", number(&table, "JJ", row), 11.0 + 24.0 + 63.0 + 88.0, 1e-15);
    }
    std::fs::write(&file, text("eigenvalues")).unwrap();
    let error = Theory::load(file.to_str().unwrap()).map(drop).unwrap_err().to_string();
    assert!(
        error.contains("no column `eigenvalues`") && error.contains("did you mean `eigenvalue`"),
        "{error}"
    );
    std::fs::write(folder.join("spectrum.csv"), "eigenvalue,mass\n0.5,x\n").unwrap();
    std::fs::write(&file, text("eigenvalue")).unwrap();
    let error = Theory::load(file.to_str().unwrap()).map(drop).unwrap_err().to_string();
    assert!(error.contains("line 2") && error.contains("`x`"), "{error}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn of_solutions_that_exchange_units_the_one_in_order_is_shown() {
    // Each unit has m = 1 or 1/2; the selection prefers that exactly one has 1.
    let text = r#"
title = "x"
control = { name = "t", from = 1, to = 2, points = 2 }
[indices]
a = 3
[unknowns]
"m[a]" = { meaning = "", range = [0, 2] }
"Q[a,b]" = { meaning = "", symmetric = true, range = [-9, 9] }
[residual]
"m[a]" = "(m[a] - 1)*(m[a] - 1/2)"
"Q[a,b]" = "Q[a,b] - t*(m[a] + m[b])"
[selection]
minimise = "(sum[a](m[a]) - 2)^2"
[gauge]
permute = ["a", "b"]
by = "m[a]"
"#
    .replace("a = 3\n", "\"a, b\" = 3\n");
    let table =
        Solve::new(vec![Theory::parse("x", &text).unwrap_or_else(|e| panic!("{e}"))]).unwrap().solve();
    for row in 0..2 {
        let t = number(&table, "t", row);
        let m: Vec<f64> = (1..4).map(|a| number(&table, &format!("m_{a}"), row)).collect();
        [1.0, 0.5, 0.5].iter().zip(&m).for_each(|(right, m)| close("m", *m, *right, 1e-12));
        close("Q", number(&table, "Q_1_3", row), 1.5 * t, 1e-12);
        close("Q", number(&table, "Q_2_3", row), t, 1e-12);
    }
}

/// An average over many variables at once is what it is over one, to what it says its error is; what it does not reach is not converged.
#[test]
fn averages_over_five_and_six_variables_say_how_well_they_are_known() {
    for (k, steep, known) in [(4, 1.0, 1e-5), (5, 0.5, 1e-7), (6, 0.5, 1e-5), (6, 4.0, f64::INFINITY)] {
        let text = format!(
            r#"
title = "x"
control = {{ name = "s", from = 0.1, to = 9, points = 2 }}
[indices]
i = {k}
[variables]
"z[i]" = "normal"
x = "normal"
[outputs]
many = {{ value = "E[z](tanh(0.3 + s*sum[i](z[i])/sqrt({k}))^2)", meaning = "" }}
one = {{ value = "E[x](tanh(0.3 + s*x)^2)", meaning = "" }}
"#
        );
        let theory = Theory::parse("x", &text).unwrap_or_else(|e| panic!("{e}"));
        let one = Theory::parse("x", &text.replace("many = ", "# many = ")).unwrap_or_else(|e| panic!("{e}"));
        let exact = number(&Solve::new(vec![one]).unwrap().along([steep]).unwrap().solve(), "one", 0);
        let solve = |tolerance: f64| {
            let solve = Solve::new(vec![theory.clone()]).unwrap().along([steep]).unwrap();
            solve.within(tolerance).unwrap().solve()
        };
        let table = solve(known.min(0.01));
        let error = number(&table, "quadrature_error", 0);
        if known.is_finite() {
            let many = number(&table, "many", 0);
            assert!(error < known, "{k} {steep}: {error:e}");
            assert!((many - exact).abs() <= error.max(1e-14), "{k} {steep}: {many} {exact} {error:e}");
        } else {
            assert!(error > 0.01, "{k} {steep}: {error:e}");
        }
    }
}

/// What is written instead of a part of the file, where the error stands, and what it says.
#[test]
fn files_with_indices_that_mean_nothing_are_refused_at_their_place() {
    let square = "\"beta*(1 - m[a]^2)\"";
    for (part, instead, at, words) in [
        ("\"m[a]\" = { meaning", "\"m[q]\" = { meaning", "\"m[q]\"", &["`q`", "[indices]"][..]),
        ("\"m[a]\" = { meaning", "\"m[a\" = { meaning", "\"m[a\"", &["\"m[1]\""]),
        (
            "\"m[a]\" = { meaning",
            "\"m[a]\" = { symmetric = true, meaning",
            "\"m[a]\" = { s",
            &["two indices"],
        ),
        ("\"m[a]\" = \"tanh", "\"m[1]\" = \"tanh", "[fixed_point]", &["`m_2`"]),
        (square, "\"m^2\"", "m^2", &["`m[a]`"]),
        (square, "\"m[4]\"", "m[4]", &["a = 4", "1 to 3"]),
        (square, "\"m[a/2]\"", "a/2", &["whole number", "0.5"]),
        (square, "\"m[x]\"", "x]", &["indices", "a"]),
        (square, "\"m[a,1]\"", "m[a,1]", &["1 index, not 2"]),
        (square, "\"mm[a]\"", "mm[a]", &["did you mean `m`"]),
        (square, "\"sum[a](m[a])\"", "a](m[a])", &["`a`", "sum[b]"]),
        (square, "\"summ[b](m[b])\"", "summ", &["did you mean `sum`", "softmax"]),
        (square, "\"sum[z](1)\"", "z](1)", &["`z`", "[indices]"]),
        (square, "\"det[b](m[b])\"", "det", &["det[a, b](M[a, b])"]),
        (square, "\"inverse[b,c](m[b]*m[c], 1)\"", "inverse[", &["inverse[a, b](M[a, b], i, j)"]),
        (square, "\"inverse[b,c](m[b]*m[c], 1, 4)\"", "inverse[", &["1 to 3"]),
        ("sum[a](p[a]*m[a])", "p[a]*m[a]", "a]*m[a]\", meaning", &["`a`", "no value"]),
        ("a = \"K\"", "a = \"K/2\"", "\"K/2\"", &["whole number", "1.5"]),
        ("a = \"K\"", "a = \"L\"", "\"L\"", &["`L`", "did you mean `J`"]),
        ("a = \"K\"", "a = 0", "0\n", &["0"]),
        ("a = \"K\"", "a = \"K\"\nbeta = 2", "beta = 2", &["`beta`"]),
        ("default = \"1/K\"", "default = [0.5, 0.5]", "[0.5", &["2 entries", "1 to 3"]),
        ("J = { default = 1", "J = { default = [1, 2]", "[1, 2]", &["`J`", "index"]),
        ("largest = {", "m_1 = {", "m_1 = {", &["`m_1`", "unknown", "output"]),
        ("[outputs]", "[gauge]\npermute = \"a\"\n[outputs]", "[gauge]", &["`by`"]),
        (
            "[outputs]",
            "[gauge]\npermute = \"a\"\nby = \"p[a]\"\n[outputs]",
            "\"p[a]\"\n[o",
            &["`p[a]`", "unknown"],
        ),
    ] {
        let text = GROUPS.replacen(part, instead, 1);
        assert!(text != GROUPS, "{part}");
        let offset = text.find(at).unwrap_or_else(|| panic!("{at}"));
        let line = text[..offset].matches('\n').count() + 1;
        let column = text[..offset].rsplit('\n').next().unwrap().chars().count() + 1;
        let error = Theory::parse("x", &text).map(drop).expect_err(instead).to_string();
        words.iter().for_each(|word| assert!(error.contains(word), "{instead}: {error}"));
        assert!(error.contains(&format!("x:{line}:{column}\n")), "{instead}: {line}:{column} {error}");
    }
}
