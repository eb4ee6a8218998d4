//! The table about arXiv:2405.17580: what it says of lazy, mixed and active training, measured on networks of finite width.

use nalgebra::DMatrix;

use super::training::{Flow, Network};
use super::{LINEAR_NETWORK, LinearNetwork, Task};
use crate::paper::verdicts::{decide, entries, markdown};
use crate::paper::{Made, Show, Tried, all_cells};
use overlaps::chart::{Curve, Figure, LineStyle, Panel, Points};
use overlaps::compare::statistics::Sample;
use overlaps::compare::{Estimate, PowerLaw};
use overlaps::experiment::Failure;
use overlaps::model::{Model, Point, Running};
use overlaps::numeric::significant;
use overlaps::output::{Cell, Column, Role, Table};
use overlaps::paper::Paper;
use overlaps::system::Theory;
use overlaps::value::Value;

/// The name of the table.
const NAME: &str = "linear-networks";
/// Data sets at most: the numbers scatter little.
const MOST_SEEDS: u64 = 8;
/// T over the first singular value, dimension and widths at which networks are held against the equation.
const UNIFIED: (f64, f64, [f64; 4]) = (0.3, 50.0, [800.0, 3200.0, 12_800.0, 51_200.0]);
/// The same where the start is as large as what is learnt: T over the first singular value, and the width.
const LAZY_AND_NARROW: (f64, f64) = (10.0, 200.0);
/// What is measured of a network beside the equation, in the order of [`distances`].
const DISTANCES: [&str; 3] =
    ["distance", "distance of the first singular value", "distance of the closed form"];
/// Singular values over the threshold T at which their speed is measured, and the setting.
const ALONG: [f64; 7] = [0.1, 0.3, 1.0, 3.0, 10.0, 20.0, 30.0];
const SPEED: (f64, f64, f64) = (0.03, 50.0, 51_200.0);
/// T over the first singular value with missing entries; d, and the width over it.
const MISSING: [f64; 4] = [1.0, 0.1, 0.01, 0.001];
const MISSING_AT: (f64, f64) = (30.0, 200.0);
/// Exponents of variance and width, and the dimensions.
const PHASES: [(&str, f64, f64); 3] = [("active", -1.85, 2.25), ("mixed", -1.5, 2.2), ("lazy", -1.35, 2.6)];
const DIMENSIONS: [f64; 3] = [25.0, 50.0, 100.0];

const HEAD: &str = "\
# Lazy, mixed and active training of linear networks

Made by `overlaps paper 2405.17580`; every number behind it is in the CSV beside this file.

![Singular values in time](linear-networks.svg)

Networks A = W₂W₁ of width w with entries N(0, σ²) are trained by gradient flow; T = σ²w, b is the first singular value of the data B = A* + E.
Their scalar products are simulated in law, at a cost that does not depend on w.

";

const NOTE: &str = "
Sharper than in the paper: the equation is exact for *any* loss where the scalar products of the layers start as T times the unit matrix, so that its
whole error is that of a Wishart matrix, of order √(d/w): what is needed is w ≫ d, not w ≥ d. A singular value s moves at the rate
√(s² + T²): lazy below T, active above, and within 6 % of the one or the other at a third and at three times T. The smallest test error over time also needs
σ⁴w ≪ 1, the line 2γ_σ² + γ_w = 0, since the start adds |A(0)|²/d² = σ⁴w to it.
";

/// What was measured at one place.
struct Number {
    what: &'static str,
    /// T over the first singular value, d, w, and what runs besides.
    place: [f64; 4],
    measured: Estimate,
    predicted: f64,
}

fn mean(values: Vec<f64>) -> Tried<Estimate> {
    let estimate = Sample { d: 1.0, values }.estimate();
    Ok(estimate.ok_or("a number from one data set has no error; use --seeds 2 or more")?)
}

fn at(numbers: &[(&str, f64)], words: &[(&str, &str)]) -> Result<Point, Failure> {
    let numbers = numbers.iter().map(|(name, x)| (*name, Value::from(*x)));
    let words = words.iter().map(|(name, word)| (*name, Value::from(*word)));
    Ok(LINEAR_NETWORK.known().at(numbers.chain(words))?)
}

/// Where eq. 1 starts that has the same A(0): C₁² = AᵀA + T², C₂² = AAᵀ + T².
fn balanced(a: DMatrix<f64>, t_0: f64) -> Result<Network, Failure> {
    let svd = a.clone().svd(true, true);
    let (Some(u), Some(v_t)) = (svd.u, svd.v_t) else {
        return Err("a matrix without singular vectors".into());
    };
    let root = DMatrix::from_diagonal(&svd.singular_values.map(|s| s.hypot(t_0)));
    Ok(Network::Products(a, v_t.transpose() * &root * &v_t, &u * &root * u.transpose()))
}

/// The largest distances in time of a network, over b: from eq. 1 that starts from the same A(0), in operator norm and along the first singular
/// vectors of the data, and from the closed form, which starts from 0.
fn distances(t_0: f64, w: f64, seed: u64, running: &Running) -> Result<Option<[f64; 3]>, Failure> {
    let (t_unified, d, _) = UNIFIED;
    let task = Task::new(&at(&[("d", d), ("r", 1.0), ("T", t_0), ("w", w)], &[])?, seed);
    let network = task.start(false)?;
    let (equation, closed) =
        (balanced(network.a(), t_0)?, balanced(DMatrix::zeros(d as usize, d as usize), t_0)?);
    let gradient = |network: &Network| task.gradient(network);
    let mut flows = [network, equation, closed].map(|start| Flow::new(start, &gradient));
    let mut largest = [0.0_f64; 3];
    // As long as convergence takes; the closed form is furthest off at the start.
    let step = 0.1 * (t_unified.hypot(1.0) / t_0.hypot(1.0));
    for place in 0..=50 {
        if (running.interrupted)() {
            return Ok(None);
        }
        flows.iter_mut().for_each(|flow| {
            flow.go(step * f64::from(place), None);
        });
        let [network, equation, closed] = flows.each_ref().map(|flow| flow.network.a());
        let (off, from_zero) = (&network - equation, network - closed);
        let norm = |x: DMatrix<f64>| x.singular_values().max();
        let along = task.a_1(&off).abs();
        let now = [norm(off), along, norm(from_zero)];
        largest.iter_mut().zip(now).for_each(|(most, x)| *most = most.max(x / task.first.2));
    }
    (running.progress)();
    Ok(Some(largest))
}

/// The rate at which a_1 approaches b, over 2, at the values of [`ALONG`]: lazy it is T, active a_1.
fn speeds(seed: u64, running: &Running) -> Result<Option<Vec<f64>>, Failure> {
    let (t_0, d, w) = SPEED;
    let task = Task::new(&at(&[("d", d), ("r", 1.0), ("T", t_0), ("w", w)], &[])?, seed);
    let gradient = |network: &Network| task.gradient(network);
    let (mut network, mut rates) = (task.start(false)?, Vec::new());
    for over in ALONG {
        if (running.interrupted)() {
            return Ok(None);
        }
        let past = |network: &Network| task.a_1(&network.a()) - over * t_0;
        let reached = Flow::new(network, &gradient).go(100.0, Some(&past));
        let Some((_, there)) = reached else { return Err(format!("a_1 does not reach {over} T").into()) };
        network = there;
        let speed = task.a_1(&network.velocity(&gradient).a());
        rates.push(speed / (2.0 * (task.first.2 - task.a_1(&network.a()))));
    }
    (running.progress)();
    Ok(Some(rates))
}

/// The time to a train error of 10⁻⁴, and the error on entries that are not observed then.
fn missing(t_0: f64, w: f64, seed: u64, running: &Running) -> Result<Option<[f64; 2]>, Failure> {
    let numbers = [("d", MISSING_AT.0), ("s_r", 0.7), ("T", t_0), ("w", w), ("observed", 0.4)];
    let run = LinearNetwork.run(&at(&numbers, &[("loss", "completion")])?, seed, &[0.0], running)?;
    let place = |name| LINEAR_NETWORK.quantities.iter().position(|q| q.name == name).unwrap_or(0);
    Ok(run.map(|rows| ["t_fit", "unseen"].map(|name| rows[0].quantities[place(name)])))
}

/// When the theory's test error is smallest, and its value there.
fn best(exponents: (f64, f64), d: f64) -> Tried<(f64, f64)> {
    let theory = Theory::load("linear-network")?;
    let theory = theory.set("gamma_sigma2", exponents.0)?.set("gamma_w", exponents.1)?.set("d", d)?;
    let times: Vec<f64> = (0..=200).map(|k| libm::exp10(-2.5 + 0.019 * f64::from(k))).collect();
    let solved = theory.along(times.clone())?.solve();
    let mut best = (f64::NAN, f64::INFINITY);
    for (row, t) in times.into_iter().enumerate() {
        // While the bulk is in its linear stage the width is in the noise.
        let (early, late) = (solved.number("test_early", row)?, solved.number("test", row)?);
        let t_0 = d.powf(exponents.0 + exponents.1 - 1.0);
        let test = if 2.0 * t_0 * t < 0.3 { early } else { late };
        best = if test < best.1 { (t, test) } else { best };
    }
    Ok(best)
}

fn numbers(seeds: u64, show: Show) -> Tried<Vec<Number>> {
    let count = seeds as usize;
    let seed = |cell: usize| (cell % count) as u64;
    let mut all = Vec::new();
    let (t_0, d, widths) = UNIFIED;
    let places: Vec<(f64, f64)> = widths.map(|w| (t_0, w)).into_iter().chain([LAZY_AND_NARROW]).collect();
    let found = all_cells(places.len() * count, 1, show, |cell, running| {
        let (t_0, w) = places[cell / count];
        distances(t_0, w, seed(cell), running)
    })?;
    let of = |which: usize| {
        let values = move |of: &[[f64; 3]]| of.iter().map(|found| found[which]).collect();
        places.iter().copied().zip(found.chunks(count).map(values)).collect::<Vec<((f64, f64), Vec<f64>)>>()
    };
    for (which, what) in DISTANCES.into_iter().enumerate() {
        for ((t_0, w), values) in of(which) {
            let place = [t_0, d, w, f64::NAN];
            all.push(Number { what, place, measured: mean(values)?, predicted: 0.0 });
        }
    }
    let samples: Vec<Sample> =
        of(0).into_iter().take(widths.len()).map(|((_, w), values)| Sample { d: w, values }).collect();
    let law = PowerLaw::fit(&samples).ok_or("distances have no exponent")?;
    let exponent = Estimate { error: law.error(), ..law.exponent };
    all.push(Number {
        what: "exponent of the distance",
        place: [t_0, d, f64::INFINITY, f64::NAN],
        measured: exponent,
        predicted: -0.5,
    });

    let (t_0, d, w) = SPEED;
    let found = all_cells(count, 1, show, |cell, running| speeds(cell as u64, running))?;
    for (place, over) in ALONG.into_iter().enumerate() {
        let largest = over.max(1.0) * t_0;
        let values = found.iter().map(|rates| rates[place] / largest).collect();
        let what = if over < 1.0 {
            "speed below T"
        } else if over > 1.0 {
            "speed above T"
        } else {
            "speed at T"
        };
        all.push(Number {
            what,
            place: [t_0, d, w, over],
            measured: mean(values)?,
            predicted: over.hypot(1.0) / over.max(1.0),
        });
    }

    let (d, over) = MISSING_AT;
    let widths = [f64::INFINITY, over * d];
    let found = all_cells(MISSING.len() * 2 * count, 1, show, |cell, running| {
        let (t_0, w) = (MISSING[cell / count / 2], widths[cell / count % 2]);
        let found = missing(t_0, w, seed(cell), running);
        (running.progress)();
        found
    })?;
    for (t_0, of) in MISSING.into_iter().zip(found.chunks(2 * count)) {
        let (equation, network) = of.split_at(count);
        let predicted = equation.iter().map(|[_, unseen]| unseen).sum::<f64>() / count as f64;
        let place = [t_0, d, widths[1], f64::NAN];
        let unseen = network.iter().map(|[_, unseen]| *unseen).collect();
        all.push(Number { what: "unseen", place, measured: mean(unseen)?, predicted });
        let fitted = network.iter().map(|[t, _]| f64::from(t.is_finite())).collect();
        all.push(Number { what: "fitted", place, measured: mean(fitted)?, predicted: 1.0 });
    }
    phases(count, show, &mut all)?;
    Ok(all)
}

/// The smallest test error over time in the regions of the phase diagram, at several dimensions.
fn phases(count: usize, show: Show, all: &mut Vec<Number>) -> Tried<()> {
    let places: Vec<(usize, f64)> =
        (0..PHASES.len()).flat_map(|phase| DIMENSIONS.map(|d| (phase, d))).collect();
    let best: Vec<(f64, f64)> = places
        .iter()
        .map(|(phase, d)| best((PHASES[*phase].1, PHASES[*phase].2), *d))
        .collect::<Tried<_>>()?;
    let found = all_cells(places.len() * count, 1, show, |cell, running| {
        let ((phase, d), seed) = (places[cell / count], (cell % count) as u64);
        let (_, gamma_sigma2, gamma_w) = PHASES[phase];
        let point = at(&[("d", d), ("gamma_sigma2", gamma_sigma2), ("gamma_w", gamma_w)], &[])?;
        let run = LinearNetwork.run(&point, seed, &[best[cell / count].0], running)?;
        Ok::<_, Failure>(run.map(|rows| rows[0].quantities[0]))
    })?;
    for (place, values) in found.chunks(count).enumerate() {
        let ((phase, d), (t, predicted)) = (places[place], best[place]);
        let (what, gamma_sigma2, gamma_w) = PHASES[phase];
        let t_0 = d.powf(gamma_sigma2 + gamma_w - 1.0);
        all.push(Number {
            what,
            place: [t_0, d, d.powf(gamma_w).round(), t],
            measured: mean(values.to_vec())?,
            predicted,
        });
    }
    for (phase, (name, ..)) in PHASES.iter().enumerate() {
        let of = |d: usize| &found[(phase * DIMENSIONS.len() + d) * count..][..count];
        let predicted = best[phase * DIMENSIONS.len() + 2].1 / best[phase * DIMENSIONS.len()].1;
        let what = match *name {
            "active" => "active, d fourfold",
            "mixed" => "mixed, d fourfold",
            _ => "lazy, d fourfold",
        };
        let values = of(2).iter().zip(of(0)).map(|(large, small)| large / small).collect();
        all.push(Number {
            what,
            place: [f64::NAN, DIMENSIONS[2], f64::NAN, f64::NAN],
            measured: mean(values)?,
            predicted,
        });
    }
    Ok(())
}

fn table(numbers: &[Number]) -> Tried<Table> {
    let mut table = Table::new(vec![
        Column::new("what", "what was measured", Role::Label),
        Column::new("T", "σ²w over the first singular value", Role::Parameter),
        Column::new("d", "dimension", Role::Parameter),
        Column::new("w", "width", Role::Parameter),
        Column::new("x", "singular value over T, or the time", Role::Parameter),
        Column::new("value", "mean over data sets", Role::Output),
        Column::new("error", "its standard error", Role::Output),
        Column::new("freedom", "degrees of freedom of the error", Role::Output),
        Column::new("predicted", "what theory gives", Role::Output),
    ]);
    for Number { what, place, measured, predicted } in numbers {
        let known = |x: f64| if x.is_nan() { Cell::Missing } else { Cell::Number(x) };
        let rest = [measured.value, measured.error, measured.freedom, *predicted];
        let cells = place.iter().chain(&rest).map(|x| known(*x));
        table.push([Cell::from(*what)].into_iter().chain(cells).collect())?;
    }
    Ok(table)
}

/// The three regimes side by side: singular values in time from the theory, and those of networks.
fn figure(seeds: u64, show: Show) -> Tried<Figure> {
    let regimes = [("lazy", 10.0), ("mixed", 0.3), ("active", 1e-4)];
    let count = seeds as usize;
    let part = |places: u32| (0..=places).map(move |k| f64::from(k) / f64::from(places));
    let runs = all_cells(regimes.len() * count, 1, show, |cell, running| {
        let t_0 = regimes[cell / count].1;
        let times: Vec<f64> = part(20).map(|x| x * last(t_0)).collect();
        let point = at(&[("d", 60.0), ("T", t_0), ("w", 60_000.0)], &[])?;
        let run = LinearNetwork.run(&point, (cell % count) as u64, &times, running)?;
        Ok::<_, Failure>(run.map(|rows| rows.iter().map(|row| row.quantities[2]).collect::<Vec<_>>()))
    })?;
    let mut panels = Vec::new();
    for ((name, t_0), runs) in regimes.into_iter().zip(runs.chunks(count)) {
        let times: Vec<f64> = part(200).map(|x| x * last(t_0)).collect();
        let solved = Theory::load("linear-network")?.set("d", 60.0)?.set("T", t_0)?.set("w", 60_000.0)?;
        let solved = solved.along(times)?.solve();
        let caption = format!("{name}: T = {t_0}, t₁ = {}", significant(last(t_0), 3));
        let mut panel = Panel { x_label: "t/t₁".into(), caption, ..Panel::new("a") };
        let columns = ["a_1", "a_2", "a_edge"].into_iter().enumerate();
        for ((colour, column), label) in
            columns.zip(["first singular value", "second one", "edge of the noise"])
        {
            let along = part(200).enumerate().map(|(row, x)| Ok((x, solved.number(column, row)?)));
            let along = along.collect::<Result<Vec<_>, Failure>>()?;
            panel.curves.push(Curve::new(label, LineStyle::Solid, colour, along));
        }
        let data = part(20).enumerate().map(|(k, x)| {
            let estimate = mean(runs.iter().map(|run| run[k]).collect())?;
            Ok((x, estimate.value, estimate.error))
        });
        let data = data.collect::<Tried<Vec<_>>>()?;
        panel.points.push(Points::new("networks, along the first", 0, data));
        panels.push(panel);
    }
    Ok(Figure {
        title: "Linear networks: lazy, mixed and active".into(),
        subtitle: "singular values in time; theory, and networks with d = 60, w = 60 000; T = σ²w, all in units of d".into(),
        panels,
        ..Figure::default()
    })
}

/// How long a regime is shown.
fn last(t_0: f64) -> f64 {
    if t_0 > 1.0 { 2.5 / t_0 } else { 3.0 + libm::log(2.0 / t_0) }
}

/// Simulates, decides, writes.
///
/// # Errors
/// An interruption, a statement that does not compile.
pub fn linear_networks(paper: &Paper, seeds: u64, show: Show) -> Tried<Made> {
    let seeds = seeds.min(MOST_SEEDS);
    let numbers = table(&numbers(seeds, show)?)?;
    let claims = decide(paper, NAME, &[(NAME, &numbers)])?;
    let text = HEAD.to_string() + &markdown(&claims) + NOTE;
    Ok(Made { text, numbers, claims: entries(&claims), figure: Some(figure(seeds, show)?) })
}

#[cfg(test)]
mod tests {
    use std::fs::{File, read_to_string};
    use std::path::PathBuf;

    use super::*;
    use overlaps::output::csv::read_table;

    fn result(ending: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../results").join(format!("{NAME}.{ending}"))
    }

    #[test]
    fn the_verdicts_follow_from_the_committed_numbers() {
        let paper = Paper::load("2405.17580").unwrap();
        let numbers = read_table(File::open(result("csv")).unwrap()).unwrap();
        let decided = decide(&paper, NAME, &[(NAME, &numbers)]).unwrap();
        assert_eq!(decided.len(), paper.statements(NAME).count());
        assert!(read_to_string(result("md")).unwrap().contains(&markdown(&decided)));
        let side: serde_json::Value = serde_json::from_str(&read_to_string(result("json")).unwrap()).unwrap();
        assert_eq!(side["claims"], serde_json::Value::Array(entries(&decided)));
    }

    #[test]
    fn a_balanced_start_obeys_the_equation_from_the_first() {
        // dA/dt = −√(AAᵀ + T²) g − g √(AᵀA + T²), with roots by Newton's iteration.
        let task = Task::new(&at(&[("d", 6.0), ("T", 0.4), ("w", 9.0)], &[]).unwrap(), 3);
        let a = task.start(false).unwrap().a();
        let root = |square: DMatrix<f64>| {
            (0..60).fold(square.clone(), |x, _| {
                let inverse = x.clone().try_inverse().unwrap();
                (x + inverse * &square) * 0.5
            })
        };
        let unit = DMatrix::identity(6, 6) * 0.16;
        let g = &a - &task.data;
        let left = root(&a * a.transpose() + &unit);
        let right = root(a.transpose() * &a + &unit);
        let network = balanced(a, 0.4).unwrap();
        let velocity = network.velocity(&|network| task.gradient(network)).a();
        assert!((velocity + left * &g + &g * right).amax() < 1e-12);
    }
}
