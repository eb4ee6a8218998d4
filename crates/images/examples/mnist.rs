//! The exact posterior of MNIST's zeros and ones, 80 : 20, beside benches/images/exact.py: how often an image noised to t ends as a zero.
//! With `steps` also the fraction of zeros that steps make, at 14×14.
//!
//!     cargo run --release -p overlaps-images --example mnist -- FOLDER [steps]
//!
//! FOLDER is what benches/images/mnist makes. Ends with an error where values differ by more than 0.01.

use std::path::PathBuf;

use overlaps::model::Running;
use overlaps_images::exact::Posterior;
use overlaps_images::path::Path;
use overlaps_images::sample::{Sampler, generate};
use overlaps_images::turns::UTurns;
use overlaps_images::{Images, Proportion};

/// Values of exact.py with 40000 samples of each class, within 0.0015: times, and the fractions of zeros from zeros and from ones, at 28×28
/// and at 14×14.
const TURNS: [(f64, [[f64; 2]; 2]); 3] = [
    (0.20, [[0.8114, 0.7539], [0.8104, 0.7577]]),
    (0.30, [[0.8496, 0.6096], [0.8439, 0.6241]]),
    (0.40, [[0.9273, 0.2984], [0.9189, 0.3234]]),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = arguments.first() else { return Err("FOLDER [steps]".into()) };
    let images = Images::load(&PathBuf::from(folder).join("train-images-idx3-ubyte"), None)?;
    let proportion: Proportion = "0=0.8,1=0.2".parse()?;
    let images = images.in_proportion(&proportion)?;
    let small = images.clone().shrunk(14)?;
    let mut farthest = 0.0f64;
    for (size, images) in [&images, &small].into_iter().enumerate() {
        let turns = UTurns { times: TURNS.iter().map(|(t, _)| *t).collect(), samples: 10_000, seed: 0 };
        let turned = turns.exact(images, Path::VariancePreserving, &Running::ON)?.ok_or("interrupted")?;
        for (place, (t, expected)) in TURNS.iter().enumerate() {
            let found = [0, 1].map(|from| turned.fraction(place, from, 0));
            println!("{} t = {t}: zeros {found:.4?}, expected {:?}", images.shape.words(), expected[size]);
            let distance = found.iter().zip(&expected[size]).map(|(x, y)| (x - y).abs());
            farthest = distance.fold(farthest, f64::max);
        }
    }
    if arguments.iter().any(|word| word == "steps") {
        let (posterior, count) = (Posterior::new(&small, Path::VariancePreserving), 4000);
        for (sampler, steps) in [
            (Sampler::Bridge, 25),
            (Sampler::Bridge, 50),
            (Sampler::Bridge, 100),
            (Sampler::Euler, 25),
            (Sampler::Flow, 10),
        ] {
            let made =
                generate(&posterior, (sampler, steps), (count, 0), &Running::ON).ok_or("interrupted")?;
            let zeros: f64 =
                posterior.classes(&made, 0.9999).iter().map(|p| p[0]).sum::<f64>() / count as f64;
            println!("{} {steps}: {zeros:.3} ± 0.006 zeros", sampler.name());
        }
    }
    if farthest > 0.01 {
        return Err(format!("they differ by {farthest}").into());
    }
    Ok(())
}
