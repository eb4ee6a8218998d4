//! Figures for a paper: their size in print, that of their letters, their title, in every command that draws.

mod support;

use std::fs;
use std::path::Path;

use support::run_in;
use tempfile::TempDir;

/// Runs a command that has to succeed.
fn run(folder: &Path, words: &str) -> String {
    let output = run_in(folder, &words.split_whitespace().collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs one that is refused, and gives what it says.
fn refused(folder: &Path, words: &str) -> String {
    let output = run_in(folder, &words.split_whitespace().collect::<Vec<_>>());
    assert!(!output.status.success(), "{words}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The width and height of an SVG as they are written.
fn size(folder: &Path, name: &str) -> (String, String) {
    let svg = fs::read_to_string(folder.join(name)).unwrap();
    let of = |side: &str| {
        let (_, rest) = svg.split_once(&format!(" {side}=\"")).unwrap();
        rest.split('"').next().unwrap().to_string()
    };
    (of("width"), of("height"))
}

#[test]
fn a_figure_has_the_size_and_the_title_that_are_asked_for() {
    let here = TempDir::new().unwrap();
    let here = here.path();
    let solve = "solve curie-weiss T=0.5:1.5:5 --quiet --plot a.svg";
    run(here, &format!("{solve} --figure-size 8.6x6cm --title none"));
    assert_eq!(size(here, "a.svg"), ("243.780pt".into(), "170.079pt".into()));
    assert!(!fs::read_to_string(here.join("a.svg")).unwrap().contains("Curie"));
    run(here, &format!("{solve} --columns-wide 2 --font-size 9 --title Magnetisation"));
    assert_eq!(size(here, "a.svg").0, "504.567pt");
    assert!(fs::read_to_string(here.join("a.svg")).unwrap().contains("\nMagnetisation\n"));
    // Nothing but the title: the sheet is that of the screen.
    run(here, &format!("{solve} --title Magnetisation"));
    let plain = size(here, "a.svg");
    run(here, solve);
    assert_eq!((plain.0.parse::<f64>().is_ok(), plain), (true, size(here, "a.svg")));
}

#[test]
fn the_default_figure_may_have_a_size_too() {
    let here = TempDir::new().unwrap();
    run(here.path(), "solve curie-weiss --quiet --columns-wide 1");
    assert_eq!(size(here.path(), "results/curie-weiss.svg").0, "243.780pt");
}

#[test]
fn a_size_without_a_figure_or_without_room_is_refused() {
    let here = TempDir::new().unwrap();
    let here = here.path();
    for (words, parts) in [
        ("solve curie-weiss T=0.5 --columns-wide 1", &["--columns-wide=1", "--plot FILE.svg"][..]),
        ("critical curie-weiss --title none", &["--title=none", "--plot FILE.svg"]),
        ("simulate ridge --font-size 8", &["--font-size=8", "--plot FILE.svg"]),
        ("solve curie-weiss --plot a.svg --figure-size 8.6", &["expected a width", "3.4x2.5in"]),
        ("solve curie-weiss --plot a.svg --figure-size 8.6x1cm", &["does not fit", "cm high"]),
        ("solve curie-weiss --plot a.svg --figure-size 0.2in", &["does not fit", "in wide"]),
    ] {
        let said = refused(here, words);
        assert!(parts.iter().all(|part| said.contains(part)), "{words}: {said}");
    }
    assert!(!here.join("a.svg").exists());
}

#[test]
fn the_figure_of_a_study_is_drawn_as_its_command_is_asked_to() {
    let here = TempDir::new().unwrap();
    let here = here.path();
    let study = |more: &str| {
        let text = format!("command = 'solve'\nsystem = 'curie-weiss'\n{more}[sweep]\nh = [0.0, 0.1]\n");
        fs::write(here.join("study.toml"), text).unwrap();
    };
    study("plot = 'a.svg'\n");
    run(here, "sweep study.toml --quiet --columns-wide 1");
    assert_eq!(size(here, "a.svg").0, "243.780pt");
    let side = fs::read_to_string(here.join("study.json")).unwrap();
    assert!(side.contains("--columns-wide=1"), "the side file has the command: {side}");
    run(here, "merge study.toml --quiet --plot b.svg --figure-size 3.4in --title none");
    assert_eq!(size(here, "b.svg").0, "244.800pt");
    study("");
    assert!(refused(here, "sweep study.toml --columns-wide 1").contains("--plot FILE.svg"));
    for (option, part) in [("columns-wide = 1", "overlaps sweep"), ("title = 'a'", "at the top of the file")]
    {
        study(&format!("[options]\n{option}\n"));
        let said = refused(here, "sweep study.toml");
        assert!(said.contains(part), "{said}");
    }
}

/// The places of the data of a picture of pgfplots that follow an option.
fn data(pgf: &str, option: &str) -> Vec<Vec<(f64, f64)>> {
    let place = |text: &str| -> Option<(f64, f64)> {
        let (x, y) = text.trim().strip_prefix('(')?.split_once(',')?;
        Some((x.parse().ok()?, y.parse().ok()?))
    };
    let plots =
        pgf.split("\\addplot[").skip(1).filter(|plot| plot.split(']').next().unwrap().contains(option));
    let inside = plots.map(|plot| plot.split("coordinates {").nth(1).unwrap().split('}').next().unwrap());
    inside.map(|text| text.split(')').filter_map(place).collect()).collect()
}

#[test]
fn branches_are_led_to_their_folds_which_have_open_marks() {
    let here = TempDir::new().unwrap();
    run(here.path(), "solve curie-weiss h=0.05 T=0.3:1.5:25 --branches --quiet --columns m --plot a.pgf");
    let pgf = fs::read_to_string(here.path().join("a.pgf")).unwrap();
    let marks = data(&pgf, "fill=white");
    assert_eq!(marks.iter().map(Vec::len).collect::<Vec<_>>(), [1], "two branches fold in one place");
    // The slope of tanh((m + h)/T) is 1 there: 1 − m² = T.
    let (temperature, m) = marks[0][0];
    assert!((1.0 - m * m - temperature).abs() < 1e-7 && m < -0.4, "{m} {temperature}");
    let ends = data(&pgf, "line width").into_iter().filter(|line| line.contains(&marks[0][0]));
    assert_eq!(ends.count(), 3, "the mark, and both branches");
}

#[test]
fn unstable_branches_are_dashed() {
    let here = TempDir::new().unwrap();
    run(here.path(), "solve spiked-tensor --branches --quiet --columns q --plot a.pgf --output a.csv");
    let pgf = fs::read_to_string(here.path().join("a.pgf")).unwrap();
    let rows = fs::read_to_string(here.path().join("a.csv")).unwrap();
    let head: Vec<&str> = rows.lines().next().unwrap().split(',').collect();
    let column = |name: &str| head.iter().position(|own| *own == name).unwrap();
    let (branch, curvature) = (column("branch"), column("curvature"));
    let unstable = rows.lines().skip(1).map(|row| row.split(',').collect::<Vec<_>>());
    let unstable: Vec<_> = unstable.filter(|row| row[curvature].starts_with('-')).collect();
    assert!(!unstable.is_empty() && unstable.iter().all(|row| row[branch] == "saddle"));
    let dashed: usize = data(&pgf, "dash pattern").iter().map(Vec::len).sum();
    assert_eq!(dashed, unstable.len() + 1, "and the fold to which it is led");
    assert!(pgf.contains("{unstable}") && pgf.contains("{crossing, fold}"));
    // A study draws the same, marks included.
    let study = "command = 'solve'\nsystem = 'spiked-tensor'\nplot = 'b.pgf'\n[options]\nbranches = true\n[figure]\ncolumns = ['q']\n";
    fs::write(here.path().join("study.toml"), study).unwrap();
    run(here.path(), "sweep study.toml --quiet");
    let of_study = fs::read_to_string(here.path().join("b.pgf")).unwrap();
    assert_eq!(data(&of_study, "fill=white"), data(&pgf, "fill=white"));
    assert_eq!(data(&of_study, "dash pattern"), data(&pgf, "dash pattern"));
}
