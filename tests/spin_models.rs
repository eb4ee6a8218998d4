//! The engine is general: Curie–Weiss and Hopfield models against published facts and 34-digit numbers.

mod support;

use overlaps::solve::{ChangeKind, EndKind, Settings};
use support::{close, job, one, row, theory};

#[test]
fn curie_weiss_has_three_roots_below_the_critical_temperature_and_one_above() {
    // T, h → (m, free energy) of every root.
    // (magnetisation, free energy) of every root
    type Roots<'a> = &'a [(f64, f64)];
    let cases: [(f64, f64, Roots); 3] = [
        (
            0.5,
            0.0,
            &[
                (0.957_504_024_077_269, -0.509_835_533_993_435),
                (-0.957_504_024_077_269, -0.509_835_533_993_435),
                (0.0, -0.346_573_590_279_973),
            ],
        ),
        (
            0.9,
            0.0,
            &[
                (0.525_429_512_658_009, -0.631_175_472_532_096),
                (-0.525_429_512_658_009, -0.631_175_472_532_096),
                (0.0, -0.623_832_462_503_951),
            ],
        ),
        (
            0.5,
            0.05,
            &[
                (0.966_253_709_393_270, -0.557_939_153_254_900),
                (-0.945_963_582_424_508, -0.462_234_988_307_210),
                (-0.100_338_781_490_417, -0.344_069_378_454_724),
            ],
        ),
    ];
    let system = theory("curie-weiss");
    for (t, h, roots) in cases {
        let curves = job(&[("h", h)], &[t]).solve(&system, Settings::default());
        let found = curves[0].curve.solutions(0);
        assert_eq!(found.len(), 3, "T = {t}, h = {h}");
        for ((_, s), (m, f)) in found.iter().zip(roots) {
            close("m", s.x[0], *m, 1e-13);
            close("f", s.certified.energy, *f, 1e-13);
        }
        assert_eq!(found[0].0.name, "up");
    }
    let above = job(&[], &[1.2]).solve(&system, Settings::default());
    let found = above[0].curve.solutions(0);
    assert_eq!((found.len(), found[0].0.name.as_str(), found[0].1.x[0]), (1, "paramagnet", 0.0));
}

#[test]
fn the_critical_temperature_of_the_curie_weiss_magnet_is_the_coupling() {
    for (coupling, controls) in [(1.0, vec![]), (0.83, vec![]), (1.0, vec![0.97, 0.985, 1.013])] {
        let system = theory("curie-weiss");
        let curves = job(&[("J", coupling)], &controls).solve(&system, Settings::default());
        let change = &curves[0].curve.changes[0];
        assert!((change.control - coupling).abs() < 1e-10, "{}", change.control);
        assert_eq!(change.kind, ChangeKind::Pitchfork);
    }
}

#[test]
fn the_spinodal_of_the_magnet_is_where_the_metastable_root_folds() {
    // T = 1/2: m = ∓1/√2 at |h| = 0.266419987676776; along T at that field the fold is at T = 1/2.
    let given = [("h", 0.266_419_987_676_776)];
    let system = theory("curie-weiss");
    let curves = job(&given, &[]).solve(&system, Settings::default());
    let folds: Vec<f64> = curves[0]
        .curve
        .tracks
        .iter()
        .flat_map(|t| &t.ends)
        .filter(|e| e.kind == EndKind::Fold)
        .map(|e| e.control)
        .collect();
    assert!(folds.iter().any(|t| (t - 0.5).abs() < 1e-12), "{folds:?}");
}

#[test]
fn retrieval_is_lost_where_it_is_published() {
    // α_c(T) of the replica-symmetric equations; T → 0: 0.137905566 (Amit, Gutfreund, Sompolinsky: 0.138).
    let system = theory("hopfield");
    for (t, alpha_c, m) in [
        (0.01, 0.138_098_990_980_171, 0.967_165_608_907_818),
        (0.05, 0.137_793_957_943_860, 0.965_667_410_369_633),
        (0.2, 0.122_558_860_622_620, 0.950_860_649_165_738),
        (0.5, 0.058_815_520_547_541, 0.845_939_628_475_729),
    ] {
        let controls: Vec<f64> = (1..=40).map(|i| 0.005 * f64::from(i)).collect();
        let curves = job(&[("T", t)], &controls).solve(&system, Settings::default());
        let retrieval = curves[0].curve.tracks.iter().find(|t| t.name == "retrieval").unwrap();
        let fold = retrieval.ends.iter().find(|e| e.kind == EndKind::Fold).unwrap();
        assert!((fold.control - alpha_c).abs() < 1e-10, "T = {t}: {}", fold.control);
        assert!((fold.x[0] - m).abs() < 1e-5, "T = {t}: {}", fold.x[0]);
    }
}

#[test]
fn the_thermodynamic_transition_of_the_hopfield_model_is_where_it_is_published() {
    // α_M(T); T → 0: 0.0519.
    for (t, alpha) in [(0.05, 0.052_911_409_580_101_5), (0.2, 0.050_724_876_553_658_5)] {
        let controls = [0.03, 0.045, 0.06, 0.08];
        let system = theory("hopfield");
        let curves = job(&[("T", t)], &controls).solve(&system, Settings::default());
        let change = &curves[0].curve.changes[0];
        assert_eq!((change.from.as_str(), change.to.as_str()), ("retrieval", "spin-glass"));
        assert!((change.control - alpha).abs() < 1e-11, "T = {t}: {}", change.control);
    }
}

#[test]
fn both_states_of_the_hopfield_model_have_the_known_order_parameters() {
    // T, α: (m, q, r, f) of retrieval and of the spin glass.
    for (t, alpha, retrieval, glass) in [
        (
            0.05,
            0.1,
            [0.997_742_117_615_856, 0.998_848_525_653_681, 1.046_493_947_340_32, -0.500_176_515_931_478],
            [0.0, 0.964_014_851_493_574, 12.270_061_314_976_2, -0.568_162_164_777_808],
        ),
        (
            0.2,
            0.05,
            [0.998_877_763_093_763, 0.997_830_410_963_160, 1.019_836_663_148_64, -0.500_111_164_982_434],
            [0.0, 0.841_434_762_443_768, 19.604_272_698_562_4, -0.498_895_745_892_464],
        ),
    ] {
        let system = theory("hopfield");
        let curves = job(&[("T", t)], &[alpha]).solve(&system, Settings::default());
        for (name, expected) in [("retrieval", retrieval), ("spin-glass", glass)] {
            let (_, solution) =
                curves[0].curve.solutions(0).into_iter().find(|(track, _)| track.name == name).unwrap();
            let found = row(&curves[0], name, solution);
            for (column, value) in ["m", "q", "r", "free_energy"].iter().zip(expected) {
                close(&format!("{column} of {name}"), found.get(column), value, 1e-11);
            }
        }
    }
    let lowest = one("hopfield", &[("T", 0.2)], 0.05);
    assert_eq!(lowest.branch, "retrieval");
}

#[test]
fn labels_do_not_depend_on_which_rows_are_solved() {
    // One named branch, m = 1: the magnet below T = 1. Above, its start leads to the paramagnet, which the file
    // does not name and which therefore keeps its own label.
    let text = "title = \"magnet\"\ncontrol = { name = \"T\", from = 0.3, to = 1.5, points = 13 }\n\
                [unknowns]\nm = { meaning = \"\", range = [-1, 1] }\n[fixed_point]\nm = \"tanh(m/T)\"\n\
                [selection]\nminimise = \"m^2/2 - T*log_cosh(m/T)\"\n\
                [gauge]\nkeep = \"m >= 0\"\nflip = [\"m\"]\n\
                [[branch]]\nname = \"magnet\"\nstart = [{ m = 1 }]\n\
                [outputs]\nx = { value = \"m\", meaning = \"\" }\n";
    let magnet = overlaps::system::Theory::parse("magnet", text).unwrap();
    for controls in [vec![], vec![0.5], vec![0.5, 1.2]] {
        let curves = job(&[], &controls).solve(&magnet, Settings::default());
        let (track, solution) = curves[0].curve.solution(0).unwrap();
        assert_eq!(track.name, "magnet", "{controls:?}");
        assert!(solution.x[0] > 0.9);
    }
    // The lowest state of the Hopfield model at T = 0.7 is the retrieval state.
    let found = one("hopfield", &[("T", 0.7)], 0.005);
    assert_eq!(found.branch, "retrieval");
    close("m", found.get("m"), 0.8167, 1e-3);
}
