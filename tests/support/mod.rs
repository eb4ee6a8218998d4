//! What the tests share: solving a system in one line, and reading reference tables.
#![allow(dead_code)] // each test file uses its own part

use std::collections::BTreeMap;
use std::path::Path;

use overlaps::solve::{Job, PieceCurve, Settings, Solution};
use overlaps::system::Theory;
use overlaps::value::{Value, words_of};
use overlaps::verify::{Claim, Report, Verifier};

/// One row: branch and values by column.
#[derive(Debug, Clone)]
pub struct Row {
    pub control: f64,
    pub branch: String,
    pub piece: String,
    pub energy: f64,
    pub residual: f64,
    pub quadrature_error: f64,
    /// Whether the command calls it converged, at the default tolerance.
    pub converged: bool,
    pub curvature: Option<f64>,
    pub rung: usize,
    pub values: BTreeMap<String, f64>,
}

impl Row {
    pub fn get(&self, column: &str) -> f64 {
        *self.values.get(column).unwrap_or_else(|| panic!("no column {column} in {:?}", self.values.keys()))
    }
}

pub fn theory(name: &str) -> Theory {
    Theory::load(name).unwrap_or_else(|e| panic!("{e}"))
}

/// A job whose values are right, so that solving it is no matter of `?`. A word stands in it as its place among the words of its
/// parameter.
pub struct RightJob(pub Job);

impl RightJob {
    pub fn solve<'t>(&self, theory: &'t Theory, settings: Settings) -> Vec<PieceCurve<'t>> {
        let word = |(name, value): &(String, Value)| {
            let words = words_of(name, theory.known());
            let place = value.number().unwrap_or_default() as usize;
            (name.clone(), words.get(place).map_or(value.clone(), |word| Value::from(word.as_str())))
        };
        let parameters = self.0.parameters.iter().map(word).collect();
        let job = Job { parameters, controls: self.0.controls.clone() };
        job.solve(theory, settings).unwrap_or_else(|e| panic!("{e}"))
    }
}

pub fn job(given: &[(&str, f64)], controls: &[f64]) -> RightJob {
    let parameters = given.iter().map(|(n, v)| (n.to_string(), Value::Number(*v))).collect();
    RightJob(Job { parameters, controls: if controls.is_empty() { None } else { Some(controls.to_vec()) } })
}

/// The global solution at each control value.
pub fn solve(theory: &Theory, given: &[(&str, f64)], controls: &[f64]) -> Vec<Row> {
    let curves = job(given, controls).solve(theory, Settings::default());
    curves.iter().flat_map(global_rows).collect()
}

pub fn global_rows(piece: &PieceCurve) -> Vec<Row> {
    (0..piece.curve.controls.len())
        .filter_map(|i| piece.curve.solution(i).map(|(_, s)| row(piece, &s.branch, s)))
        .collect()
}

pub fn row(piece: &PieceCurve, branch: &str, s: &Solution) -> Row {
    let system = &piece.piece.system;
    let values =
        system.outputs.iter().zip(&s.certified.outputs).map(|(o, v)| (o.column.clone(), *v)).collect();
    Row {
        control: s.control,
        branch: branch.to_string(),
        piece: system.name().to_string(),
        energy: s.certified.energy,
        residual: s.certified.residual,
        quadrature_error: s.certified.quadrature_error,
        converged: s.certified.within(Settings::default().tolerance),
        curvature: s.curvature,
        rung: s.certified.rung,
        values,
    }
}

/// The only row of a solve at one control value.
pub fn one(name: &str, given: &[(&str, f64)], control: f64) -> Row {
    let rows = solve(&theory(name), given, &[control]);
    rows.into_iter().next().unwrap_or_else(|| panic!("{name} has no solution at {control}"))
}

/// What the second evaluator says of a solution with these outputs, whose averages may be off by what is granted, without a search for
/// others.
pub fn second_look(verifier: &Verifier, solution: &Solution, outputs: &[f64], granted: f64) -> Report {
    let claim = Claim {
        control: solution.control,
        x: solution.x.as_slice(),
        outputs,
        energy: f64::NAN,
        quadrature_error: granted,
        boundary: false,
        branch: None,
        reported: false,
        known: Vec::new(),
    };
    verifier.verify(&claim, 1e-12)
}

/// Of how many rows the second evaluator is asked, which may take half a minute for one.
#[derive(Debug, Clone, Copy)]
pub enum SecondLook {
    /// The first so many.
    Rows(usize),
    /// All, if it knows what stands in the file.
    IfKnown,
    /// None: it says that it does not.
    Unknown,
}

/// A file of outputs y0, y1, … over some sections; its control is a.
pub fn file_of(sections: &str, expressions: &[&str]) -> String {
    let outputs: String = expressions
        .iter()
        .enumerate()
        .map(|(i, e)| format!("y{i} = {{ value = \"{e}\", meaning = \"\" }}\n"))
        .collect();
    format!(
        "title = \"x\"\ncontrol = {{ name = \"a\", from = 0.1, to = 9, points = 3 }}\n{sections}\n[outputs]\n{outputs}"
    )
}

/// Sections for `file_of`: implicit definitions over two normal variables z and w, and a parameter b.
pub fn over_normals(implicit: &str) -> String {
    format!(
        "[parameters]\nb = {{ default = 0.5, meaning = \"\" }}\n[variables]\nz = \"normal\"\nw = \"normal\"\n[implicit]\n{implicit}\n"
    )
}

/// Every second of these expressions is the closed form of the one before it, in the engine and in the second evaluator; a is the
/// control.
pub fn agree(sections: &str, expressions: &[&str]) {
    agree_at(&[0.3, 1.0, 2.5], sections, expressions, 1e-11, SecondLook::Rows(3));
}

pub fn agree_at(controls: &[f64], sections: &str, expressions: &[&str], tolerance: f64, second: SecondLook) {
    let theory =
        Theory::parse("x", &file_of(sections, expressions)).unwrap_or_else(|e| panic!("{sections}: {e}"));
    let pieces = job(&[], controls).solve(&theory, Settings::default());
    for row in 0..controls.len() {
        let (_, solution) = pieces[0].curve.solution(row).unwrap_or_else(|| panic!("{sections}"));
        let found = &solution.certified.outputs;
        assert!(solution.certified.within(1e-12), "{sections}: {found:?} {:?}", solution.certified);
        for (i, pair) in found.chunks(2).enumerate() {
            let what = format!("{sections}: {} at {}", expressions[2 * i], solution.control);
            close(&what, pair[0], pair[1], tolerance);
        }
        let verifier = match (Verifier::new(&theory.pieces[0].system, &pieces[0].parameters), second) {
            (Ok(verifier), SecondLook::Rows(rows)) if row < rows => verifier,
            (Ok(verifier), SecondLook::IfKnown) => verifier,
            (Ok(_), SecondLook::Rows(_)) | (Err(_), SecondLook::IfKnown | SecondLook::Unknown) => continue,
            (Ok(_), SecondLook::Unknown) => panic!("{sections}: known to the second evaluator"),
            (Err(e), SecondLook::Rows(_)) => panic!("{sections}: {e}"),
        };
        let report = second_look(&verifier, solution, found, solution.certified.quadrature_error);
        assert!(report.disagreements.is_empty(), "{sections}: {:?}", report.disagreements);
        assert!(report.unverified.is_none(), "{sections}: {:?}", report.unverified);
    }
}

pub fn close(what: &str, a: f64, b: f64, relative: f64) {
    let near = a == b || (a - b).abs() <= relative * b.abs().max(1e-3);
    assert!(near, "{what}: {a:e} is not {b:e} (relative difference {:e})", (a - b).abs() / b.abs());
}

/// A reference table: rows of column → text.
pub fn reference(file: &str) -> Vec<BTreeMap<String, String>> {
    let path = root().join("tests/reference").join(file);
    let mut reader = csv::Reader::from_path(&path).unwrap_or_else(|e| panic!("{file}: {e}"));
    reader.deserialize().map(|r| r.unwrap_or_else(|e| panic!("{file}: {e}"))).collect()
}

/// The top of the project, from any of its packages.
pub fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().find(|folder| folder.join("equations").is_dir()).unwrap_or(package)
}
