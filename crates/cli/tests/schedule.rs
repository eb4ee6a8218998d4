//! Windows and training times: `overlaps schedule`.

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use overlaps::output::csv::read_table;
use overlaps_models::mixture::{ExactDenoiser, Interpolant};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use support::{one, run_in};
use tempfile::TempDir;

fn message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A run in a folder that ends with this exit code.
fn run(folder: &Path, arguments: &[&str], code: i32) -> Output {
    let output = run_in(folder, &[&["schedule"], arguments].concat());
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", message(&output));
    output
}

/// The columns of a CSV file.
fn columns(folder: &Path, file: &str, names: &[&str]) -> Vec<Vec<f64>> {
    let table = read_table(fs::File::open(folder.join(file)).unwrap()).unwrap();
    let numbers = |name: &&str| table.numbers(name).unwrap().into_iter().map(|x| x.unwrap()).collect();
    names.iter().map(numbers).collect()
}

/// Quantiles and times of a run.
struct Quantiles {
    quantiles: Vec<f64>,
    times: Vec<f64>,
    side: Value,
}

fn quantiles(folder: &Path, arguments: &[&str]) -> Quantiles {
    run(folder, &[arguments, &["--output", "q.csv"]].concat(), 0);
    let mut found = columns(folder, "q.csv", &["quantile", "time"]);
    let side = serde_json::from_str(&fs::read_to_string(folder.join("q.json")).unwrap()).unwrap();
    let times = found.pop().unwrap();
    Quantiles { quantiles: found.pop().unwrap(), times, side }
}

impl Quantiles {
    /// What `np.interp(u, quantile, time)` does.
    fn sample(&self, u: f64) -> f64 {
        let after = self.quantiles.partition_point(|q| *q <= u).clamp(1, self.quantiles.len() - 1);
        let (a, b) = (self.quantiles[after - 1], self.quantiles[after]);
        self.times[after - 1] + (self.times[after] - self.times[after - 1]) * (u - a) / (b - a)
    }

    fn window(&self, feature: &str) -> (f64, f64) {
        let windows = self.side["windows"].as_array().unwrap();
        let window = windows.iter().find(|w| w["feature"] == feature).unwrap();
        (window["from"].as_f64().unwrap(), window["to"].as_f64().unwrap())
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn write_curve(folder: &Path, file: &str, header: &str, rows: impl Iterator<Item = Vec<f64>>) {
    let lines = rows.map(|row| row.iter().map(f64::to_string).collect::<Vec<_>>().join(","));
    let text: Vec<String> = std::iter::once(header.to_string()).chain(lines).collect();
    fs::write(folder.join(file), text.join("\n") + "\n").unwrap();
}

// ---- the exact denoiser against the systems of equations ----

#[test]
fn its_error_is_that_of_the_first_phase_for_infinitely_many_samples() {
    for (p, sigma) in [(0.8, 1.0), (0.4, 0.5)] {
        for t in [0.01, 0.3, 0.7, 1.0] {
            let row = one("first-phase-limit", &[("p", p), ("sigma", sigma), ("kappa", 4.0)], t);
            for interpolant in Interpolant::ALL {
                let exact = ExactDenoiser::new(p, sigma, 1e20, interpolant).unwrap();
                let found = exact.mse(4.0 * t / 1e10, 1e-12).total();
                assert!((found - row.get("mse_test")).abs() < 1e-8, "{t}: {found} {}", row.get("mse_test"));
            }
        }
    }
}

#[test]
fn its_error_is_that_of_the_second_phase_for_infinitely_many_samples() {
    for sigma in [0.5, 1.0, 3.0] {
        for tau in [0.1, 0.5, 0.99] {
            let row = one("second-phase-limit", &[("sigma", sigma)], 1.0 + tau);
            let exact = ExactDenoiser::new(0.8, sigma, 1e12, Interpolant::Linear).unwrap();
            let found = exact.mse(tau, 1e-12).total();
            assert!((found - row.get("mse_test")).abs() < 1e-14, "{tau}: {found}");
        }
    }
}

// ---- windows ----

/// The window of the mode by bisection on the system `first-phase-limit`, in t = √dτ/κ.
#[test]
fn the_window_of_the_mode_is_that_of_the_first_phase() {
    let folder = TempDir::new().unwrap();
    let found = quantiles(folder.path(), &["--set", "d=1e14", "--set", "p=0.7", "--set", "sigma=0.5"]);
    let (from, to) = found.window("mode");
    for (tau, share) in [(from, 0.1), (to, 0.9)] {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..40 {
            let t = 0.5 * (low + high);
            let mse =
                one("first-phase-limit", &[("p", 0.7), ("sigma", 0.5), ("kappa", 8.0)], t).get("mse_test");
            let left = (mse - 0.25) / (4.0 * 0.7 * 0.3);
            if 1.0 - left < share { low = t } else { high = t }
        }
        assert!((tau * 1e7 / 8.0 - low).abs() < 1e-6, "{} {low}", tau * 1e7 / 8.0);
    }
}

#[test]
fn the_window_of_the_variance_is_that_of_its_closed_form() {
    let folder = TempDir::new().unwrap();
    // Linear: 1 − α²/V = q at τ/(1 − τ) = √(q/(1 − q))/σ; trigonometric: at τ/√(1 − τ²).
    let ratio = |q: f64| (q / (1.0 - q)).sqrt() / 2.0;
    let arguments = ["--set", "sigma=2", "--set", "d=1e8", "--window", "0.2,0.7"];
    let (from, to) = quantiles(folder.path(), &arguments).window("variance");
    for (tau, q) in [(from, 0.2), (to, 0.7)] {
        assert!((tau - ratio(q) / (1.0 + ratio(q))).abs() < 1e-9, "{tau} {q}");
    }
    let arguments = [&arguments[..], &["--set", "interpolant=trigonometric"]].concat();
    let (from, to) = quantiles(folder.path(), &arguments).window("variance");
    for (tau, q) in [(from, 0.2), (to, 0.7)] {
        assert!((tau - ratio(q) / (1.0 + ratio(q) * ratio(q)).sqrt()).abs() < 1e-9, "{tau} {q}");
    }
}

#[test]
fn the_window_narrows_as_one_over_root_d() {
    let folder = TempDir::new().unwrap();
    let arguments = ["--sweep", "d=log:1e2:1e10:9", "--output", "w.csv", "--plot", "w.svg"];
    let printed = message(&run(folder.path(), &arguments, 0));
    assert!(printed.contains("(expected -0.5)"), "{printed}");
    let side: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("w.json")).unwrap()).unwrap();
    let (value, error) =
        (side["exponent"]["value"].as_f64().unwrap(), side["exponent"]["error"].as_f64().unwrap());
    assert!((value + 0.5).abs() < 1e-5 && error < 1e-5, "{value} ± {error}");
    let found = columns(folder.path(), "w.csv", &["d", "width", "width_sqrt_d", "jump"]);
    // What is left of order 1/√d: the width in √dτ, and the fall of the error to 4p(1 − p).
    let rows = found[0].iter().zip(&found[1]).zip(&found[2]).zip(&found[3]);
    for (((d, width), scaled), jump) in rows {
        assert!((scaled - 1.51644).abs() < 4.0 / d.sqrt() + 1e-5, "{d}: {scaled}");
        assert!((jump - 0.64).abs() < 2.0 / d.sqrt(), "{d}: {jump}");
        assert!((width * d.sqrt() / scaled - 1.0).abs() < 1e-14);
    }
}

// ---- training times ----

#[test]
fn sampled_times_have_their_mass_in_the_window() {
    let folder = TempDir::new().unwrap();
    for (d, mass) in [("d=100", 0.5), ("d=5000", 0.5), ("d=1e10", 0.5), ("d=5000", 0.8)] {
        let mass_text = mass.to_string();
        let found = quantiles(folder.path(), &["--set", d, "--mass", &mass_text]);
        let (from, to) = found.window("mode");
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let samples = 100_000;
        let inside = (0..samples)
            .filter(|_| (from..=to).contains(&found.sample(random.random_range(0.0..1.0))))
            .count() as f64;
        // Four standard errors, and the two intervals of the table in which a window starts and ends.
        let error = 4.0 * f64::sqrt(mass * (1.0 - mass) / f64::from(samples)) + 2e-3;
        assert!((inside / f64::from(samples) - mass).abs() < error, "{d}: {inside}");
    }
}

#[test]
fn quantiles_rise_from_end_to_end_and_carry_the_dilated_time() {
    let folder = TempDir::new().unwrap();
    for density in ["window", "rate"] {
        let arguments = ["--density", density, "--points", "501", "--set", "d=1e10", "--set", "kappa=5"];
        let found = quantiles(folder.path(), &arguments);
        assert_eq!((found.times.len(), found.times[0], found.times[500]), (501, 0.0, 1.0));
        assert!(found.times.windows(2).all(|pair| pair[0] < pair[1]));
        for (time, t) in found.times.iter().zip(&columns(folder.path(), "q.csv", &["t"])[0]) {
            let expected = if *time < 5e-5 { time * 1e5 / 5.0 } else { 1.0 + (time - 5e-5) / (1.0 - 5e-5) };
            assert!((t - expected).abs() < 1e-12);
        }
    }
}

/// F′ of each feature with the same share, and the floor: compared with the error itself.
#[test]
fn the_rate_density_follows_the_error() {
    let folder = TempDir::new().unwrap();
    let found = quantiles(folder.path(), &["--density", "rate", "--floor", "0.2", "--set", "d=1e6"]);
    let exact = ExactDenoiser::new(0.8, 1.0, 1e6, Interpolant::Linear).unwrap();
    for (quantile, time) in found.quantiles.iter().zip(&found.times) {
        let mse = exact.mse(*time, 1e-12);
        let share = 0.4 * (1.0 - mse.mode / 0.64) + 0.4 * (1.0 - mse.variance) + 0.2 * time;
        assert!((share - quantile).abs() < 1e-3, "{time}: {share} {quantile}");
    }
}

#[test]
fn the_density_column_integrates_to_one_between_quantiles() {
    let folder = TempDir::new().unwrap();
    run(folder.path(), &["--density", "rate", "--points", "20001", "--output", "q.csv"], 0);
    let found = columns(folder.path(), "q.csv", &["time", "density"]);
    let area: f64 = found[0].windows(2).zip(&found[1][1..]).map(|(t, density)| (t[1] - t[0]) * density).sum();
    assert!((area - 1.0).abs() < 2e-3, "{area}");
}

// ---- your own curves ----

#[test]
fn a_logistic_curve_has_the_window_of_its_closed_form() {
    let folder = TempDir::new().unwrap();
    // A U-turn: the probability to end in the class of the start, 2001 times in no order.
    let times = (0..=2000u32).map(|i| f64::from(i * 7 % 2001) / 1000.0);
    let rows = times.map(|t| vec![logistic(12.0 * (t - 0.6)), t, 3.0 - logistic(20.0 * (t - 1.4))]);
    write_curve(folder.path(), "uturn.csv", "same_class,t,same_texture", rows);
    let found = quantiles(folder.path(), &["--curve", "uturn.csv", "--time", "t", "--plot", "u.svg"]);
    for (feature, centre, rate) in [("same_class", 0.6, 12.0), ("same_texture", 1.4, 20.0)] {
        let (from, to) = found.window(feature);
        let half = 9f64.ln() / rate;
        assert!((from - centre + half).abs() < 1e-3 && (to - centre - half).abs() < 1e-3, "{from} {to}");
    }
    assert_eq!((found.times[0], found.times[1000]), (0.0, 2.0));
    // The window of the texture is the shorter one.
    assert_eq!(found.side["density"]["feature"], "same_texture");
    let svg = fs::read_to_string(folder.path().join("u.svg")).unwrap();
    assert!(svg.contains("same_class") && svg.contains("training times"));
}

#[test]
fn noise_moves_the_window_little_and_is_reported() {
    let folder = TempDir::new().unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let rows: Vec<Vec<f64>> = (0..=1000)
        .map(|i| f64::from(i) / 1000.0)
        .map(|t| vec![t, logistic(25.0 * (t - 0.5)) + random.random_range(-0.05..0.05)])
        .collect();
    write_curve(folder.path(), "noisy.csv", "t,u", rows.into_iter());
    let output = run(folder.path(), &["--curve", "noisy.csv", "--output", "q.csv"], 0);
    let text = message(&output);
    assert!(text.contains("u rises; the nearest curve that rises throughout is up to 0.0"), "{text}");
    let side: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("q.json")).unwrap()).unwrap();
    let half = 9f64.ln() / 25.0;
    let window = &side["windows"][0];
    assert!((window["from"].as_f64().unwrap() - 0.5 + half).abs() < 0.02, "{window}");
    assert!((window["to"].as_f64().unwrap() - 0.5 - half).abs() < 0.02, "{window}");
    assert!((0.04..0.11).contains(&window["deviation"].as_f64().unwrap()));
}

#[test]
fn a_table_of_this_program_is_a_curve_too() {
    let folder = TempDir::new().unwrap();
    let solve = ["solve", "two-phase-limit", "--output", "two.csv", "--set", "kappa=6", "--quiet"];
    assert!(run_in(folder.path(), &solve).status.success());
    let found = quantiles(folder.path(), &["--curve", "two.csv", "--features", "mse_test"]);
    // In dilated time both phases have the same length; 64 of 164 hundredths of the error fall in the first.
    let (from, to) = found.window("mse_test");
    assert!(from > 0.1 && from < 0.4 && to > 1.5 && to < 1.8, "{from} {to}");
}

#[test]
fn repeated_empty_and_textual_fields_are_handled_and_said() {
    let folder = TempDir::new().unwrap();
    let text = "t,u,name,constant\n0,1,a,5\n0.5,,b,5\n0.5,nan,b,5\n1,3,c,5\n1,5,c,5\n2,9,d,5\n3,9,e,5\n";
    fs::write(folder.path().join("c.csv"), text).unwrap();
    let output = run(folder.path(), &["--curve", "c.csv", "--output", "q.csv", "--points", "3"], 0);
    let said = message(&output);
    for part in
        ["2 of 7 rows have no time or no value of `u`", "`name` has text", "`constant` does not change"]
    {
        assert!(said.contains(part), "{said}");
    }
    // 1 → 4 → 9: the levels 1.8 and 8.2 at 0.8/3 and 1 + 4.2/5.
    let found = quantiles(folder.path(), &["--curve", "c.csv"]);
    let (from, to) = found.window("u");
    assert!((from - 0.8 / 3.0).abs() < 1e-12 && (to - 1.84).abs() < 1e-12, "{from} {to}");
    // The same column of two files has the name of its file too.
    fs::write(folder.path().join("e.csv"), "t,u\n0,0\n1,1\n2,4\n").unwrap();
    let both = quantiles(folder.path(), &["--curve", "c.csv", "--curve", "e.csv", "--features", "u"]);
    assert!(both.window("e: u").1 < 2.0 && both.window("c: u") == (from, to));
}

// ---- bad input ----

#[test]
fn bad_input_is_refused_with_what_would_be_accepted() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    file("good.csv", "t,u,v\n0,0,1\n1,1,0\n2,2,0\n");
    file("headless.csv", "0,0\n1,1\n2,2\n");
    file("words.csv", "t,u\n0,0\n1,high\n2,2\n");
    file("times.csv", "t,u\nearly,0\n1,1\n2,2\n");
    file("flat.csv", "t,u\n0,3\n1,3\n2,3\n");
    file("short.csv", "t,u\n0,0\n1,1\n1,2\n");
    file("infinite.csv", "t,u\n0,0\n1,inf\n2,1\n");
    file("empty.csv", "");
    file("header.csv", "t,u\n");
    file("one.csv", "t\n1\n2\n");
    file("ragged.csv", "t,u\n0,0\n1\n");
    for (arguments, part) in [
        (&["--set", "p=0"][..], "0 < p < 1"),
        (&["--set", "p=1"], "0 < p < 1"),
        (&["--set", "d=0.5"], "1 ≤ d"),
        (&["--set", "sigma=-1"], "0 ≤ σ"),
        (&["--set", "kappa=0"], "κ > 0"),
        (&["--set", "d=16", "--set", "kappa=4"], "raise d or lower kappa"),
        (&["--set", "sgima=1"], "did you mean `sigma`"),
        (&["--set", "n=8"], "its parameters are p, sigma, d"),
        (&["--set", "p=0.5", "--set", "p=0.6"], "given twice"),
        (&["--sweep", "p=0.1:0.9:3"], "sweeps d alone"),
        (&["--sweep", "d=log:0.1:10:3"], "d = 0.1"),
        (&["--sweep", "d=log:10:1000:3", "--set", "kappa=2"], "leave it out"),
        (&["--window", "0.9,0.1"], "0 ≤ FROM < TO ≤ 1"),
        (&["--window", "0.1,1.5"], "0 ≤ FROM < TO ≤ 1"),
        (&["--mass", "1.5"], "from 0 to 1"),
        (&["--mass", "nan"], "from 0 to 1"),
        (&["--density", "rate", "--floor", "-0.1"], "from 0 to 1"),
        (&["--density", "rate", "--mass", "0.5"], "--density rate has --floor"),
        (&["--floor", "0.5"], "--density window has --mass"),
        (&["--curve", "none.csv"], "cannot read none.csv"),
        (&["--curve", "good.csv", "--time", "tt"], "did you mean `t`"),
        (&["--curve", "good.csv", "--features", "u,w"], "there is no column `w`"),
        (&["--curve", "headless.csv"], "add a header"),
        (&["--curve", "words.csv", "--features", "u"], "`high` in line 3 of column `u`"),
        (&["--curve", "words.csv"], "`high` in line 3 of column `u` is not a number"),
        (&["--curve", "times.csv"], "`early` in line 2 of the time `t`"),
        (&["--curve", "flat.csv"], "around 3"),
        (&["--curve", "short.csv"], "2 times; at least 3"),
        (&["--curve", "infinite.csv"], "value inf at time 1"),
        (&["--curve", "empty.csv"], "empty"),
        (&["--curve", "header.csv"], "nothing below its header"),
        (&["--curve", "one.csv"], "needs two columns"),
        (&["--curve", "ragged.csv"], "line: 3"),
        (&["--output", "no/q.csv"], "does not exist"),
        (&["--set", "interpolant=cubic"], "linear, trigonometric"),
    ] {
        let said = message(&run(folder.path(), arguments, 1));
        assert!(said.starts_with("error: ") && said.contains(part), "{arguments:?}: {said}");
    }
    for arguments in [
        &["--window", "0.1"][..],
        &["--window", "0.1,x"],
        &["--points", "1"],
        &["--density", "flat"],
        &["--curve", "good.csv", "--set", "p=0.5"],
        &["--sweep", "d=log:10:1000:3", "--mass", "0.5"],
        &["--time", "t"],
    ] {
        run(folder.path(), arguments, 2);
    }
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| name != "results"), "{names:?}");
}

#[test]
fn values_at_the_edge_are_possible() {
    let folder = TempDir::new().unwrap();
    for arguments in [
        &["--set", "p=1e-300"][..],
        &["--set", "p=0.9999999999999999"],
        &["--set", "sigma=0"],
        &["--set", "sigma=1e50"],
        &["--set", "sigma=1e-9"],
        &["--set", "d=1"],
        &["--set", "d=1e16"],
        &["--set", "d=1e100"],
        &["--window", "0,1"],
        &["--mass", "0"],
        &["--mass", "1"],
        &["--density", "rate", "--floor", "0"],
        &["--density", "rate", "--floor", "1"],
        &["--points", "2"],
    ] {
        let arguments = [arguments, &["--plot", "q.svg"]].concat();
        let found = quantiles(folder.path(), &arguments);
        assert!(found.times.windows(2).all(|pair| pair[0] <= pair[1]), "{arguments:?}");
        assert!(found.times.iter().all(|time| (0.0..=1.0).contains(time)), "{arguments:?}");
        assert_eq!((found.times[0], *found.times.last().unwrap()), (0.0, 1.0), "{arguments:?}");
    }
}

// ---- files ----

#[test]
fn the_plain_command_leaves_its_files_in_results_and_others_only_print() {
    let folder = TempDir::new().unwrap();
    let output = run(folder.path(), &[], 0);
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(table.contains("mode") && table.contains("variance") && table.contains("width·√d"), "{table}");
    for extension in ["csv", "json", "svg"] {
        assert!(folder.path().join(format!("results/schedule.{extension}")).exists());
    }
    let side: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("results/schedule.json")).unwrap())
            .unwrap();
    assert_eq!(side["command"], serde_json::json!(["overlaps", "schedule"]));
    assert_eq!(side["parameters"]["interpolant"], "linear");
    let other = TempDir::new().unwrap();
    let output = run(other.path(), &["--set", "d=100"], 0);
    assert!(message(&output).contains("nothing was written"));
    let csv = run(other.path(), &["--format", "csv", "--quiet"], 0);
    let written = fs::read(folder.path().join("results/schedule.csv")).unwrap();
    assert!(csv.stdout == written && csv.stderr.is_empty());
    let json = run(other.path(), &["--format", "json"], 0);
    let rows: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 1001);
    assert!(fs::read_dir(other.path()).unwrap().next().is_none());
}

#[test]
fn the_committed_results_are_what_the_commands_make() {
    let folder = TempDir::new().unwrap();
    run(folder.path(), &["--output", "schedule.csv"], 0);
    run(folder.path(), &["--sweep", "d=log:1e2:1e10:9", "--output", "schedule-width.csv"], 0);
    let committed = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("results");
    for (file, names) in [
        ("schedule.csv", &["quantile", "time", "t", "density"][..]),
        ("schedule-width.csv", &["d", "from", "to", "width", "width_sqrt_d", "jump"]),
    ] {
        let (found, expected) = (columns(folder.path(), file, names), columns(&committed, file, names));
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{file}: {found} {expected}");
        }
    }
}
