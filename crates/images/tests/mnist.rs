//! Numbers of the exact posterior on MNIST, where its files are: OVERLAPS_MNIST names the folder (benches/images/mnist gets them).

use std::path::PathBuf;

use overlaps::model::Running;
use overlaps_images::exact::Posterior;
use overlaps_images::path::Path;
use overlaps_images::sample::{Sampler, generate};
use overlaps_images::turns::UTurns;
use overlaps_images::{Images, Proportion};

/// Zeros and ones, 80 : 20.
fn mnist() -> Images {
    let folder = std::env::var("OVERLAPS_MNIST")
        .expect("OVERLAPS_MNIST is the folder of MNIST; see benches/images/mnist");
    let images = Images::load(&PathBuf::from(folder).join("train-images-idx3-ubyte"), None).unwrap();
    assert_eq!((images.count(), images.classes.len()), (60_000, 10));
    let proportion: Proportion = "0=0.8,1=0.2".parse().unwrap();
    let images = images.in_proportion(&proportion).unwrap();
    assert_eq!(images.counts(), [5923, 1480]);
    images
}

/// Values of benches/images/exact.py with 3000 samples of each class, within 0.006: times, and the fractions of zeros from zeros and
/// from ones.
const TURNS: [(f64, f64, f64); 3] = [(0.20, 0.811, 0.750), (0.30, 0.842, 0.609), (0.40, 0.927, 0.299)];

fn farthest(images: &Images) -> f64 {
    let times = TURNS.iter().map(|(t, _, _)| *t).collect();
    let turns = UTurns { times, samples: 1000, seed: 0 };
    let turned = turns.exact(images, Path::VariancePreserving, &Running::ON).unwrap().unwrap();
    let distance = |(place, (t, from_0, from_1)): (usize, &(f64, f64, f64))| {
        let found = (turned.fraction(place, 0, 0), turned.fraction(place, 1, 0));
        println!("t = {t}: {found:.3?}, expected {from_0} {from_1}");
        (found.0 - from_0).abs().max((found.1 - from_1).abs())
    };
    TURNS.iter().enumerate().map(distance).fold(0.0, f64::max)
}

#[test]
#[ignore = "needs the files of MNIST"]
fn the_digit_is_decided_where_it_was_found_to_be() {
    let images = mnist();
    let distance = farthest(&images);
    assert!(distance < 0.02, "{distance}");
    let distance = farthest(&images.shrunk(14).unwrap());
    assert!(distance < 0.04, "{distance}");
}

#[test]
#[ignore = "needs the files of MNIST; five minutes"]
fn few_steps_make_too_many_zeros() {
    let images = mnist();
    let posterior = Posterior::new(&images, Path::VariancePreserving);
    for (sampler, steps, expected) in [
        (Sampler::Bridge, 25, 0.828),
        (Sampler::Bridge, 50, 0.809),
        (Sampler::Bridge, 100, 0.802),
        (Sampler::Euler, 25, 0.840),
    ] {
        let made = generate(&posterior, (sampler, steps), (2000, 0), &Running::ON).unwrap();
        let classes: Vec<Vec<f64>> =
            made.chunks(784 * 24).flat_map(|x| posterior.classes(x, 0.999)).collect();
        let zeros: f64 = classes.iter().map(|p| p[0]).sum::<f64>() / classes.len() as f64;
        println!("{} {steps}: {zeros:.3}, expected {expected}", sampler.name());
        // Two thousand samples: a standard error of 0.009.
        assert!((zeros - expected).abs() < 0.03, "{} {steps}: {zeros}", sampler.name());
    }
}
