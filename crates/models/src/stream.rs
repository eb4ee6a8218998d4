//! Random numbers that depend only on what they are for: every use has its own key of the counter-based generator
//! ChaCha8, so that the order of the computation and the number of threads do not matter.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What random numbers are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// The classes of the training samples.
    Labels = 1,
    /// A Gaussian vector of the data, coordinate by coordinate.
    Vector = 2,
    /// A row of Bartlett's decomposition of the Gram matrix.
    GramRow = 3,
    /// Random starts of the minimisation.
    Start = 4,
    /// Initial weights of a network.
    Weights = 5,
    /// The noise of one training step.
    Step = 6,
    /// A generated sample: its start, and the noise of a stochastic flow.
    Generate = 7,
    /// A datum that is noised and generated again.
    Turn = 8,
}

/// The stream of a purpose for the data set `seed` in dimension d; `index` tells streams of one purpose apart.
pub fn stream(seed: u64, d: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (place, word) in key.chunks_exact_mut(8).zip([seed, d, purpose as u64, index]) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}
