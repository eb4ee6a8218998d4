//! `overlaps images`: networks that learn real images, when a class is decided, and training at those times.

mod array;
mod classify;
mod compare;
mod data;
mod generate;
mod train;
mod uturn;

use clap::{Args, Subcommand};

/// Learn real images, and find when their class is decided.
///
/// A U-turn of the exact posterior of the images (`uturn`) says when; `overlaps schedule --curve` makes training times of it; `train`
/// trains a U-Net at those times, `generate` makes images with it, and `classify` counts them. `reproduce` does it over seeds, with uniform
/// times beside. Images are an IDX file (as of MNIST), a folder with a folder of PNGs for each class, or a .npy array.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  overlaps images uturn train-images-idx3-ubyte --proportion 0=0.8,1=0.2 --output uturn.csv\n  overlaps images train train-images-idx3-ubyte --size 14 --times times.csv --output model.unet"
)]
pub struct Images {
    #[command(subcommand)]
    command: Command,
}

// What a command is for is said where it is defined.
#[derive(Debug, Subcommand)]
enum Command {
    Uturn(uturn::Uturn),
    Train(train::Train),
    Generate(generate::Generate),
    Classify(classify::Classify),
    Reproduce(compare::Reproduce),
}

impl Images {
    /// Runs the command.
    pub fn run(&self) -> anyhow::Result<u8> {
        match &self.command {
            Command::Uturn(c) => c.run(),
            Command::Train(c) => c.run(),
            Command::Generate(c) => c.run(),
            Command::Classify(c) => c.run(),
            Command::Reproduce(c) => c.run(),
        }
    }
}
