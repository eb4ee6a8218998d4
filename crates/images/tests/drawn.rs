//! The whole way on drawn digits: U-turn, schedule, training, images, classes; and what an interruption leaves.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use overlaps::model::Running;
use overlaps::study::Part;
use overlaps_images::classify::{Classifier, Learning, likeliest};
use overlaps_images::compare::{Comparison, Condition};
use overlaps_images::exact::{Denoiser, Posterior};
use overlaps_images::model::{Model, Training};
use overlaps_images::path::Path;
use overlaps_images::sample::{Sampler, generate};
use overlaps_images::times::Times;
use overlaps_images::turns::UTurns;
use overlaps_images::{Images, drawn};
use overlaps_models::mixture::schedule::Levels;
use tempfile::TempDir;

fn training() -> Training {
    let (path, times) = (Path::VariancePreserving, Times::Uniform);
    Training {
        path,
        times,
        epochs: 40,
        batch: 16,
        rate: 4e-3,
        average: None,
        channels: 8,
        levels: 2,
        attention: false,
        seed: 3,
    }
}

fn digits() -> Images {
    drawn(160, 40, 8, 0)
}

/// Stops after so many steps.
fn stopping<T>(after: u64, work: impl FnOnce(&Running) -> T) -> T {
    let done = AtomicU64::new(0);
    let interrupted = || done.load(Ordering::Relaxed) >= after;
    let progress = || {
        done.fetch_add(1, Ordering::Relaxed);
    };
    work(&Running { interrupted: &interrupted, progress: &progress })
}

#[test]
fn the_exact_posterior_of_two_images_is_a_logistic() {
    // x = b x₁ + a z with x₁ = ±1 in one pixel: P(+|x) = 1/(1 + e^(−2bx/a²)), E[x₁|x] = tanh(bx/a²).
    let images = Images::of_numbers(overlaps_images::Shape::new(1, 1, 1), vec![-1.0, 1.0], &[0, 1]);
    for path in Path::ALL {
        let posterior = Posterior::new(&images, path);
        for (t, x) in [(0.2, 0.7), (0.5, -1.3), (0.9, 0.4f32)] {
            let field = path.data(t) * f64::from(x) / path.noise(t).powi(2);
            assert!((f64::from(posterior.clean(&[x], t)[0]) - field.tanh()).abs() < 1e-6);
            assert!((posterior.classes(&[x], t)[0][1] - 1.0 / (1.0 + (-2.0 * field).exp())).abs() < 1e-6);
        }
    }
}

#[test]
fn every_sampler_brings_the_classes_in_their_proportion() {
    let images = digits();
    for path in Path::ALL {
        let posterior = Posterior::new(&images, path);
        for sampler in Sampler::ALL {
            if sampler == Sampler::Euler && path != Path::VariancePreserving {
                continue;
            }
            let steps = if sampler == Sampler::Euler { 400 } else { 100 };
            let made = generate(&posterior, (sampler, steps), (800, 1), &Running::ON).unwrap();
            let zeros = posterior.classes(&made, 0.999).iter().filter(|p| p[0] > 0.5).count() as f64 / 800.0;
            // A standard error of 0.014.
            assert!((zeros - 0.8).abs() < 0.05, "{path:?} {sampler:?}: {zeros}");
        }
    }
}

#[test]
fn a_u_turn_in_steps_is_that_of_the_posterior() {
    let images = digits();
    let turns = UTurns { times: vec![0.0, 0.2, 0.3, 0.4, 0.8, 1.0], samples: 400, seed: 0 };
    let path = Path::VariancePreserving;
    let exact = turns.exact(&images, path, &Running::ON).unwrap().unwrap();
    let posterior = Posterior::new(&images, path);
    let judge = |x: &[f32]| posterior.classes(x, 0.999);
    let stepped =
        turns.learnt(&images, &posterior, (Sampler::Bridge, 100), &judge, &Running::ON).unwrap().unwrap();
    for ((exact, a), (stepped, b)) in exact.memory().iter().zip(stepped.memory()) {
        // Steps have an error of their own.
        assert!((exact - stepped).abs() < 4.0 * a.hypot(b) + 0.04, "{exact} {stepped}");
    }
    let memory = exact.memory();
    assert!(memory[0].0.abs() < 0.05 && memory[5] == (1.0, 0.0) && memory[4].0 > 0.95, "{memory:?}");
    let window = exact.window(Levels::default()).unwrap();
    assert!(window.from > 0.05 && window.to < 0.8, "{window:?}");
}

#[test]
fn what_is_interrupted_goes_on_and_ends_with_the_same_bytes() {
    for (average, attention) in [(None, false), (Some(0.99), true)] {
        goes_on(&Training { average, attention, ..training() });
    }
}

fn goes_on(training: &Training) {
    let (images, folder) = (digits(), TempDir::new().unwrap());
    let whole = folder.path().join("whole.unet");
    training.train(&images, None, &Running::ON).unwrap().unwrap().save(&whole).unwrap();
    // What is off is not written: a file is as it was before there was such an option, and is read so.
    let written = String::from_utf8_lossy(&std::fs::read(&whole).unwrap()).into_owned();
    let header = written.lines().next().unwrap();
    assert_eq!(header.contains("\"attention\":true"), training.attention, "{header}");
    assert_eq!(
        (header.contains("attention"), header.contains("average")),
        (training.attention, training.average.is_some())
    );
    assert_eq!(Model::load(&whole).unwrap().count(), training.network(images.shape).unwrap().count());
    let parts = folder.path().join("parts.unet");
    for after in [1, 250, 300] {
        let part = stopping(after, |running| training.train(&images, Some(&parts), running)).unwrap();
        assert!(part.is_none() && parts.with_extension("checkpoint").exists());
    }
    // Another training does not go on with it.
    for other in
        [Training { seed: 4, ..training.clone() }, Training { average: Some(0.5), ..training.clone() }]
    {
        let message = other.train(&images, Some(&parts), &Running::ON).err().unwrap().to_string();
        assert!(message.contains("another training"), "{message}");
    }
    training.train(&images, Some(&parts), &Running::ON).unwrap().unwrap().save(&parts).unwrap();
    assert_eq!(std::fs::read(&whole).unwrap(), std::fs::read(&parts).unwrap());
    std::fs::write(parts.with_extension("checkpoint"), b"{}\n12").unwrap();
    assert!(
        training.train(&images, Some(&parts), &Running::ON).err().unwrap().to_string().contains("checkpoint")
    );
}

#[test]
fn a_network_learns_to_draw_and_a_classifier_to_read() {
    let (images, folder) = (digits(), TempDir::new().unwrap());
    let learning = Learning { epochs: 30, batch: 16, channels: 8, ..Learning::default() };
    let classifier = learning.train(&drawn(200, 200, 8, 1), None, &Running::ON).unwrap().unwrap();
    assert!(classifier.accuracy().0 > 0.95, "{:?}", classifier.accuracy());
    let file = folder.path().join("c.classifier");
    classifier.save(&file).unwrap();
    let classifier = Classifier::load(&file).unwrap();
    assert!(Model::load(&file).err().unwrap().to_string().contains("model that"));

    // Training times of the schedule that the U-turn gives.
    let times = (0..21).map(|i| f64::from(i) / 20.0).collect();
    let turned =
        UTurns { times, samples: 100, seed: 0 }.exact(&images, Path::VariancePreserving, &Running::ON);
    let window = turned.unwrap().unwrap().window(Levels::default()).unwrap();
    let training = Training { times: Times::in_window((window.from, window.to), 0.5), ..training() };
    let losses = Cell::new([0.0; 2]);
    let trained = |epochs: u64| {
        let model =
            Training { epochs, ..training.clone() }.train(&images, None, &Running::ON).unwrap().unwrap();
        let [before, _] = losses.get();
        losses.set([model.loss(), before]);
        model
    };
    trained(1);
    let model = trained(60);
    let [after, before] = losses.get();
    assert!(after < 0.5 * before, "{before} {after}");
    let made = generate(&model, (Sampler::Bridge, 50), (200, 0), &Running::ON).unwrap();
    let judged = classifier.judge(&made, 1);
    let zeros = judged.iter().filter(|p| likeliest(p) == 0).count();
    let sure = judged.iter().filter(|p| p.iter().any(|p| *p > 0.9)).count();
    assert!((110..=190).contains(&zeros) && sure > 150, "{zeros} zeros, {sure} sure of 200");
    let small = drawn(2, 2, 7, 0);
    assert!(model.check(&small).unwrap_err().to_string().contains("8×8"));
    assert!(classifier.check(small.shape).unwrap_err().to_string().contains("7×7"));
}

#[test]
fn a_comparison_goes_on_where_it_was_and_is_paired() {
    let (images, folder) = (digits(), TempDir::new().unwrap());
    let learning = Learning { epochs: 20, batch: 16, channels: 8, ..Learning::default() };
    let classifier = learning.train(&drawn(100, 100, 8, 1), None, &Running::ON).unwrap().unwrap();
    // Both conditions are the same: all differences are zero, to what one image of 40 is.
    let condition = |name: &str| Condition { name: name.into(), times: Times::Uniform };
    let comparison = Comparison {
        training: Training { epochs: 4, ..training() },
        conditions: vec![condition("uniform"), condition("0.3-0.5")],
        seeds: 0..3,
        sampler: (Sampler::Bridge, 10),
        samples: 40,
        folder: folder.path().join("models"),
    };
    let stopped = stopping(60, |running| comparison.run(&images, &classifier, running)).unwrap();
    assert!(stopped.is_none());
    let units = AtomicU64::new(0);
    let progress = || {
        units.fetch_add(1, Ordering::Relaxed);
    };
    let running = Running { interrupted: &|| false, progress: &progress };
    let compared = comparison.run(&images, &classifier, &running).unwrap().unwrap();
    assert_eq!(units.load(Ordering::Relaxed), comparison.units(&images, Part::WHOLE));
    assert_eq!(compared.table.rows.len(), 6);
    let summary = compared.summary(0.05);
    let rounding = (2.0f64 / 12.0 / 3.0).sqrt() / 40.0;
    for row in 3..6 {
        assert_eq!(summary.number("difference", row).unwrap(), 0.0);
        assert!((summary.number("difference_error", row).unwrap() - rounding).abs() < 1e-15);
    }
    // What the paper states of zeros is decided from the same rows: nothing is nearer than itself.
    let statements = compared.statements(0.05).unwrap();
    let of_window = statements.iter().filter(|decided| decided.claim.text.contains("[0.3, 0.5]"));
    let verdicts: Vec<_> = of_window.map(|decided| decided.claim.verdict.of_statement()).collect();
    assert_eq!((statements.len(), verdicts), (6, vec!["undecided"; 3]));
    assert_ne!(compared.table.number("of_all", 0).unwrap(), compared.table.number("of_all", 2).unwrap());
    let again = comparison.run(&images, &classifier, &Running::ON).unwrap().unwrap();
    assert_eq!(again.table.rows, compared.table.rows);
    let merged = comparison.merge(&images, &classifier, 4).unwrap();
    assert_eq!(merged.table.rows, compared.table.rows);
    // Parts of four: networks 1 and 5 are the second.
    for name in ["0.3-0.5-0", "0.3-0.5-2"] {
        std::fs::remove_file(comparison.folder.join(format!("{name}.fractions"))).unwrap();
    }
    let message = comparison.merge(&images, &classifier, 4).err().unwrap().to_string();
    assert!(message.contains("2 of 6") && message.ends_with("run again with: --part 1/4"), "{message}");
    let part = Part { index: 1, count: 4 };
    assert_eq!(
        (comparison.part_of(part), comparison.units(&images, part) * 3),
        (2, comparison.units(&images, Part::WHOLE))
    );
    comparison.part(&images, &classifier, part, &Running::ON).unwrap().unwrap();
    let merged = comparison.merge(&images, &classifier, 4).unwrap();
    assert_eq!(merged.table.rows, compared.table.rows);
    // Another classifier judges anew.
    let other = Learning { epochs: 1, ..learning }
        .train(&drawn(100, 100, 8, 2), None, &Running::ON)
        .unwrap()
        .unwrap();
    let compared_by_other = comparison.run(&images, &other, &Running::ON).unwrap().unwrap();
    assert_ne!(compared_by_other.table.rows, compared.table.rows);
    // A model of another training in its place is not taken for one of this.
    let other = Comparison { training: Training { rate: 1e-3, ..comparison.training.clone() }, ..comparison };
    let message = other.run(&images, &classifier, &Running::ON).err().unwrap().to_string();
    assert!(message.contains("another training"), "{message}");
}
