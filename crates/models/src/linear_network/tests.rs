use super::*;

fn at(values: &[(&str, f64)], words: &[(&str, &str)]) -> Point {
    let numbers = values.iter().map(|(name, x)| (*name, overlaps::value::Value::from(*x)));
    let words = words.iter().map(|(name, word)| (*name, overlaps::value::Value::from(*word)));
    LINEAR_NETWORK.known().at(numbers.chain(words)).unwrap()
}

fn run(values: &[(&str, f64)], words: &[(&str, &str)], times: &[f64]) -> Vec<Vec<f64>> {
    let rows = LinearNetwork.run(&at(values, words), 1, times, &Running::ON).unwrap().unwrap();
    rows.into_iter().map(|row| row.quantities).collect()
}

#[test]
fn products_move_as_the_layers_do() {
    // W < 2d: both draw the same layers.
    for eta in [0.0, 0.1] {
        for loss in ["mse", "completion", "sensing"] {
            let of = |data| {
                run(
                    &[("d", 8.0), ("w", 12.0), ("T", 0.3), ("eta", eta)],
                    &[("loss", loss), ("data", data)],
                    &[1.0, 4.0],
                )
            };
            for (a, b) in of("reduced").iter().flatten().zip(of("explicit").iter().flatten()) {
                assert!(
                    (a.is_nan() && b.is_nan()) || (a - b).abs() < 1e-6 * (1.0 + a.abs()),
                    "{loss}, {eta}: {a} and {b}"
                );
            }
        }
    }
}

#[test]
fn of_infinite_width_the_data_are_filtered() {
    for t_0 in [0.01, 0.3, 10.0] {
        let (b, t) = (Task::new(&at(&[("d", 20.0), ("T", t_0)], &[]), 1).first.2, 1.3 / (1.0 + t_0));
        // Section: s(t; b) by quadrature of ds/dt = 2√(s² + T²)(b − s) with many small steps.
        let velocity = |s: f64| 2.0 * (s * s + t_0 * t_0).sqrt() * (b - s);
        let (mut s, h) = (0.0, t / 20000.0);
        for _ in 0..20000 {
            let middle = s + 0.5 * h * velocity(s);
            s += h * velocity(middle);
        }
        let found = run(&[("d", 20.0), ("T", t_0), ("w", f64::INFINITY)], &[], &[t])[0][2];
        assert!((found - s).abs() < 1e-6 * s, "T = {t_0}: {found} and {s}");
    }
}

#[test]
fn half_way_times_have_their_law() {
    let values = &[("d", 10.0), ("w", 5.0), ("T", 1e-6)];
    let point = at(values, &[]);
    let squares: Vec<f64> = (0..200)
        .map(|seed| LinearNetwork.run(&point, seed, &[0.0], &Running::ON).unwrap().unwrap()[0].quantities[5])
        .zip((0..200).map(|seed| Task::new(&point, seed).first.2))
        .map(|(square, b)| square * 4.0 * b * b)
        .collect();
    // ψ′(5/2) = 0.4903577561; the squares scatter by about 1.7 of it.
    let mean = squares.iter().sum::<f64>() / 200.0;
    assert!((mean / 0.490_357_756_1 - 1.0).abs() < 0.4, "{mean}");
}

#[test]
fn the_theory_agrees_and_a_wrong_one_does_not() {
    use overlaps::compare::Verdict;
    use overlaps::experiment::Check;
    use overlaps::study::Wanted;
    use overlaps::system::Theory;

    let text = include_str!("../../../../equations/linear-networks/linear-network.toml");
    let verdict = |text: &str| {
        let check = Check::of(vec![Theory::load(text).unwrap()]).unwrap();
        let given = [("d", 60.0), ("T", 0.1), ("w", 60_000.0)];
        let given = given.map(|(name, x)| (name.to_string(), overlaps::value::Value::from(x)));
        let model = std::sync::Arc::new(LinearNetwork);
        let (simulate, given) = check.simulate(model, given.to_vec(), Wanted::default(), 0..6).unwrap();
        let simulate = simulate.along([0.0, 1.0, 2.0]).unwrap();
        let table = simulate.table().unwrap();
        let measured = check.measurements(&table, &LINEAR_NETWORK, "the simulation").unwrap();
        check.answers(&measured, &given).unwrap().all[0].judged.verdict
    };
    assert_eq!(verdict(text), Verdict::Agrees);
    // A rate that is off by 3 %.
    let wrong =
        text.replace("\"R_i[i]\" = \"sqrt(b[i]^2 + T^2)\"", "\"R_i[i]\" = \"1.03*sqrt(b[i]^2 + T^2)\"");
    assert_eq!(verdict(&wrong), Verdict::Disagrees);
}
