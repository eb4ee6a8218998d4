//! Slopes against differences, and the same bits on any number of threads.

use super::*;

fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut random = stream(seed, 0, Purpose::Start, 0);
    (0..count).map(|_| random.sample(StandardNormal)).collect()
}

fn design(classes: Option<usize>, colours: usize) -> Design {
    Design { shape: Shape::new(7, 6, colours), channels: 8, levels: 2, attention: false, classes }
}

/// With attention of 4×3 pixels, or of 7×6, which are more than it has in memory at a time.
fn attentive(levels: usize) -> Design {
    Design { levels, attention: true, ..design(None, 1) }
}

/// Parameters that are all different from those of a start, so that nothing is zero by chance.
fn disturbed(network: &Network) -> Vec<f32> {
    let noise = numbers(network.count(), 7);
    network.start(1).iter().zip(noise).map(|(x, z)| x + 0.1 * z).collect()
}

#[test]
fn slopes_are_those_of_differences() {
    for design in [design(None, 1), design(None, 3), design(Some(3), 1), attentive(2), attentive(1)] {
        let network = Network::new(design).unwrap();
        let count = 6;
        let images = numbers(count * design.shape.size(), 2);
        let times: Vec<f64> = (0..count).map(|i| 0.1 + 0.1 * i as f64).collect();
        let outputs = design.classes.unwrap_or(design.shape.size());
        let weights = numbers(count * outputs, 3);
        // The loss is a weighted sum of what comes out and half of its squares.
        let loss = |first: usize, given: &[f32]| {
            let weights = &weights[first * outputs..][..given.len()];
            let terms = given.iter().zip(weights).map(|(y, w)| f64::from(y * w) + 0.5 * f64::from(y * y));
            (terms.sum(), given.iter().zip(weights).map(|(y, w)| y + w).collect::<Vec<f32>>())
        };
        let parameters = disturbed(&network);
        let mut groups = network.workspaces(count);
        let (_, slopes) = network.slopes(&parameters, (&images, &times), &loss, &mut groups);
        let mut at = |parameters: &[f32]| network.slopes(parameters, (&images, &times), &loss, &mut groups).0;
        // Along every block of parameters: a random direction of length 1.
        let mut first = 0;
        for (count, _) in &network.starts {
            let direction = numbers(*count, 11);
            let length = direction.iter().map(|x| x * x).sum::<f32>().sqrt();
            let mut moved = |h: f32| {
                let mut moved = parameters.clone();
                for (x, u) in moved[first..first + count].iter_mut().zip(&direction) {
                    *x += h * u / length;
                }
                at(&moved)
            };
            let h = 4e-3;
            // Richardson: the error of the central difference goes as h².
            let central =
                |moved: &mut dyn FnMut(f32) -> f64, h: f32| (moved(h) - moved(-h)) / (2.0 * f64::from(h));
            let difference = (4.0 * central(&mut moved, h) - central(&mut moved, 2.0 * h)) / 3.0;
            let exact: f64 = slopes[first..first + count]
                .iter()
                .zip(&direction)
                .map(|(s, u)| f64::from(s * u / length))
                .sum();
            let scale = slopes[first..first + count].iter().map(|s| s * s).sum::<f32>().sqrt();
            assert!(
                (difference - exact).abs() < 2e-3 * f64::from(scale) + 2e-3,
                "{design:?}, parameters from {first}: {difference} {exact} of {scale}"
            );
            first += count;
        }
    }
}

#[test]
fn a_step_has_the_same_bits_on_any_number_of_threads() {
    for design in [design(None, 1), attentive(1)] {
        same_on_threads(design);
    }
}

fn same_on_threads(design: Design) {
    let network = Network::new(design).unwrap();
    let images = numbers(18 * network.design.shape.size(), 2);
    let loss = |_: usize, given: &[f32]| (given.iter().map(|y| f64::from(y * y)).sum(), given.to_vec());
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let slopes = || {
            network.slopes(&disturbed(&network), (&images, &[0.3; 18]), &loss, &mut network.workspaces(18))
        };
        pool.install(slopes)
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn an_image_does_not_depend_on_those_beside_it() {
    for design in [design(None, 3), attentive(2)] {
        does_not_depend(design);
    }
}

fn does_not_depend(design: Design) {
    let network = Network::new(design).unwrap();
    let (size, parameters) = (network.design.shape.size(), disturbed(&network));
    let images = numbers(9 * size, 2);
    let all = network.apply(&parameters, &images, &[0.3; 9]);
    assert_eq!(all[7 * size..8 * size], network.apply(&parameters, &images[7 * size..8 * size], &[0.3])[..]);
}
