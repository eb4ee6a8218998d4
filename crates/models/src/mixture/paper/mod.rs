//! The tables about arXiv:2412.07972: what is computed to decide its statements, which are in `papers/`.
//!
//! [`printed_formulas`], [`figure_1`] and [`result_3`] compute the numbers of a table each.

#[cfg(test)]
mod committed;
mod figure_1;
mod generated_formulas;
mod printed_formulas;
mod result_3;
mod simulated;

pub use figure_1::figure_1;
pub use printed_formulas::printed_formulas;
pub use result_3::result_3;

#[cfg(test)]
mod tests {
    use super::*;
    use overlaps::paper::Paper;

    #[test]
    fn every_statement_compiles_over_the_numbers_that_are_made_for_it() {
        let paper = Paper::load("2412.07972").unwrap();
        let rates = result_3::rates::table(&[]).unwrap();
        let kappas = result_3::kappa::table(&[]).unwrap();
        let fractions = figure_1::columns();
        let made = [("rates", &rates), ("kappa", &kappas), ("figure-1", &fractions)];
        let simulated = crate::mixture::DENOISER.columns();
        let names: Vec<&str> = simulated.iter().map(|column| column.name.as_str()).collect();
        let mut count = 0;
        for table in &paper.tables {
            for statement in paper.statements(&table.name) {
                if paper.simulation(statement.of()).is_some() {
                    statement.formulas(&names).unwrap_or_else(|e| panic!("{e}"));
                    let known =
                        statement.quantities().iter().all(|quantity| names.contains(&quantity.as_str()));
                    assert!(known, "{}", statement.says());
                } else {
                    let (_, made) = made.iter().find(|(name, _)| *name == statement.of()).unwrap();
                    assert_eq!(statement.decide(made).unwrap_or_else(|e| panic!("{e}")), []);
                }
                count += 1;
            }
        }
        assert_eq!(count, 39);
    }
}
