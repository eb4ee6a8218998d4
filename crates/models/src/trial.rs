//! What the tests of models ask: means over data sets, and the verdict on a theory and on one that is wrong.

use std::ops::Range;
use std::sync::Arc;

use overlaps::compare::{Answers, Verdict};
use overlaps::experiment::{Check, Simulate};
use overlaps::model::{Description, Model};
use overlaps::output::Table;
use overlaps::study::Wanted;
use overlaps::system::{BUILT_IN, Theory};
use overlaps::value::Value;

/// A built-in theory with something in its text replaced: an error to be found.
pub fn planted(name: &str, right: &str, wrong: &str) -> Theory {
    let text = BUILT_IN.iter().find(|system| system.name == name).unwrap().text;
    assert!(text.contains(right), "{name} has no `{right}`");
    Theory::parse(name, &text.replace(right, wrong)).unwrap()
}

/// What is wanted of a model.
pub fn wanted(set: &[(&str, Value)], sweep: &[(&str, &[f64])]) -> Wanted {
    let mut wanted = Wanted::default();
    set.iter().for_each(|(name, value)| wanted.set(name, value.clone()));
    sweep.iter().for_each(|(name, values)| wanted.sweep(name, values.iter().copied()).unwrap());
    wanted
}

/// A table of simulations.
pub fn simulated(model: Arc<dyn Model>, wanted: &Wanted, seeds: Range<u64>) -> Table {
    Simulate::of(model, wanted.clone(), seeds).unwrap().table().unwrap()
}

/// The mean of a column with its standard error.
pub fn mean(table: &Table, name: &str) -> (f64, f64) {
    let values: Vec<f64> = table.numbers(name).unwrap().into_iter().flatten().collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count / (count - 1.0)).sqrt())
}

/// Two tables have the same means of everything that is measured, within four standard errors of each.
pub fn same_law(model: &Description, a: &Table, b: &Table) {
    for quantity in model.quantities {
        let ((a, error_a), (b, error_b)) = (mean(a, quantity.name), mean(b, quantity.name));
        let z = (a - b) / error_a.hypot(error_b).max(1e-9);
        assert!(z.abs() < 4.0, "{}: {} is {a} and {b}, z = {z}", model.name, quantity.name);
        assert!(error_a.hypot(error_b) < 0.1 * a.abs().max(0.1), "{}: {a} ± {error_a}", quantity.name);
    }
}

/// The verdicts of theories on the same simulations.
pub fn verdicts(
    model: Arc<dyn Model>,
    theories: Vec<Theory>,
    wanted: Wanted,
    seeds: Range<u64>,
) -> Vec<Verdict> {
    let mut table: Option<Table> = None;
    let mut verdict = |theory: Theory| {
        let check = Check::of(vec![theory]).unwrap();
        let (simulate, given) =
            check.simulate(model.clone(), Vec::new(), wanted.clone(), seeds.clone()).unwrap();
        let table = table.get_or_insert_with(|| simulate.table().unwrap());
        let measured = check.measurements(table, model.description(), "the simulation").unwrap();
        assert_eq!(measured.left_out, 0, "runs did not converge");
        let answers: Answers = check.answers(&measured, &given).unwrap();
        let judged = &answers.all[0].judged;
        eprintln!(
            "{}: {} {:?} {:?}",
            model.description().name,
            judged.verdict.name(),
            judged.worst(),
            judged.advice
        );
        judged.verdict
    };
    theories.into_iter().map(&mut verdict).collect()
}

/// The theory of a model agrees with it, and the planted ones do not.
pub fn agrees_and_planted_do_not(
    model: impl Model + 'static,
    theory: &str,
    wrong: &[(&str, &str)],
    wanted: Wanted,
    seeds: Range<u64>,
) {
    let mut theories = vec![Theory::load(theory).unwrap()];
    theories.extend(wrong.iter().map(|(right, wrong)| planted(theory, right, wrong)));
    let verdicts = verdicts(Arc::new(model), theories, wanted, seeds);
    assert_eq!(verdicts[0], Verdict::Agrees, "{theory}");
    for (verdict, (_, wrong)) in verdicts[1..].iter().zip(wrong) {
        assert_eq!(*verdict, Verdict::Disagrees, "{theory} with {wrong}");
    }
}
