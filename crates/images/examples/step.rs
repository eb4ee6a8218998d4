//! One training step written out, for a comparison with another program: `benches/images/step.py`.
//!
//! Arguments: a folder, sides, channels, levels, `plain` or `attention`. Prints how long a forward pass and a step take, in ms of a batch of 64.

use std::path::{Path, PathBuf};
use std::time::Instant;

use overlaps_images::fit::{Loss, Pace, State};
use overlaps_images::model::Training;
use overlaps_images::path::Path as Interpolant;
use overlaps_images::times::Times;
use overlaps_images::{drawn, store};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, side, channels, levels, kind] = &arguments[..] else {
        return Err("FOLDER SIDE CHANNELS LEVELS plain|attention".into());
    };
    let attention = kind == "attention";
    let folder = PathBuf::from(folder);
    let (channels, levels) = (channels.parse()?, levels.parse()?);
    let images = drawn(60, 20, side.parse()?, 0);
    let (path, times) = (Interpolant::VariancePreserving, Times::Uniform);
    let training = Training {
        path,
        times,
        epochs: 1,
        batch: 64,
        rate: 1e-3,
        average: None,
        channels,
        levels,
        attention,
        seed: 1,
    };
    let network = training.network(images.shape)?;
    let size = images.shape.size();
    let batch = training.batch(&images, 0);
    let pace = Pace { steps: 10, warm_up: 0, rate: 1e-3, batch: 64, average: None };
    // The last layer starts at zero, which would hide the others: all parameters are moved.
    let mut state = State::new(&network, 1, pace);
    state.parameters.iter_mut().enumerate().for_each(|(i, x)| *x += 0.05 * (i as f32 * 1.7).sin());
    let before = state.parameters.clone();
    let loss = |first: usize, given: &[f32]| {
        Loss::Squares.of(given, &batch.targets[first * size..][..given.len()], size, 1.0 / (64 * size) as f64)
    };
    let mut groups = network.workspaces(64);
    let (value, slopes) = network.slopes(&before, (&batch.images, &batch.times), &loss, &mut groups);
    state.descend(&slopes, pace);
    let write = |name: &str, numbers: &[f32]| store::save(Path::new(&folder.join(name)), &name, &[numbers]);
    write("before", &before)?;
    write("after", &state.parameters)?;
    write("slopes", &slopes)?;
    write("images", &batch.images)?;
    write("targets", &batch.targets)?;
    write("times", &batch.times.iter().map(|t| *t as f32).collect::<Vec<_>>())?;
    let least = |work: &mut dyn FnMut()| {
        let once = |work: &mut dyn FnMut()| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e3
        };
        (0..10).map(|_| once(work)).fold(f64::INFINITY, f64::min)
    };
    let forward = least(&mut || drop(network.apply(&before, &batch.images, &batch.times)));
    let step = least(&mut || {
        let (_, slopes) = network.slopes(&before, (&batch.images, &batch.times), &loss, &mut groups);
        state.clone().descend(&slopes, pace);
    });
    println!("{value:.9} {forward:.1} {step:.1}");
    Ok(())
}
