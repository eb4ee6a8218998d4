//! Reduced data against explicit ones, and the verdicts.

use std::sync::Arc;

use super::*;
use crate::trial::{agrees_and_planted_do_not, same_law, simulated, wanted};
use overlaps::model::Model;

#[test]
fn products_in_law_give_what_the_matrix_gives() {
    let all = TEACHERS.map(|t| Arc::new(t) as Arc<dyn Model>).into_iter();
    for model in all.chain(CLUSTERS.map(|c| Arc::new(c) as Arc<dyn Model>)) {
        let control = model.description().control.name;
        let table = |data: &str, seeds| {
            let wanted = wanted(&[("data", data.into()), ("d", 30.into()), (control, 0.8.into())], &[]);
            simulated(model.clone(), &wanted, seeds)
        };
        same_law(model.description(), &table("reduced", 0..100), &table("explicit", 100..200));
    }
}

#[test]
fn the_theory_of_support_vectors_agrees_and_a_planted_error_is_found() {
    let planted = [("m_hat = \"2*alpha", "m_hat = \"2.2*alpha")];
    let wanted = wanted(&[], &[("alpha", &[0.8, 2.0]), ("d", &[50.0, 100.0, 200.0])]);
    agrees_and_planted_do_not(TEACHERS[1], "support-vector-machine", &planted, wanted, 0..24);
}
