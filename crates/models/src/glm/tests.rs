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
fn the_theories_agree_and_planted_errors_are_found() {
    let planted: [&[(&str, &str)]; 7] = [
        &[("alpha*E[z](abs(z))/(1 + V)", "1.03*alpha*E[z](abs(z))/(1 + V)")],
        &[("m_hat = \"2*alpha", "m_hat = \"2.06*alpha")],
        &[("m_hat = \"2*alpha", "m_hat = \"2.06*alpha")],
        &[("alpha*E[o,z](f^2)", "1.1*alpha*E[o,z](f^2)")],
        &[("alpha*E[o,z](f^2)", "1.1*alpha*E[o,z](f^2)")],
        &[("(1 + V)^2\"\nh ", "(1.03 + V)^2\"\nh ")],
        &[("mse/delta", "1.1*mse/delta")],
    ];
    for (model, planted) in TEACHERS.into_iter().zip(planted) {
        let control = model.description().control.name;
        let at: &[f64] = if control == "delta" { &[0.4, 0.8] } else { &[0.8, 2.0] };
        let wanted = wanted(&[], &[(control, at), ("d", &[50.0, 100.0, 200.0])]);
        agrees_and_planted_do_not(model, model.description().name, planted, wanted, 0..24);
    }
    let planted: [&[(&str, &str)]; 4] = [
        &[("q_hat = \"alpha*", "q_hat = \"1.1*alpha*")],
        &[("q_hat = \"alpha*", "q_hat = \"1.1*alpha*")],
        &[("q_hat = \"alpha*", "q_hat = \"1.1*alpha*")],
        &[("q_hat = \"alpha*", "q_hat = \"1.1*alpha*")],
    ];
    for (model, planted) in CLUSTERS.into_iter().zip(planted) {
        let wanted = wanted(&[], &[("alpha", &[0.8, 2.0]), ("d", &[50.0, 100.0, 200.0])]);
        agrees_and_planted_do_not(model, model.description().name, planted, wanted, 0..24);
    }
}
