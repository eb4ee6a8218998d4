//! The chain against the vectors themselves, and the verdicts.

use std::sync::Arc;

use rand_distr::{Distribution, StandardNormal};

use super::*;
use crate::along::{add, dot};
use crate::trial::{agrees_and_planted_do_not, mean, simulated, wanted};
use crate::{Purpose, stream};

/// Weights that learn from examples of N components; what is measured of them.
fn explicit(online: Online, at: &Point, alpha: f64, seed: u64) -> Vec<f64> {
    let n = at.number("d") as usize;
    let (students, overlaps) = online.start(at);
    let size = overlaps.len().isqrt();
    // Teachers along axes, students with what they are to have of them and the rest along axes of their own.
    let mut vectors = vec![vec![0.0; n]; size];
    for (i, vector) in vectors.iter_mut().enumerate() {
        match i < students {
            true => {
                let of = |teacher: usize| overlaps[i * size + teacher];
                let rest: f64 = of(i) - (students..size).map(|t| of(t) * of(t)).sum::<f64>();
                (students..size).for_each(|t| vector[t] = of(t));
                vector[i] = rest.sqrt();
            }
            false => vector[i] = 1.0,
        }
        vector.iter_mut().for_each(|x| *x *= (n as f64).sqrt());
    }
    let root = (n as f64).sqrt();
    let rule = online.rule(at);
    let mut rng = stream(seed + 1_000_000, n as u64, Purpose::Step, 1);
    let products = |vectors: &[Vec<f64>]| -> Vec<f64> {
        vectors.iter().flat_map(|a| vectors.iter().map(|b| dot(a, b) / n as f64)).collect()
    };
    for _ in 0..(alpha * n as f64) as usize {
        let xi: Vec<f64> = (0..n).map(|_| StandardNormal.sample(&mut rng)).collect();
        let fields: Vec<f64> = vectors.iter().map(|vector| dot(vector, &xi) / root).collect();
        let example = chain::Example {
            fields,
            square: dot(&xi, &xi) / n as f64,
            noise: StandardNormal.sample(&mut rng),
        };
        let mut by = chain::Move { moves: vec![0.0; students], fields: vec![0.0; size], square: 0.0 };
        rule(&example, &products(&vectors), &mut by);
        // Clusters stand at ±v, and the example is v + σξ.
        let mut zeta = xi;
        if online.0 == Kind::Clusters {
            zeta.iter_mut().for_each(|z| *z *= at.number("sigma"));
            let centre = vectors[students].clone();
            add(&mut zeta, 1.0 / root, &centre);
        }
        for (vector, by) in vectors.iter_mut().zip(&by.moves) {
            add(vector, by / root, &zeta);
        }
    }
    let last = Chain::new(students, products(&vectors), n as u64, seed).unwrap();
    online.measured(at, &last).quantities
}

#[test]
fn the_chain_has_the_law_of_the_vectors() {
    for online in ONLINE {
        let description = online.description();
        let set = [("d", 40.into()), ("alpha", 3.0.into())];
        let table = simulated(Arc::new(online), &wanted(&set, &[]), 0..1000);
        let at = description.known().at([("d", 40.into())]).unwrap();
        let runs: Vec<Vec<f64>> = (0..1000).map(|seed| explicit(online, &at, 3.0, seed)).collect();
        for (i, quantity) in description.quantities.iter().enumerate() {
            let own = runs.iter().map(|run| run[i]).sum::<f64>() / runs.len() as f64;
            let (reduced, error) = mean(&table, quantity.name);
            let z = (own - reduced) / (2.0f64.sqrt() * error);
            assert!(z.abs() < 4.0, "{}: {} is {reduced} and {own}, z = {z}", description.name, quantity.name);
        }
    }
}

#[test]
fn the_flows_agree_and_planted_errors_are_found() {
    let planted: [&[(&str, &str)]; 4] = [
        &[("eta^2*dd[i,k]", "1.03*eta^2*dd[i,k]"), ("R[i,n]\" = \"eta*d", "R[i,n]\" = \"0.97*eta*d")],
        &[("eta^2*f_f", "1.03*eta^2*f_f"), ("R = \"eta*f_y\"", "R = \"1.03*eta*f_y\"")],
        &[
            ("error_0 + sigma^2)", "error_0 + 1.1*sigma^2)"),
            ("R = \"eta*(1 - R)\"", "R = \"1.03*eta*(1 - R)\""),
        ],
        &[
            ("eta^2*sigma^2*E[z](g^2)", "1.05*eta^2*sigma^2*E[z](g^2)"),
            ("E[z](g) + sigma^2", "E[z](g) + 1.05*sigma^2"),
        ],
    ];
    for (online, planted) in ONLINE.into_iter().zip(planted) {
        let long: &[f64] = if online.0 == Kind::Committee { &[10.0, 40.0] } else { &[2.0, 8.0] };
        let wanted = wanted(&[], &[("alpha", long)]);
        agrees_and_planted_do_not(online, online.description().name, planted, wanted, 0..16);
    }
}
