//! Real images: when is a class decided, and does training at those times make it come out in the right proportion?
//!
//! - [`Images`]: a data set, from IDX files, PNGs or arrays, chosen and made smaller;
//! - [`exact`]: its posterior, a denoiser without a network; [`path`]: how images become noise;
//! - [`turns`]: U-turns, whose memory says when the class is decided;
//! - [`network`], [`fit`]: a U-Net and how it is trained; [`model`]: one of a data set, at uniform [`times`] or those of a schedule;
//! - [`sample`]: images from noise; [`classify`]: what they show; [`mod@compare`]: uniform against phase-aware training, over seeds.
//!
//! # Why plain Rust
//!
//! The network is a few hundred lines on rows of numbers ([`matrix`], [`network`]). burn and candle were measured beside it on the same
//! networks: burn takes two to three times as long for a step and brings 171 crates and ten minutes of build; candle takes six times as
//! long, and its noise on a CPU has no seed. What is needed here is little (one kind of convolution), small (up to 64×64 pixels, so that
//! a layer fits into the cache), and must give the same bytes on any number of threads, which neither promises. Products of matrices
//! are our own too: `matrixmultiply` and `faer` copy both factors, and the rows of a convolution overlap threefold, so that the copy
//! is as large as three images and is used for a few columns only.
//!
//! ```
//! use overlaps::model::Running;
//! use overlaps_images::path::Path;
//! use overlaps_images::turns::UTurns;
//!
//! let images = overlaps_images::drawn(80, 20, 8, 0);
//! let turns = UTurns { times: vec![0.1, 0.5, 0.9], samples: 50, seed: 0 };
//! let turned = turns.exact(&images, Path::VariancePreserving, &Running::ON)?.expect("it was not interrupted");
//! let memory: Vec<f64> = turned.memory().iter().map(|(memory, _)| *memory).collect();
//! assert!(memory[0] < 0.2 && memory[2] > 0.99);
//! # Ok::<(), overlaps_images::ImagesError>(())
//! ```
#![deny(missing_docs)]

mod data;
mod error;

pub mod classify;
pub mod compare;
pub mod exact;
pub mod fit;
pub mod matrix;
pub mod model;
pub mod network;
pub mod path;
pub mod sample;
pub mod store;
pub mod times;
pub mod turns;

pub use data::{Images, LONGEST, Proportion, Shape, drawn, write_npy, write_sheet};
pub use error::{ImagesError, Result};
